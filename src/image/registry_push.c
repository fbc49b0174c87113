/* SPDX-License-Identifier: MIT */

/*
 * An image goes from the store to a registry
 *
 * Each layer is a piece, the configuration is the last; a few are under way at a time.
 */

#include "image/registry_push.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/blob.h"
#include "image/catalog.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/registry.h"
#include "image/registry_manifest.h"
#include "image/registry_upload.h"
#include "image/session.h"
#include "image/store.h"
#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/parallel.h"

#define THREADS 3
#define DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* A blob to send. */
struct piece {
    char *digest;
    uint64_t size_bytes;
    int fd;
    char *from;   /* a repository that may have it; NULL: none is known */
    int spool_fd; /* where the layer is to be compressed anew; -1: it is sent as it is */
};

struct push {
    struct store *store;
    const struct registry_push_settings *settings;
    struct reference reference;
    struct text json;
    struct manifest *manifest;
    struct piece *pieces; /* the layers and the configuration */
    struct registry *registry;
    struct http *http[THREADS];
    struct registry_upload upload;
    pthread_mutex_t progress_lock;
};

static void push_done(struct push *push)
{
    for (size_t i = 0; push->pieces && i <= push->manifest->layer_count; i++) {
        cleanup_close(&push->pieces[i].fd);
        cleanup_close(&push->pieces[i].spool_fd);
        free(push->pieces[i].digest);
        free(push->pieces[i].from);
    }
    free(push->pieces);
    for (size_t i = 0; i < THREADS; i++)
        http_free(push->http[i]);
    registry_free(push->registry);
    manifest_free(push->manifest);
    text_done(&push->json);
    reference_done(&push->reference);
    pthread_mutex_destroy(&push->progress_lock);
}

static int load_image(struct push *push, const char *name, struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    const struct catalog_item *item = NULL;
    int store_fd = store_get_folder(push->store);

    if (catalog_load(store_fd, &catalog, err) < 0)
        return -1;
    item = catalog_find_name(&catalog, name);
    if (!item)
        return error_set(
            err, ERROR_NOT_FOUND,
            "the store has no image of this name; give it to one with 'carte tag IMAGE "
            "%s'",
            name);
    if (blob_read(store_fd, item->digest, MANIFEST_SIZE_MAX, &push->json, err) < 0)
        return -1;
    return manifest_parse(&push->json, &push->manifest, err);
}

static bool is_gzip(const struct manifest_layer *layer)
{
    return text_ends_with(layer->media_type, "gzip");
}

static int open_piece(struct push *push, const char *digest, struct piece *out, struct error *err)
{
    struct stat status;

    out->digest = alloc_text(digest);
    out->fd = blob_open(store_get_folder(push->store), digest, err);
    if (out->fd < 0)
        return -1;
    if (fstat(out->fd, &status) < 0)
        return error_set_errno(err, errno, "blob %s", digest);
    out->size_bytes = (uint64_t)status.st_size;
    return 0;
}

/* A file without a name, for what is to be compressed anew. */
static int open_spool(struct session *session, struct error *err)
{
    AUTO_FREE char *name = session_new_name(session, "push");
    int fd = openat(session->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "make a file for a layer");
    unlinkat(session->fd, name, 0);
    return fd;
}

static int open_pieces(struct push *push, struct error *err)
{
    const struct manifest *manifest = push->manifest;
    struct session *session = NULL;

    push->pieces = alloc_array(struct piece, manifest->layer_count + 1);
    for (size_t i = 0; i <= manifest->layer_count; i++)
        push->pieces[i].fd = push->pieces[i].spool_fd = -1;
    if (store_begin(push->store, &session, err) < 0)
        return -1;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        if (open_piece(push, manifest->layers[i].digest, &push->pieces[i], err) < 0)
            return -1;
        if (!push->settings->gzip || is_gzip(&manifest->layers[i]))
            continue;
        push->pieces[i].spool_fd = open_spool(session, err);
        if (push->pieces[i].spool_fd < 0)
            return -1;
    }
    return open_piece(push, manifest->id, &push->pieces[manifest->layer_count], err);
}

