/* SPDX-License-Identifier: MIT */

/*
 * Archives of attackers, one trick each: refused with a word about it, or unpacked as said here,
 * and never anything outside of the tree. Owners, marks and devices need root: without it the
 * tests are skipped.
 */

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hostile_cases.h"
#include "image/merged.h"
#include "image/stream_reader.h"
#include "image/unpack.h"
#include "tar_bed.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-hostile.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static char kind_of(int parent, const char *name, const struct stat *status)
{
    AUTO_CLOSE int fd = -1;

    if (S_ISDIR(status->st_mode)) {
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return merged_is_opaque(fd) ? 'o' : 'd';
    }
    if (S_ISREG(status->st_mode))
        return 'f';
    if (S_ISFIFO(status->st_mode))
        return 'p';
    return S_ISLNK(status->st_mode) ? 'l' : merged_is_whiteout(status) ? 'w' : 'c';
}

/*
 * A line for each: kind, mode, owner, size of a file, path; of a link, and of the mark (w) of a
 * deleted file, the kind and the path; o is a folder that hides what lies below it.
 */
static void list(int parent, const char *prefix, struct text *out)
{
    AUTO_STRINGS struct strings names = { 0 };
    struct error err = { 0 };

    assert_int_equal(file_list(parent, &names, &err), 0);
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = alloc_format("%s%s", prefix, names.items[i]);
        AUTO_FREE char *below = alloc_format("%s/", path);
        char target[256] = "";
        struct stat status;
        char kind;

        assert_int_equal(fstatat(parent, names.items[i], &status, AT_SYMLINK_NOFOLLOW), 0);
        kind = kind_of(parent, names.items[i], &status);
        text_add_format(out, "%c ", kind);
        if (!strchr("lw", kind))
            text_add_format(out, "%o %u:%u ", (unsigned)status.st_mode & 07777, status.st_uid,
                            status.st_gid);
        if (kind == 'f')
            text_add_format(out, "%lld ", (long long)status.st_size);
        if (kind == 'l')
            assert_true(readlinkat(parent, names.items[i], target, sizeof(target) - 1) > 0);
        text_add_format(out, "%s%s%s\n", path, *target ? " " : "", target);
        if (S_ISDIR(status.st_mode)) {
            AUTO_CLOSE int fd = openat(parent, names.items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

            list(fd, below, out);
        }
    }
}

static int write_archive(const struct hostile *hostile)
{
    AUTO_TEXT struct text tar = { 0 };
    struct error err = { 0 };
    int fd = memfd_create("archive", MFD_CLOEXEC);

    for (const struct tar_part *part = hostile->parts; part->path; part++)
        tar_add(&tar, part);
    tar_end(&tar);
    for (size_t i = 0; i < hostile->garbage; i++)
        text_add_char(&tar, 'g');
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, tar.data, tar.length - hostile->cut, &err), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int unpack(const struct hostile *hostile, int tree, struct error *err)
{
    const struct unpack_options options = { .is_layer = true, .bytes_max = 1 << 30 };
    AUTO_CLOSE int fd = write_archive(hostile);
    AUTO(stream_reader) struct stream_reader *reader = stream_reader_new(fd, 1 << 20, err);
    char hex[HASH_SHA256_HEX_SIZE];

    return reader ? unpack_archive(reader, tree, &options, hex, err) : -1;
}

static void run_case(void **state)
{
    const struct hostile *hostile = *state;
    AUTO_FREE char *path = alloc_format("%s/tree", folder);
    AUTO_STRINGS struct strings beside = { 0 };
    AUTO_TEXT struct text tree = { 0 };
    AUTO_CLOSE int top = -1;
    AUTO_CLOSE int fd = -1;
    struct error err = { 0 };
    struct error ignored = { 0 };
    int result = 0;

    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(path, 0755), 0);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0 && top >= 0);
    result = unpack(hostile, fd, &err);
    if (hostile->refusal) {
        assert_int_equal(result, -1);
        assert_int_not_equal(err.code, ERROR_NONE);
        if (!strstr(err.text, hostile->refusal))
            fail_msg("'%s' is not in: %s", hostile->refusal, err.text);
    } else {
        if (result < 0)
            fail_msg("refused: %s", err.text);
        list(fd, "", &tree);
        assert_string_equal(text_get(&tree), hostile->tree);
    }
    assert_int_equal(file_list(top, &beside, &ignored), 0);
    assert_int_equal(beside.count, 1);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(hostile_cases)];

    for (size_t i = 0; i < ARRAY_SIZE(hostile_cases); i++)
        tests[i] = (struct CMUnitTest){
            .name = hostile_cases[i].name,
            .test_func = run_case,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&hostile_cases[i],
        };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
