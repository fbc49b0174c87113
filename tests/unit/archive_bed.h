/* SPDX-License-Identifier: MIT */

/*
 * Archives of images for tests, made entry by entry in memory
 */

#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "image/stream_writer.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/text.h"

/* An archive in the making. */
struct making {
    struct archive *archive;
    int fd;
};

/* A layer: a tar with one file, as bytes and as what names it. */
struct layer {
    struct text tar;
    char diff_id[72];
};

static inline void begin(struct making *making)
{
    making->fd = memfd_create("archive", MFD_CLOEXEC);
    making->archive = archive_write_new();
    assert_true(making->fd >= 0);
    archive_write_set_format_pax(making->archive);
    assert_int_equal(archive_write_open_fd(making->archive, making->fd), ARCHIVE_OK);
}

static inline void add(struct making *making, const char *path, mode_t mode, const char *link,
                       const void *data, size_t length)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, path);
    archive_entry_set_mode(entry, mode);
    if (link && S_ISLNK(mode))
        archive_entry_set_symlink(entry, link);
    else if (link)
        archive_entry_set_hardlink(entry, link);
    archive_entry_set_size(entry, (la_int64_t)length);
    assert_int_equal(archive_write_header(making->archive, entry), ARCHIVE_OK);
    if (length > 0)
        assert_int_equal(archive_write_data(making->archive, data, length), length);
    archive_entry_free(entry);
}

static inline void add_file(struct making *making, const char *path, const char *content)
{
    add(making, path, S_IFREG | 0644, NULL, content, strlen(content));
}

static inline void add_link(struct making *making, const char *path, const char *target)
{
    add(making, path, S_IFLNK | 0777, target, NULL, 0);
}

static inline int end(struct making *making)
{
    assert_int_equal(archive_write_free(making->archive), ARCHIVE_OK);
    assert_int_equal(lseek(making->fd, 0, SEEK_SET), 0);
    return making->fd;
}

static inline void make_layer(struct layer *layer, const char *path)
{
    struct making making;
    struct error err = { 0 };
    char hex[HASH_SHA256_HEX_SIZE];
    int fd = -1;

    *layer = (struct layer){ 0 };
    begin(&making);
    add_file(&making, path, "content\n");
    fd = end(&making);
    assert_int_equal(file_read_fd(fd, 1 << 20, &layer->tar, &err), 0);
    close(fd);
    hash_sha256_hex_of(text_get(&layer->tar), layer->tar.length, hex);
    snprintf(layer->diff_id, sizeof(layer->diff_id), "sha256:%s", hex);
}

static inline void add_layer(struct making *making, const char *path, const struct layer *layer)
{
    add(making, path, S_IFREG | 0644, NULL, text_get(&layer->tar), layer->tar.length);
}

static inline char *config_of(const char *diff_id)
{
    return alloc_format("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},"
                        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
                        diff_id);
}

static inline char *digest_of(const char *text)
{
    char hex[HASH_SHA256_HEX_SIZE];

    hash_sha256_hex_of(text, strlen(text), hex);
    return alloc_format("sha256:%s", hex);
}

/* The same with gzip. */
static inline void compress(const struct text *plain, struct text *out)
{
    int fd = memfd_create("compressed", MFD_CLOEXEC);
    struct error err = { 0 };
    struct stream_writer *writer = stream_writer_new(fd, STREAM_WRITER_GZIP, &err);
    char hex[HASH_SHA256_HEX_SIZE];
    uint64_t size = 0;

    assert_non_null(writer);
    assert_int_equal(stream_writer_add(writer, text_get(plain), plain->length, &err), 0);
    assert_int_equal(stream_writer_finish(writer, hex, &size, &err), 0);
    stream_writer_free(writer);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read_fd(fd, 1 << 20, out, &err), 0);
    close(fd);
}
