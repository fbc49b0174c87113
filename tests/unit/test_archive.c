/* SPDX-License-Identifier: MIT */

/*
 * Archives that lie: nothing may be written outside of the tree. Owners and whiteouts need
 * root: without it the tests are skipped.
 */

#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/merged.h"
#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "image/unpack.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

/* One entry of a test's archive; the last has no path. */
struct part {
    const char *path;
    mode_t mode;
    const char *link, *hard_link, *xattr;
    dev_t device;
};

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-archive.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static void add_part(struct archive *archive, const struct part *part)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, part->path);
    archive_entry_set_mode(entry, part->mode ? part->mode : S_IFREG | 0644);
    if (part->link)
        archive_entry_set_symlink(entry, part->link);
    if (part->hard_link)
        archive_entry_set_hardlink(entry, part->hard_link);
    if (part->xattr)
        archive_entry_xattr_add_entry(entry, part->xattr, "y", 1);
    archive_entry_set_rdev(entry, part->device);
    archive_entry_set_size(entry, S_ISREG(part->mode) || !part->mode ? 4 : 0);
    if (part->hard_link)
        archive_entry_set_size(entry, 0);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    if (!part->hard_link && (S_ISREG(part->mode) || !part->mode))
        assert_int_equal(archive_write_data(archive, "data", 4), 4);
    archive_entry_free(entry);
}

static int make_archive(const struct part *parts)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);
    struct archive *archive = archive_write_new();

    assert_true(fd >= 0);
    archive_write_set_format_pax(archive);
    archive_write_add_filter_gzip(archive);
    assert_int_equal(archive_write_open_fd(archive, fd), ARCHIVE_OK);
    for (; parts->path; parts++)
        add_part(archive, parts);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int unpack_fd(int fd, const struct unpack_options *options, struct error *err)
{
    AUTO_FREE char *tree = alloc_format("%s/tree", folder);
    AUTO_CLOSE int tree_fd = -1;
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    char hex[HASH_SHA256_HEX_SIZE];

    if (mkdir(tree, 0755) < 0)
        assert_true(file_exists(AT_FDCWD, tree));
    tree_fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree_fd >= 0);
    reader = stream_reader_new(fd, 1 << 20, err);
    return reader ? unpack_archive(reader, tree_fd, options, hex, err) : -1;
}

static int unpack(const struct part *parts, struct error *err)
{
    const struct unpack_options options = { .is_layer = true, .entries_max = 100 };
    AUTO_CLOSE int fd = make_archive(parts);

    if (geteuid() != 0)
        skip();
    return unpack_fd(fd, &options, err);
}

static bool is_there(const char *path)
{
    AUTO_FREE char *full = alloc_format("%s/%s", folder, path);

    return file_exists(AT_FDCWD, full);
}

static void s14_what_leads_out_is_refused(void **state)
{
    const struct part cases[][4] = {
        { { .path = "../outside" } },
        { { .path = "/absolute" } },
        { { .path = "a/../../outside" } },
        { { .path = "a", .hard_link = "../../etc/passwd" } },
        { { .path = "a", .hard_link = "/etc/passwd" } },
        { { .path = "a", .hard_link = "missing" } },
        { { .path = "dev", .mode = S_IFBLK | 0600, .device = makedev(8, 0) } },
        { { .path = "mem", .mode = S_IFCHR | 0600, .device = makedev(1, 1) } },
        { { .path = "whiteout", .mode = S_IFCHR | 0600, .device = 0 } },
        { { .path = "a", .xattr = "trusted.overlay.opaque" } },
        { { .path = ".wh..." } },
        { { .path = "a/.wh." } },
        { { .path = "a/.wh.." } },
        { { .path = "file" }, { .path = "file/below" } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };

        if (unpack(cases[i], &err) == 0)
            print_message("case %zu\n", i);
        assert_true(err.code != ERROR_NONE);
        assert_false(is_there("outside"));
    }
}

