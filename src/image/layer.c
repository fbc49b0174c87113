/* SPDX-License-Identifier: MIT */

/*
 * Layers
 */

#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/pack.h"
#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "image/unpack.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

char *layer_new_work(struct session *session, struct error *err)
{
    AUTO_FREE char *work = session_new_name(session, "layer");
    AUTO_FREE char *tree = alloc_format("%s/tree", work);

    if (mkdirat(session->fd, work, 0700) < 0 || mkdirat(session->fd, tree, 0755) < 0 ||
        fchmodat(session->fd, tree, 0755, 0) < 0) {
        error_set_errno(err, errno, "make a folder for a layer");
        return NULL;
    }
    return STEAL_PTR(work);
}

int layer_open_tree(const struct session *session, const char *work, struct error *err)
{
    AUTO_FREE char *tree = alloc_format("%s/tree", work);
    int fd = openat(session->fd, tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open the folder of a layer");
    return fd;
}

/* Writes the tar stream of a layer into `writer`; its digest is diff_hex. */
typedef int (*write_stream_fn)(void *context, struct stream_writer *writer,
                               char diff_hex[HASH_SHA256_HEX_SIZE], struct error *err);

static int write_blob(int fd, write_stream_fn write_stream, void *context,
                      struct manifest_layer *out, struct error *err)
{
    AUTO(stream_writer)
    struct stream_writer *writer = stream_writer_new(fd, STREAM_WRITER_ZSTD, err);
    char hex[HASH_SHA256_HEX_SIZE];
    char diff_hex[HASH_SHA256_HEX_SIZE];
    uint64_t size = 0;

    if (!writer || write_stream(context, writer, diff_hex, err) < 0 ||
        stream_writer_finish(writer, hex, &size, err) < 0)
        return -1;
    *out = (struct manifest_layer){
        .digest = alloc_format("sha256:%s", hex),
        .diff_id = alloc_format("sha256:%s", diff_hex),
        .media_type = alloc_text(MANIFEST_LAYER_ZSTD),
        .size_bytes = size,
    };
    return 0;
}

static int save_blob(int store_fd, struct session *session, write_stream_fn write_stream,
                     void *context, struct manifest_layer *out, struct error *err)
{
    AUTO_FREE char *name = session_new_name(session, "blob");
    AUTO_CLOSE int fd =
        openat(session->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct manifest_layer layer = { 0 };

    if (fd < 0)
        return error_set_errno(err, errno, "make a file for a layer");
    if (write_blob(fd, write_stream, context, &layer, err) < 0)
        return -1;
    if (blob_commit(store_fd, session, name, fd, layer.digest, err) < 0) {
        manifest_layer_done(&layer);
        return -1;
    }
    *out = layer;
    return 0;
}

struct packing {
    int tree_fd;
    int64_t mtime;
};

static int write_tree(void *context, struct stream_writer *writer,
                      char diff_hex[HASH_SHA256_HEX_SIZE], struct error *err)
{
    const struct packing *packing = context;

    return pack_tree(packing->tree_fd, packing->mtime, writer, diff_hex, err);
}

int layer_save(int store_fd, struct session *session, int tree_fd, int64_t mtime,
               struct manifest_layer *out, struct error *err)
{
    struct packing packing = { .tree_fd = tree_fd, .mtime = mtime };

    return save_blob(store_fd, session, write_tree, &packing, out, err);
}

static int write_source(void *context, struct stream_writer *writer,
                        char diff_hex[HASH_SHA256_HEX_SIZE], struct error *err)
{
    const struct layer_source *source = context;
    struct hash_sha256 hash;
    uint64_t done = 0;
    const void *data = NULL;
    ssize_t got = 0;

    hash_sha256_init(&hash);
    while ((got = stream_reader_next(source->reader, &data, err)) > 0) {
        hash_sha256_update(&hash, data, (size_t)got);
        if (stream_writer_add(writer, data, (size_t)got, err) < 0)
            return -1;
        done += (uint64_t)got;
        image_progress_tell(source->progress, source->what, done, source->total_bytes);
    }
    hash_sha256_hex(&hash, diff_hex);
    image_progress_tell(source->progress, source->what, done, done);
    return (int)got;
}

int layer_save_stream(int store_fd, struct session *session, const struct layer_source *source,
                      struct manifest_layer *out, struct error *err)
{
    struct layer_source copy = *source;

    return save_blob(store_fd, session, write_source, &copy, out, err);
}

int layer_measure(int store_fd, const struct manifest_layer *layer,
                  const struct image_progress *progress, uint64_t *size_out, struct error *err)
{
    AUTO_CLOSE int fd = blob_open(store_fd, layer->digest, err);
    AUTO(stream_reader)
    struct stream_reader *reader = fd < 0 ? NULL : stream_reader_new(fd, LAYER_SIZE_MAX, err);
    struct hash_sha256 hash;
    char hex[HASH_SHA256_HEX_SIZE], diff_hex[HASH_SHA256_HEX_SIZE];
    const void *data = NULL;
    uint64_t size = 0;
    ssize_t got = 0;

    if (!reader)
        return -1;
    hash_sha256_init(&hash);
    while ((got = stream_reader_next(reader, &data, err)) > 0) {
        hash_sha256_update(&hash, data, (size_t)got);
        size += (uint64_t)got;
        image_progress_tell(progress, layer->diff_id, 0, size);
    }
    if (got < 0 || stream_reader_finish(reader, hex, err) < 0)
        return -1;
    hash_sha256_hex(&hash, diff_hex);
    if (strcmp(hex, layer->digest + strlen("sha256:")) != 0)
        return error_set(err, ERROR_INVALID, "the blob is damaged: build or pull the image again");
    if (strcmp(diff_hex, layer->diff_id + strlen("sha256:")) != 0)
        return error_set(err, ERROR_INVALID, "its content has digest sha256:%s instead of %s",
                         diff_hex, layer->diff_id);
    *size_out = size;
    return 0;
}

#define LAYER_PATH_SIZE (sizeof("layers//tree") + HASH_SHA256_HEX_SIZE)

bool layer_is_unpacked(int store_fd, const char *chain_hex)
{
    char path[LAYER_PATH_SIZE];

    snprintf(path, sizeof(path), "layers/%s/tree", chain_hex);
    return file_exists(store_fd, path);
}

int layer_install(int store_fd, const struct session *session, const char *work,
                  const char *chain_hex, struct error *err)
{
    AUTO_CLOSE int layers = openat(store_fd, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (layers < 0)
        return error_set_errno(err, errno, "open the store's folder 'layers'");
    if (layer_is_unpacked(store_fd, chain_hex))
        return file_remove_tree(session->fd, work, err);
    if (syncfs(layers) < 0)
        return error_set_errno(err, errno, "sync a layer");
    if (renameat(session->fd, work, layers, chain_hex) == 0)
        return 0; /* a tree that is lost with its name is unpacked again */
    if (errno == EEXIST || errno == ENOTEMPTY)
        return file_remove_tree(session->fd, work, err);
    return error_set_errno(err, errno, "put a layer in its place");
}

static int check_digest(const char *what, const char *hex, const char *digest, struct error *err)
{
    const char *expected = blob_find_hex(digest);

    if (expected && strcmp(hex, expected) == 0)
        return 0;
    return error_set(err, ERROR_INVALID,
                     "%s has digest sha256:%s instead of %s: remove the image and build it again",
                     what, hex, digest);
}

static int unpack(int blob, const struct session *session, const char *work,
                  const struct manifest_layer *layer, struct error *err)
{
    const struct unpack_options options = { .is_layer = true };
    AUTO_CLOSE int tree = layer_open_tree(session, work, err);
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    char hex[HASH_SHA256_HEX_SIZE];

    reader = tree < 0 ? NULL : stream_reader_new(blob, LAYER_SIZE_MAX, err);
    if (!reader || unpack_archive(reader, tree, &options, hex, err) < 0 ||
        check_digest("a layer's content", hex, layer->diff_id, err) < 0 ||
        stream_reader_finish(reader, hex, err) < 0)
        return -1;
    return check_digest("a layer", hex, layer->digest, err);
}

char *layer_unpack_work(int store_fd, struct session *session, const struct manifest_layer *layer,
                        struct error *err)
{
    AUTO_CLOSE int blob = blob_open(store_fd, layer->digest, err);
    AUTO_FREE char *work = NULL;

    if (blob < 0 || session_begin(session, store_fd, err) < 0)
        return NULL;
    work = layer_new_work(session, err);
    if (!work)
        return NULL;
    if (unpack(blob, session, work, layer, err) < 0) {
        error_wrap(err, "unpack %s", layer->digest);
        return NULL;
    }
    return STEAL_PTR(work);
}

/* The lock of the blob is for who unpacks it; it ends with its descriptor. */
static int lock_blob(int store_fd, const char *digest, struct error *err)
{
    AUTO_CLOSE int fd = blob_open(store_fd, digest, err);

    if (fd < 0)
        return -1;
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock blob %s", digest);
    }
    return STEAL_FD(fd);
}

int layer_unpack(int store_fd, struct session *session, const struct manifest_layer *layer,
                 const char *chain_hex, struct error *err)
{
    AUTO_CLOSE int lock = -1;
    AUTO_FREE char *work = NULL;

    if (layer_is_unpacked(store_fd, chain_hex))
        return 0;
    lock = lock_blob(store_fd, layer->digest, err);
    if (lock < 0)
        return error_wrap(err, "unpack %s", layer->digest);
    if (layer_is_unpacked(store_fd, chain_hex))
        return 0;
    work = layer_unpack_work(store_fd, session, layer, err);
    return work ? layer_install(store_fd, session, work, chain_hex, err) : -1;
}
