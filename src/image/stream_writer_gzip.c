/* SPDX-License-Identifier: MIT */

/*
 * gzip in several threads
 *
 * Input is collected for as many blocks as there are threads, behind the window that the first of
 * them refers to. They are compressed when there is more input, so that the last block of a
 * stream is always known as the last.
 */

#include "image/stream_writer_gzip.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/parallel.h"

#define BLOCK_SIZE ((size_t)256 << 10)
#define WINDOW_SIZE ((size_t)32 << 10)
#define LEVEL 6

struct block {
    unsigned char *out;
    size_t out_size, out_length;
    uLong crc;
};

struct stream_writer_gzip {
    stream_writer_gzip_put_fn put;
    void *context;
    size_t threads;
    struct block *blocks;  /* one for each thread */
    unsigned char *window; /* the window, then the input of the blocks */
    size_t window_length;  /* how much of its end is there */
    size_t length;         /* of the input */
    bool begun, last;
    uLong crc;
    uint64_t total;
};

struct stream_writer_gzip *stream_writer_gzip_new(size_t threads, stream_writer_gzip_put_fn put,
                                                  void *context)
{
    struct stream_writer_gzip *gzip = alloc_new(struct stream_writer_gzip);

    gzip->put = put;
    gzip->context = context;
    gzip->threads = MIN(MAX(threads, (size_t)1), (size_t)PARALLEL_THREADS_MAX);
    gzip->blocks = alloc_array(struct block, gzip->threads);
    gzip->window = alloc_zeroed(1, WINDOW_SIZE + gzip->threads * BLOCK_SIZE);
    gzip->crc = crc32(0, NULL, 0);
    return gzip;
}

void stream_writer_gzip_free(struct stream_writer_gzip *gzip)
{
    if (!gzip)
        return;
    for (size_t i = 0; i < gzip->threads; i++)
        free(gzip->blocks[i].out);
    free(gzip->blocks);
    free(gzip->window);
    free(gzip);
}

static size_t count_blocks(const struct stream_writer_gzip *gzip)
{
    return MAX((gzip->length + BLOCK_SIZE - 1) / BLOCK_SIZE, (size_t)1);
}

static int deflate_block(const struct stream_writer_gzip *gzip, size_t i, z_stream *stream)
{
    struct block *block = &gzip->blocks[i];
    unsigned char *in = gzip->window + WINDOW_SIZE + i * BLOCK_SIZE;
    size_t length = MIN(gzip->length - i * BLOCK_SIZE, BLOCK_SIZE);
    size_t window = i == 0 ? gzip->window_length : WINDOW_SIZE;
    bool is_end = gzip->last && i + 1 == count_blocks(gzip);
    /* A block that is not the last ends with a mark of some bytes. */
    size_t bound = deflateBound(stream, length) + 64;
    int status = Z_OK;

    if (block->out_size < bound) {
        free(block->out);
        block->out = alloc_zeroed(1, bound);
        block->out_size = bound;
    }
    block->crc = crc32(crc32(0, NULL, 0), in, (uInt)length);
    if (window > 0)
        status = deflateSetDictionary(stream, in - window, (uInt)window);
    stream->next_in = in;
    stream->avail_in = (uInt)length;
    stream->next_out = block->out;
    stream->avail_out = (uInt)block->out_size;
    if (status == Z_OK)
        status = deflate(stream, is_end ? Z_FINISH : Z_SYNC_FLUSH);
    block->out_length = block->out_size - stream->avail_out;
    return status == (is_end ? Z_STREAM_END : Z_OK) && stream->avail_in == 0 ? 0 : -1;
}

static int run_block(void *context, size_t thread, size_t i, struct error *err)
{
    z_stream stream = { 0 };
    int status = deflateInit2(&stream, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);

    (void)thread;
    if (status == Z_OK)
        status = deflate_block(context, i, &stream);
    deflateEnd(&stream);
    return status == 0 ? 0 : error_set(err, ERROR_SYSTEM, "gzip failed");
}

static int put_header(struct stream_writer_gzip *gzip, struct error *err)
{
    /* deflate, no flags, no time, no word about the effort, no system */
    static const unsigned char header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

    if (gzip->begun)
        return 0;
    gzip->begun = true;
    return gzip->put(gzip->context, header, sizeof(header), err);
}

/* Compress what was collected, and keep its end as the window of what comes. */
static int flush(struct stream_writer_gzip *gzip, struct error *err)
{
    size_t count = count_blocks(gzip);
    size_t kept = MIN(gzip->window_length + gzip->length, WINDOW_SIZE);

    if (put_header(gzip, err) < 0 ||
        parallel_run(count, gzip->threads, run_block, gzip, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t length = MIN(gzip->length - i * BLOCK_SIZE, BLOCK_SIZE);

        if (gzip->put(gzip->context, gzip->blocks[i].out, gzip->blocks[i].out_length, err) < 0)
            return -1;
        gzip->crc = crc32_combine(gzip->crc, gzip->blocks[i].crc, (z_off_t)length);
    }
    gzip->total += gzip->length;
    memmove(gzip->window + WINDOW_SIZE - kept, gzip->window + WINDOW_SIZE + gzip->length - kept,
            kept);
    gzip->window_length = kept;
    gzip->length = 0;
    return 0;
}

int stream_writer_gzip_add(struct stream_writer_gzip *gzip, const void *data, size_t length,
                           struct error *err)
{
    const size_t capacity = gzip->threads * BLOCK_SIZE;
    const unsigned char *next = data;

    while (length > 0) {
        size_t part = 0;

        if (gzip->length == capacity && flush(gzip, err) < 0)
            return -1;
        part = MIN(length, capacity - gzip->length);
        memcpy(gzip->window + WINDOW_SIZE + gzip->length, next, part);
        gzip->length += part;
        next += part;
        length -= part;
    }
    return 0;
}

int stream_writer_gzip_finish(struct stream_writer_gzip *gzip, struct error *err)
{
    unsigned char trailer[8];

    gzip->last = true;
    if (flush(gzip, err) < 0)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        trailer[i] = (unsigned char)(gzip->crc >> (8 * i));
        trailer[4 + i] = (unsigned char)(gzip->total >> (8 * i));
    }
    return gzip->put(gzip->context, trailer, sizeof(trailer), err);
}