static void links_stay_inside_the_tree(void **state)
{
    const struct part parts[] = {
        { .path = "up", .mode = S_IFLNK | 0777, .link = "../../../.." },
        { .path = "root", .mode = S_IFLNK | 0777, .link = "/" },
        { .path = "up/first" },
        { .path = "root/second" },
        { .path = "third", .hard_link = "root/second" },
        { 0 },
    };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(unpack(parts, &err), 0);
    assert_true(is_there("tree/first"));
    assert_true(is_there("tree/second"));
    assert_true(is_there("tree/third"));
    assert_false(is_there("first"));
}

static void deletions_take_the_form_of_overlayfs(void **state)
{
    const struct part parts[] = {
        { .path = "./folder/", .mode = S_IFDIR | 0750 },
        { .path = "folder/.wh..wh..opq" },
        { .path = "folder/new" },
        { .path = ".wh.gone" },
        { .path = ".wh.again" },
        { .path = "again/", .mode = S_IFDIR | 0755 },
        { .path = "null", .mode = S_IFCHR | 0666, .device = makedev(1, 3) },
        { 0 },
    };
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO(merged) struct merged *view = NULL;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(unpack(parts, &err), 0);
    strings_take(&layers, alloc_format("%s/tree", folder));
    strings_take(&layers, alloc_format("%s/below", folder));
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = { "gone", "again", "folder", "kept" };
        AUTO_FREE char *path = alloc_format("%s/below/%s/old", folder, names[i]);

        assert_int_equal(file_make_folders(path, 0755, &err), 0);
    }
    view = merged_open(&layers, &err);
    assert_non_null(view);
    assert_int_equal(merged_find(view, "/kept/old", true, &node, &err), 0);
    assert_true(node.found);
    for (size_t i = 0; i < 3; i++) {
        static const char *const paths[] = { "gone/old", "again/old", "folder/old" };

        assert_int_equal(merged_find(view, paths[i], true, &node, &err), 0);
        assert_false(node.found);
    }
}

static void s17_floods_are_refused(void **state)
{
    struct part *parts = alloc_array(struct part, 102);
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 101; i++)
        parts[i].path = "same";
    assert_int_equal(unpack(parts, &err), -1);
    assert_non_null(strstr(err.text, "too many entries"));
    free(parts);
}

static void s17_a_bomb_is_refused(void **state)
{
    const struct unpack_options options = { 0 };
    AUTO_CLOSE int bomb = memfd_create("bomb", MFD_CLOEXEC);
    AUTO(stream_writer) struct stream_writer *writer = NULL;
    struct error err = { 0 };
    static const char zeros[65536];
    char hex[HASH_SHA256_HEX_SIZE];
    uint64_t size = 0;

    (void)state;
    writer = stream_writer_new(bomb, STREAM_WRITER_ZSTD, &err);
    assert_non_null(writer);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(stream_writer_add(writer, zeros, sizeof(zeros), &err), 0);
    assert_int_equal(stream_writer_finish(writer, hex, &size, &err), 0);
    assert_int_equal(lseek(bomb, 0, SEEK_SET), 0);
    assert_int_equal(unpack_fd(bomb, &options, &err), -1);
    assert_non_null(strstr(err.text, "larger than the limit"));
}

static void a_cut_archive_is_refused(void **state)
{
    const struct part parts[] = { { .path = "a" }, { .path = "b" }, { 0 } };
    const struct unpack_options options = { .is_layer = true };
    AUTO_CLOSE int fd = make_archive(parts);
    struct error err = { 0 };

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_int_equal(unpack_fd(fd, &options, &err), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(s14_what_leads_out_is_refused),
        TEST(links_stay_inside_the_tree),
        TEST(deletions_take_the_form_of_overlayfs),
        TEST(s17_floods_are_refused),
        TEST(s17_a_bomb_is_refused),
        TEST(a_cut_archive_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
