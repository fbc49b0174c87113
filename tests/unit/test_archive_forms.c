/* SPDX-License-Identifier: MIT */

/*
 * What a layer can hold keeps its form on the way into a folder and out again: hard links,
 * attributes, holes, long names; and the limits hold however they are approached. Owners and
 * attributes need root: without it the tests are skipped.
 */

#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/pack.h"
#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "image/unpack.h"
#include "tar_bed.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-forms.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static int make_tree(const char *name)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);
    int fd = -1;

    assert_int_equal(mkdir(path, 0755), 0);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int unpack_fd(int archive, int tree, char *hex, struct error *err)
{
    const struct unpack_options options = { .is_layer = true };
    AUTO(stream_reader)
    struct stream_reader *reader = stream_reader_new(archive, UINT64_C(1) << 40, err);

    if (geteuid() != 0)
        skip();
    return reader ? unpack_archive(reader, tree, &options, hex, err) : -1;
}

static int unpack_text(const struct text *tar, int tree, struct error *err)
{
    AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
    char hex[HASH_SHA256_HEX_SIZE];

    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, tar->data, tar->length, err), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return unpack_fd(fd, tree, hex, err);
}

/* Pack the tree and unpack what comes out: a second tree, open, and the digest of the stream. */
static int pack_and_unpack(int tree, const char *name, char *hex)
{
    AUTO_CLOSE int fd = memfd_create("archive", MFD_CLOEXEC);
    AUTO(stream_writer) struct stream_writer *writer = NULL;
    int again = make_tree(name);
    char packed[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    uint64_t size = 0;

    writer = stream_writer_new(fd, STREAM_WRITER_ZSTD, &err);
    assert_non_null(writer);
    if (pack_tree(tree, 0, writer, packed, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(stream_writer_finish(writer, hex, &size, &err), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    if (unpack_fd(fd, again, hex, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(hex, packed);
    return again;
}

static void links_attributes_and_capabilities_survive(void **state)
{
    /* cap_net_raw+ep, version 2 of the kernel's form */
    static const char capability[20] = { 1, 0, 0, 2, 0, 0x20 };
    static const struct tar_part parts[] = {
        { .path = "a", .content = "content", .mode = 04711 },
        { .path = "b", .type = '1', .link = "a" },
        { .path = "sub/",
          .type = '5',
          .mode = 01777,
          .pax = { "SCHILY.xattr.user.note=of a folder" } },
        { .path = "sub/c", .type = '1', .link = "b" },
        { .path = "x", .pax = { "SCHILY.xattr.user.one=1", "SCHILY.xattr.user.two=2" } },
        { .path = ".wh.gone" },
    };
    AUTO_TEXT struct text tar = { 0 };
    AUTO_CLOSE int first = make_tree("first");
    AUTO_CLOSE int second = -1;
    AUTO_CLOSE int third = -1;
    AUTO_CLOSE int x = -1;
    char hex[HASH_SHA256_HEX_SIZE];
    char again[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    struct stat status;
    struct stat other;
    char value[64] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        tar_add(&tar, &parts[i]);
    tar_end(&tar);
    assert_int_equal(unpack_text(&tar, first, &err), 0);
    x = openat(first, "x", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fsetxattr(x, "security.capability", capability, sizeof(capability), 0), 0);
    second = pack_and_unpack(first, "second", hex);
    assert_int_equal(fstatat(second, "sub/c", &status, 0), 0);
    assert_int_equal(fstatat(second, "a", &other, 0), 0);
    assert_int_equal(status.st_ino, other.st_ino);
    assert_int_equal(status.st_nlink, 3);
    assert_int_equal(status.st_mode & 07777, 04711);
    assert_int_equal(fstatat(second, "sub", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 01777);
    assert_int_equal(fstatat(second, "gone", &status, 0), 0);
    assert_true(S_ISCHR(status.st_mode) && status.st_rdev == 0);
    close(x);
    x = openat(second, "x", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fgetxattr(x, "user.two", value, sizeof(value)), 1);
    assert_int_equal(fgetxattr(x, "security.capability", value, sizeof(value)), sizeof(capability));
    assert_memory_equal(value, capability, sizeof(capability));
    third = pack_and_unpack(second, "third", again);
    assert_string_equal(again, hex);
}

/* Two pieces of content with a hole of a megabyte between them, as GNU tar writes it. */
static void holes_stay_holes(void **state)
{
    static const struct tar_part parts[] = {
        { .path = "GNUSparseFile.1/holes",
          .content = "2\n0\n512\n1048576\n512\n",
          .size = "00000003000",
          .pax = { "GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=holes",
                   "GNU.sparse.realsize=1049088" } },
    };
    AUTO_TEXT struct text tar = { 0 };
    AUTO_CLOSE int tree = make_tree("tree");
    AUTO_CLOSE int again = -1;
    AUTO_CLOSE int fd = -1;
    char hex[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    struct stat status;
    char c = 0;

    (void)state;
    tar_add(&tar, &parts[0]);
    for (size_t i = 0; i < 2 * TAR_BLOCK; i++)
        text_add_char(&tar, i < TAR_BLOCK ? 'a' : 'b');
    tar_end(&tar);
    if (unpack_text(&tar, tree, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(fstatat(tree, "holes", &status, 0), 0);
    assert_int_equal(status.st_size, 1049088);
    assert_true(status.st_blocks * 512 < 1 << 19);
    fd = openat(tree, "holes", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, &c, 1, 511), 1);
    assert_int_equal(c, 'a');
    assert_int_equal(pread(fd, &c, 1, 512), 1);
    assert_int_equal(c, 0);
    assert_int_equal(pread(fd, &c, 1, 1048576), 1);
    assert_int_equal(c, 'b');
    again = pack_and_unpack(tree, "again", hex);
    assert_int_equal(fstatat(again, "holes", &status, 0), 0);
    assert_int_equal(status.st_size, 1049088);
}

static char *repeat(const char *component, size_t count, const char *last)
{
    AUTO_TEXT struct text path = { 0 };

    for (size_t i = 0; i < count; i++)
        text_add_format(&path, "%s/", component);
    text_add(&path, last);
    return text_steal(&path);
}

static int unpack_path(const char *path, char type, int tree, struct error *err)
{
    AUTO_FREE char *record = alloc_format("path=%s", path);
    const struct tar_part part = { .path = "a", .type = type, .pax = { record } };
    AUTO_TEXT struct text tar = { 0 };

    tar_add(&tar, &part);
    tar_end(&tar);
    return unpack_text(&tar, tree, err);
}

static void long_names_survive(void **state)
{
    AUTO_CLOSE int tree = make_tree("tree");
    AUTO_CLOSE int again = -1;
    char component[256];
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *longer = NULL;
    char hex[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    struct stat status;

    (void)state;
    memset(component, 'n', 255);
    component[255] = '\0';
    path = repeat(component, 15, component);
    assert_int_equal(strlen(path), 4095);
    if (unpack_path(path, '0', tree, &err) < 0)
        fail_msg("%s", err.text);
    again = pack_and_unpack(tree, "again", hex);
    assert_int_equal(fstatat(again, path, &status, AT_SYMLINK_NOFOLLOW), 0);
    longer = alloc_format("%s/n", path);
    assert_int_equal(unpack_path(longer, '0', tree, &err), -1);
    assert_non_null(strstr(err.text, "too long"));
}

static void s17_too_deep_a_path_is_refused(void **state)
{
    AUTO_CLOSE int tree = make_tree("tree");
    AUTO_FREE char *deep = repeat("d", 399, "d");
    AUTO_FREE char *deeper = repeat("d", 400, "d");
    struct error err = { 0 };

    (void)state;
    assert_int_equal(unpack_path(deep, '5', tree, &err), 0);
    assert_int_equal(unpack_path(deeper, '5', tree, &err), -1);
    assert_non_null(strstr(err.text, "deeper than 400"));
}

static void links_that_lead_too_deep_are_refused(void **state)
{
    AUTO_CLOSE int tree = make_tree("tree");
    AUTO_FREE char *deep = repeat("d", 300, "d");
    AUTO_FREE char *through = repeat("d", 110, "d");
    AUTO_FREE char *linked = alloc_format("l/%s", through);
    AUTO_FREE char *target = alloc_format("linkpath=%s", deep);
    AUTO_FREE char *deep_record = alloc_format("path=%s", deep);
    AUTO_FREE char *linked_record = alloc_format("path=%s", linked);
    const struct tar_part parts[] = {
        { .path = "a", .type = '5', .pax = { deep_record } },
        { .path = "l", .type = '2', .link = "x", .pax = { target } },
        { .path = "a", .type = '5', .pax = { linked_record } },
        { .path = "a", .pax = { linked_record } },
    };
    AUTO_TEXT struct text tar = { 0 };
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        tar_add(&tar, &parts[i]);
    tar_end(&tar);
    assert_int_equal(unpack_text(&tar, tree, &err), -1);
    assert_non_null(strstr(err.text, "deeper than 400"));
}

static void s17_an_extended_header_of_megabytes_is_refused(void **state)
{
    AUTO_CLOSE int tree = make_tree("tree");
    AUTO_FREE char *path = repeat("d", (size_t)2 << 20, "d");
    struct error err = { 0 };

    (void)state;
    assert_int_equal(unpack_path(path, '0', tree, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
}

/* Writes an archive of `count` entries, folder after folder, into a pipe. */
struct flood {
    int fd;
    unsigned count;
};

static void *write_flood(void *context)
{
    const struct flood *flood = context;
    AUTO_TEXT struct text tar = { 0 };
    struct error err = { 0 };

    for (unsigned i = 0; i < flood->count; i++) {
        char path[32];
        const struct tar_part part = { .path = path, .type = i % 4 == 0 ? '5' : '0' };

        /* Places come again, so that the disk is not what is measured. */
        snprintf(path, sizeof(path), "%u/%u", i / 4 % 64, i % 4096);
        tar_add(&tar, &part);
        if (tar.length > 1 << 16) {
            if (file_write_all(flood->fd, tar.data, tar.length, &err) < 0)
                break;
            text_clear(&tar);
        }
    }
    tar_end(&tar);
    if (err.code == ERROR_NONE && file_write_all(flood->fd, tar.data, tar.length, &err) < 0)
        error_clear(&err);
    close(flood->fd);
    return NULL;
}

static long peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* CARTE_TEST_ENTRIES: how many; two million are allowed. */
static void s17_many_entries_need_little_memory(void **state)
{
    const char *wish = getenv("CARTE_TEST_ENTRIES");
    struct flood flood = { .count = wish ? (unsigned)strtoul(wish, NULL, 10) : 50000 };
    AUTO_CLOSE int tree = make_tree("tree");
    char hex[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    AUTO_CLOSE int in = -1;
    long before = peak_kib();
    pthread_t writer;
    int ends[2];
    int result = 0;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    in = ends[0];
    flood.fd = ends[1];
    assert_int_equal(pthread_create(&writer, NULL, write_flood, &flood), 0);
    result = unpack_fd(in, tree, hex, &err);
    pthread_join(writer, NULL);
    if (result < 0)
        fail_msg("%s", err.text);
    print_message("%u entries: peak %ld KiB, %ld KiB more than before\n", flood.count, peak_kib(),
                  peak_kib() - before);
#ifndef __SANITIZE_ADDRESS__
    assert_true(peak_kib() - before < 16 * 1024);
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* The first: it looks at the peak of the process. */
        TEST(s17_many_entries_need_little_memory),
        TEST(links_attributes_and_capabilities_survive),
        TEST(holes_stay_holes),
        TEST(long_names_survive),
        TEST(s17_too_deep_a_path_is_refused),
        TEST(links_that_lead_too_deep_are_refused),
        TEST(s17_an_extended_header_of_megabytes_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
