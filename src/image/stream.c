/* SPDX-License-Identifier: MIT */

/*
 * Compressed bytes
 *
 * Libarchive's "raw" format is one file without a header: what is left of it are its filters.
 */

#include "image/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define CHUNK_SIZE 65536U

struct stream_writer {
    struct archive *archive;
    struct hash_sha256 hash;
    uint64_t size;
    int fd;
    struct error failure;
};

struct stream_reader {
    struct archive *archive;
    struct hash_sha256 hash;
    uint64_t left;
    bool is_empty;
    int fd;
    char chunk[CHUNK_SIZE];
    char out[CHUNK_SIZE];
};

static la_ssize_t write_chunk(struct archive *archive, void *context, const void *data,
                              size_t length)
{
    struct stream_writer *writer = context;

    (void)archive;
    if (file_write_all(writer->fd, data, length, &writer->failure) < 0)
        return -1;
    hash_sha256_update(&writer->hash, data, length);
    writer->size += length;
    return (la_ssize_t)length;
}

static int writer_failed(struct stream_writer *writer, struct error *err)
{
    if (writer->failure.code != ERROR_NONE)
        *err = writer->failure;
    else
        error_set(err, ERROR_SYSTEM, "%s", archive_error_string(writer->archive));
    return error_wrap(err, "compress a layer");
}

struct stream_writer *stream_writer_new(int fd, struct error *err)
{
    AUTO(stream_writer) struct stream_writer *writer = alloc_new(struct stream_writer);
    struct archive_entry *entry = archive_entry_new();
    int status = ARCHIVE_FATAL;

    writer->fd = fd;
    hash_sha256_init(&writer->hash);
    writer->archive = archive_write_new();
    archive_entry_set_filetype(entry, S_IFREG);
    archive_entry_set_pathname(entry, "data");
    if (archive_write_set_format_raw(writer->archive) == ARCHIVE_OK &&
        archive_write_add_filter_zstd(writer->archive) == ARCHIVE_OK &&
        archive_write_set_bytes_per_block(writer->archive, 0) == ARCHIVE_OK &&
        archive_write_open(writer->archive, writer, NULL, write_chunk, NULL) == ARCHIVE_OK)
        status = archive_write_header(writer->archive, entry);
    archive_entry_free(entry);
    if (status == ARCHIVE_OK)
        return STEAL_PTR(writer);
    writer_failed(writer, err);
    return NULL;
}

void stream_writer_free(struct stream_writer *writer)
{
    if (!writer)
        return;
    archive_write_free(writer->archive);
    free(writer);
}

int stream_writer_add(struct stream_writer *writer, const void *data, size_t length,
                      struct error *err)
{
    const char *p = data;

    while (length > 0) {
        la_ssize_t put = archive_write_data(writer->archive, p, length);

        if (put <= 0)
            return writer_failed(writer, err);
        p += put;
        length -= (size_t)put;
    }
    return 0;
}

int stream_writer_finish(struct stream_writer *writer, char hex_out[HASH_SHA256_HEX_SIZE],
                         uint64_t *size_out, struct error *err)
{
    if (archive_write_close(writer->archive) != ARCHIVE_OK)
        return writer_failed(writer, err);
    hash_sha256_hex(&writer->hash, hex_out);
    *size_out = writer->size;
    return 0;
}

static la_ssize_t read_chunk(struct archive *archive, void *context, const void **data)
{
    struct stream_reader *reader = context;
    ssize_t got = 0;

    do {
        got = read(reader->fd, reader->chunk, sizeof(reader->chunk));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        archive_set_error(archive, errno, "read: %s", strerror(errno));
        return -1;
    }
    hash_sha256_update(&reader->hash, reader->chunk, (size_t)got);
    *data = reader->chunk;
    return got;
}

struct stream_reader *stream_reader_new(int fd, uint64_t limit, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = alloc_new(struct stream_reader);
    struct archive_entry *entry = NULL;
    int status = ARCHIVE_FATAL;

    reader->fd = fd;
    reader->left = limit;
    hash_sha256_init(&reader->hash);
    reader->archive = archive_read_new();
    archive_read_support_filter_gzip(reader->archive);
    archive_read_support_filter_bzip2(reader->archive);
    archive_read_support_filter_xz(reader->archive);
    archive_read_support_filter_zstd(reader->archive);
    archive_read_support_format_raw(reader->archive);
    archive_read_support_format_empty(reader->archive);
    if (archive_read_open(reader->archive, reader, NULL, read_chunk, NULL) == ARCHIVE_OK)
        status = archive_read_next_header(reader->archive, &entry);
    reader->is_empty = status == ARCHIVE_EOF;
    if (status == ARCHIVE_OK || status == ARCHIVE_EOF)
        return STEAL_PTR(reader);
    error_set(err, ERROR_INVALID, "decompress: %s", archive_error_string(reader->archive));
    return NULL;
}

void stream_reader_free(struct stream_reader *reader)
{
    if (!reader)
        return;
    archive_read_free(reader->archive);
    free(reader);
}

ssize_t stream_reader_next(struct stream_reader *reader, const void **data_out, struct error *err)
{
    la_ssize_t got = 0;

    if (!reader->is_empty)
        got = archive_read_data(reader->archive, reader->out, sizeof(reader->out));
    if (got < 0)
        return error_set(err, ERROR_INVALID, "decompress: %s",
                         archive_error_string(reader->archive));
    if ((uint64_t)got > reader->left)
        return error_set(err, ERROR_INVALID, "the archive is larger than the limit");
    reader->left -= (uint64_t)got;
    *data_out = reader->out;
    return (ssize_t)got;
}

int stream_reader_finish(struct stream_reader *reader, char hex_out[HASH_SHA256_HEX_SIZE],
                         struct error *err)
{
    const void *data = NULL;
    ssize_t got = 1;

    while (got > 0)
        got = stream_reader_next(reader, &data, err);
    for (la_ssize_t tail = 1; got == 0 && tail > 0;) {
        tail = read_chunk(reader->archive, reader, &data);
        if (tail < 0)
            return error_set(err, ERROR_SYSTEM, "%s", archive_error_string(reader->archive));
    }
    hash_sha256_hex(&reader->hash, hex_out);
    return got < 0 ? -1 : 0;
}