/* Blobs of `manifest`, an image of `repository`, may be taken from there. */
static void note_source(struct push *push, const struct manifest *manifest, const char *repository)
{
    for (size_t i = 0; i < push->manifest->layer_count; i++) {
        struct piece *piece = &push->pieces[i];

        for (size_t k = 0; k < manifest->layer_count && !piece->from; k++) {
            if (strcmp(manifest->layers[k].digest, piece->digest) == 0)
                piece->from = alloc_text(repository);
        }
    }
}

/* Which other repositories of the registry have the layers, to judge by the store's names? */
static int find_sources(struct push *push, struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };

    if (catalog_load(store_get_folder(push->store), &catalog, err) < 0)
        return -1;
    for (size_t i = 0; i < catalog.count; i++) {
        AUTO_REFERENCE struct reference other = { 0 };
        AUTO(manifest) struct manifest *manifest = NULL;
        struct error ignored = { 0 };

        if (!catalog.items[i].name ||
            reference_split(catalog.items[i].name, &other, &ignored) < 0 ||
            strcmp(other.host, push->reference.host) != 0 ||
            strcmp(other.repository, push->reference.repository) == 0)
            continue;
        if (store_load_manifest(push->store, catalog.items[i].digest, &manifest, err) < 0)
            return -1;
        note_source(push, manifest, other.repository);
    }
    return 0;
}

static int compress_anew(struct piece *piece, struct error *err)
{
    AUTO(stream_reader)
    struct stream_reader *reader = stream_reader_new(piece->fd, LAYER_SIZE_MAX, err);
    AUTO(stream_writer)
    struct stream_writer *writer =
        reader ? stream_writer_new(piece->spool_fd, STREAM_WRITER_GZIP, err) : NULL;
    char hex[HASH_SHA256_HEX_SIZE];
    const void *data = NULL;
    ssize_t got = writer ? stream_reader_next(reader, &data, err) : -1;

    while (got > 0) {
        if (stream_writer_add(writer, data, (size_t)got, err) < 0)
            return -1;
        got = stream_reader_next(reader, &data, err);
    }
    if (got < 0 || stream_reader_finish(reader, hex, err) < 0)
        return -1;
    if (strcmp(hex, blob_find_hex(piece->digest)) != 0)
        return error_set(err, ERROR_INVALID, "blob %s is damaged: 'carte fsck' tells more",
                         piece->digest);
    if (stream_writer_finish(writer, hex, &piece->size_bytes, err) < 0)
        return -1;
    free(piece->digest);
    piece->digest = alloc_format("sha256:%s", hex);
    return 0;
}

/* A parallel_fn. */
static int send_piece(void *context, size_t thread, size_t job, struct error *err)
{
    struct push *push = context;
    struct piece *piece = &push->pieces[job];
    struct registry_upload_blob blob = { .fd = piece->fd, .from = piece->from };

    if (piece->spool_fd >= 0) {
        if (compress_anew(piece, err) < 0)
            return error_wrap(err, "compress with gzip");
        blob = (struct registry_upload_blob){ .fd = piece->spool_fd };
    }
    blob.digest = piece->digest;
    blob.size_bytes = piece->size_bytes;
    return registry_upload_blob(&push->upload, push->http[thread], &blob, err);
}

/* The progress of threads, one at a time. */
static void tell_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct push *push = context;

    pthread_mutex_lock(&push->progress_lock);
    image_progress_tell(&push->settings->progress, what, done, total);
    pthread_mutex_unlock(&push->progress_lock);
}

static int connect_all(struct push *push, struct error *err)
{
    const struct registry_settings settings = {
        .host = push->reference.host,
        .insecure = push->settings->insecure,
    };

    push->registry = registry_open(&settings, err);
    if (!push->registry)
        return -1;
    for (size_t i = 0; i < THREADS; i++) {
        push->http[i] = registry_connect(push->registry, err);
        if (!push->http[i])
            return -1;
    }
    push->upload = (struct registry_upload){
        .registry = push->registry,
        .repository = push->reference.repository,
        .chunk_bytes = push->settings->chunk_bytes,
        .progress = { tell_progress, push },
    };
    return 0;
}

