/* SPDX-License-Identifier: MIT */

/*
 * Decompressing a file
 *
 * Libarchive's "raw" format is one file without a header: what is left of it are its filters.
 *
 * Pieces go round in a ring. The thread fills the piece `filled`, the caller has the piece
 * before `taken`; both numbers only grow and are read and changed under the lock. All else
 * belongs to the thread from its start to its end.
 */

#include "image/stream_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"

#define CHUNK_SIZE 131072U
#define PIECE_SIZE 262144U
#define PIECES 4U

struct piece {
    ssize_t length; /* 0: the end, -1: failed */
    char data[PIECE_SIZE];
};

struct stream_reader {
    struct archive *archive;
    struct hash_sha256 hash;
    uint64_t left;
    bool is_empty;
    int fd;
    char chunk[CHUNK_SIZE];
    struct error failure;
    struct piece pieces[PIECES];

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t filled, taken;
    bool stop;
};

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

int stream_reader_support(struct archive *archive, struct error *err)
{
    /* Named one by one, and asked: others would be given to programs of the host. */
    if (archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
        archive_read_support_filter_bzip2(archive) == ARCHIVE_OK &&
        archive_read_support_filter_xz(archive) == ARCHIVE_OK &&
        archive_read_support_filter_zstd(archive) == ARCHIVE_OK)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "libarchive was built without gzip, bzip2, xz or zstd");
}

struct stream_reader *stream_reader_new(int fd, uint64_t limit, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = alloc_new(struct stream_reader);
    struct archive_entry *entry = NULL;
    int status = ARCHIVE_FATAL;

    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->changed, NULL);
    reader->fd = fd;
    reader->left = limit;
    hash_sha256_init(&reader->hash);
    reader->archive = archive_read_new();
    if (stream_reader_support(reader->archive, err) < 0)
        return NULL;
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

static void join(struct stream_reader *reader)
{
    if (!reader->has_thread)
        return;
    pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    reader->has_thread = false;
}

void stream_reader_free(struct stream_reader *reader)
{
    if (!reader)
        return;
    join(reader);
    archive_read_free(reader->archive);
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

/* Fill the piece as far as there is something. */
static void fill(struct stream_reader *reader, struct piece *piece)
{
    la_ssize_t got = 1;

    piece->length = 0;
    while (!reader->is_empty && got > 0 && piece->length < (ssize_t)PIECE_SIZE) {
        got = archive_read_data(reader->archive, piece->data + piece->length,
                                PIECE_SIZE - (size_t)piece->length);
        piece->length += got > 0 ? got : 0;
    }
    if (got < 0)
        piece->length = error_set(&reader->failure, ERROR_INVALID, "decompress: %s",
                                  archive_error_string(reader->archive));
    else if ((uint64_t)piece->length > reader->left)
        piece->length =
            error_set(&reader->failure, ERROR_INVALID, "the archive is larger than the limit");
    else
        reader->left -= (uint64_t)piece->length;
}

static void *read_ahead(void *context)
{
    struct stream_reader *reader = context;
    ssize_t length = 1;

    while (length > 0) {
        struct piece *piece = NULL;

        pthread_mutex_lock(&reader->lock);
        while (!reader->stop && reader->filled - reader->taken >= PIECES - 1)
            pthread_cond_wait(&reader->changed, &reader->lock);
        piece = reader->stop ? NULL : &reader->pieces[reader->filled % PIECES];
        pthread_mutex_unlock(&reader->lock);
        if (!piece)
            return NULL;
        fill(reader, piece);
        length = piece->length;
        pthread_mutex_lock(&reader->lock);
        reader->filled++;
        pthread_cond_signal(&reader->changed);
        pthread_mutex_unlock(&reader->lock);
    }
    return NULL;
}

/* Signals are for the threads that were there before. */
static void start_thread(struct stream_reader *reader)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reader->has_thread = pthread_create(&reader->thread, NULL, read_ahead, reader) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The piece that comes next; what was taken before may be filled anew. */
static const struct piece *take_piece(struct stream_reader *reader)
{
    struct piece *piece = &reader->pieces[reader->taken % PIECES];

    if (!reader->has_thread) {
        if (reader->taken == reader->filled) {
            fill(reader, piece);
            reader->filled++;
        }
        reader->taken++;
        return piece;
    }
    pthread_mutex_lock(&reader->lock);
    while (reader->filled == reader->taken)
        pthread_cond_wait(&reader->changed, &reader->lock);
    reader->taken++;
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    return piece;
}

ssize_t stream_reader_next(struct stream_reader *reader, const void **data_out, struct error *err)
{
    const struct piece *last = &reader->pieces[(reader->taken + PIECES - 1) % PIECES];
    const struct piece *piece = reader->taken > 0 && last->length <= 0 ? last : NULL;

    if (!piece) {
        if (reader->taken == 1)
            start_thread(reader);
        piece = take_piece(reader);
    }
    if (piece->length < 0) {
        *err = reader->failure;
        return -1;
    }
    *data_out = piece->data;
    return piece->length;
}

int stream_reader_finish(struct stream_reader *reader, char hex_out[HASH_SHA256_HEX_SIZE],
                         struct error *err)
{
    const void *data = NULL;
    ssize_t got = 1;

    while (got > 0)
        got = stream_reader_next(reader, &data, err);
    if (got < 0)
        return -1;
    join(reader);
    for (la_ssize_t tail = 1; tail > 0;) {
        tail = read_chunk(reader->archive, reader, &data);
        if (tail < 0)
            return error_set(err, ERROR_SYSTEM, "%s", archive_error_string(reader->archive));
    }
    hash_sha256_hex(&reader->hash, hex_out);
    return 0;
}
