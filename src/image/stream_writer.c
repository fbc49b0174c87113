/* SPDX-License-Identifier: MIT */

/*
 * Compressing into a file
 */

#include "image/stream_writer.h"

#include <stdbool.h>
#include <unistd.h>
#include <zstd.h>

#include "image/stream_writer_gzip.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define CHUNK_SIZE 131072U
#define WORKERS_MAX 8

/* `compress` takes all of the data; with `end`, it writes the end of the stream. */
struct codec {
    int (*start)(struct stream_writer *writer, struct error *err);
    int (*compress)(struct stream_writer *writer, const void *data, size_t length, bool end,
                    struct error *err);
    void (*stop)(struct stream_writer *writer);
};

struct stream_writer {
    const struct codec *codec;
    struct hash_sha256 hash;
    uint64_t size;
    int fd;
    struct stream_writer_gzip *gzip;
    ZSTD_CCtx *zstd;
    unsigned char out[CHUNK_SIZE];
};

static int write_out(struct stream_writer *writer, const void *data, size_t length,
                     struct error *err)
{
    if (file_write_all(writer->fd, data, length, err) < 0)
        return -1;
    hash_sha256_update(&writer->hash, data, length);
    writer->size += length;
    return 0;
}

static size_t count_workers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return (size_t)MAX(MIN(processors, WORKERS_MAX), 1);
}

static int zstd_start(struct stream_writer *writer, struct error *err)
{
    writer->zstd = ZSTD_createCCtx();
    if (!writer->zstd)
        return error_set(err, ERROR_SYSTEM, "zstd has no memory");
    /* One worker and several give the same bytes, none at all others. */
    if (ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_nbWorkers, (int)count_workers())))
        return error_set(err, ERROR_UNSUPPORTED, "this libzstd was built without threads");
    return 0;
}

static int zstd_compress(struct stream_writer *writer, const void *data, size_t length, bool end,
                         struct error *err)
{
    ZSTD_inBuffer in = { .src = data, .size = length };
    bool is_done = false;

    while (!is_done) {
        ZSTD_outBuffer out = { .dst = writer->out, .size = sizeof(writer->out) };
        size_t left =
            ZSTD_compressStream2(writer->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);

        if (ZSTD_isError(left))
            return error_set(err, ERROR_SYSTEM, "zstd: %s", ZSTD_getErrorName(left));
        if (write_out(writer, writer->out, out.pos, err) < 0)
            return -1;
        is_done = end ? left == 0 : in.pos == in.size;
    }
    return 0;
}

static void zstd_stop(struct stream_writer *writer)
{
    ZSTD_freeCCtx(writer->zstd);
}

static int put_gzip(void *context, const void *data, size_t length, struct error *err)
{
    return write_out(context, data, length, err);
}

static int gzip_start(struct stream_writer *writer, struct error *err)
{
    (void)err;
    writer->gzip = stream_writer_gzip_new(count_workers(), put_gzip, writer);
    return 0;
}

static int gzip_compress(struct stream_writer *writer, const void *data, size_t length, bool end,
                         struct error *err)
{
    if (stream_writer_gzip_add(writer->gzip, data, length, err) < 0)
        return -1;
    return end ? stream_writer_gzip_finish(writer->gzip, err) : 0;
}

static void gzip_stop(struct stream_writer *writer)
{
    stream_writer_gzip_free(writer->gzip);
}

static int plain_start(struct stream_writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static int plain_compress(struct stream_writer *writer, const void *data, size_t length, bool end,
                          struct error *err)
{
    (void)end;
    return write_out(writer, data, length, err);
}

static void plain_stop(struct stream_writer *writer)
{
    (void)writer;
}

static const struct codec codecs[] = {
    [STREAM_WRITER_ZSTD] = { .start = zstd_start, .compress = zstd_compress, .stop = zstd_stop },
    [STREAM_WRITER_GZIP] = { .start = gzip_start, .compress = gzip_compress, .stop = gzip_stop },
    [STREAM_WRITER_PLAIN] = { .start = plain_start,
                              .compress = plain_compress,
                              .stop = plain_stop },
};

struct stream_writer *stream_writer_new(int fd, enum stream_writer_kind kind, struct error *err)
{
    AUTO(stream_writer) struct stream_writer *writer = alloc_new(struct stream_writer);

    writer->codec = &codecs[kind];
    writer->fd = fd;
    hash_sha256_init(&writer->hash);
    if (writer->codec->start(writer, err) < 0)
        return NULL;
    return STEAL_PTR(writer);
}

void stream_writer_free(struct stream_writer *writer)
{
    if (!writer)
        return;
    writer->codec->stop(writer);
    free(writer);
}

int stream_writer_add(struct stream_writer *writer, const void *data, size_t length,
                      struct error *err)
{
    if (length > 0 && writer->codec->compress(writer, data, length, false, err) < 0)
        return error_wrap(err, "compress");
    return 0;
}

int stream_writer_finish(struct stream_writer *writer, char hex_out[HASH_SHA256_HEX_SIZE],
                         uint64_t *size_out, struct error *err)
{
    if (writer->codec->compress(writer, "", 0, true, err) < 0)
        return error_wrap(err, "compress");
    hash_sha256_hex(&writer->hash, hex_out);
    *size_out = writer->size;
    return 0;
}