static bool has_new_blobs(const struct push *push)
{
    for (size_t i = 0; i < push->manifest->layer_count; i++) {
        if (push->pieces[i].spool_fd >= 0)
            return true;
    }
    return false;
}

/* The manifest with other blobs for its layers; what else is in it stays. */
static char *format_manifest(const struct push *push, const struct json *root)
{
    AUTO(json) struct json *copy = json_copy(root);
    struct json *layers = json_new_array();
    const char *type = json_find_text(root, "mediaType", MANIFEST_MEDIA_TYPE);
    size_t i = 0;

    for (const struct json *l = json_first(json_find(root, "layers")); l; l = json_next(l), i++) {
        const struct piece *piece = &push->pieces[i];
        struct json *layer = json_copy(l);

        if (piece->spool_fd >= 0) {
            json_set_text(layer, "mediaType",
                          strcmp(type, MANIFEST_MEDIA_TYPE) == 0 ? MANIFEST_LAYER_GZIP
                                                                 : DOCKER_LAYER_GZIP);
            json_set_text(layer, "digest", piece->digest);
            json_set_int(layer, "size", (int64_t)piece->size_bytes);
        }
        json_append(layers, layer);
    }
    json_set(copy, "layers", layers);
    return json_print(copy, false);
}

static int put_manifest(struct push *push, const char *type, const char *json, const char *digest,
                        struct error *err)
{
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    AUTO_FREE char *scope = registry_manifest_scope(push->reference.repository, "pull,push");
    AUTO_STRINGS struct strings headers = { 0 };
    const struct reference *reference = &push->reference;
    AUTO_FREE char *url = alloc_format("/v2/%s/manifests/%s", reference->repository,
                                       reference->digest ? reference->digest : reference->tag);
    const struct registry_request request = {
        .method = "PUT",
        .url = url,
        .scope = scope,
        .headers = &headers,
        .content = json,
    };
    const char *said = NULL;

    strings_take(&headers, alloc_format("Content-Type: %s", type));
    if (registry_perform(push->registry, push->http[0], &request, &answer, err) < 0)
        return -1;
    if (answer.status < 200 || answer.status > 202)
        return registry_refuse(push->registry, &request, &answer, err);
    said = http_find_header(&answer, "docker-content-digest");
    if (said && blob_find_hex(said) && strcmp(said, digest) != 0)
        return error_set(err, ERROR_INVALID, "the registry took %s for %s", digest, said);
    return 0;
}

static int send_all(struct push *push, char **digest_out, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(&push->json), push->json.length, err);
    AUTO_FREE char *json = NULL;
    AUTO_FREE char *digest = NULL;
    char hex[HASH_SHA256_HEX_SIZE];

    if (!root || parallel_run(push->manifest->layer_count + 1, THREADS, send_piece, push,
                              &push->upload.stop, err) < 0)
        return -1;
    json = has_new_blobs(push) ? format_manifest(push, root) : alloc_text(text_get(&push->json));
    hash_sha256_hex_of(json, strlen(json), hex);
    digest = alloc_format("sha256:%s", hex);
    if (put_manifest(push, json_find_text(root, "mediaType", MANIFEST_MEDIA_TYPE), json, digest,
                     err) < 0)
        return error_wrap(err, "manifest");
    *digest_out = STEAL_PTR(digest);
    return 0;
}

int registry_push(struct store *store, const char *name,
                  const struct registry_push_settings *settings, char **digest_out,
                  struct error *err)
{
    __attribute__((cleanup(push_done))) struct push push = {
        .store = store,
        .settings = settings,
        .progress_lock = PTHREAD_MUTEX_INITIALIZER,
    };
    AUTO_FREE char *full = NULL;
    AUTO_CLOSE int lock = -1;

    if (reference_parse(name, &full, err) < 0 || reference_split(name, &push.reference, err) < 0)
        return -1;
    lock = prune_lock(store_get_folder(store), false, err);
    if (lock < 0)
        return -1;
    if (load_image(&push, full, err) < 0 || open_pieces(&push, err) < 0 ||
        find_sources(&push, err) < 0 || connect_all(&push, err) < 0 ||
        send_all(&push, digest_out, err) < 0)
        return error_wrap(err, "push '%s'", full);
    return 0;
}
