/* SPDX-License-Identifier: MIT */

/*
 * An image comes from a registry into the store
 *
 * First the manifest and the configuration, which are small and say whether the rest is wanted;
 * then the layers, a few at a time; then the store takes the image.
 */

#include "image/registry_pull.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "image/blob.h"
#include "image/catalog.h"
#include "image/layer.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/registry.h"
#include "image/registry_fetch.h"
#include "image/registry_manifest.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/parallel.h"
#include "util/parse.h"

/* As docker and podman have it: enough to fill a line, few enough to be polite. */
#define THREADS 3

struct pull {
    struct store *store;
    const struct registry_pull_settings *settings;
    struct image_index_platform platform;
    struct reference reference;
    struct registry *registry;
    struct http *http[THREADS];
    struct registry_manifest manifest;
    struct registry_fetch fetch;
    char *scope;
    pthread_mutex_t progress_lock;
};

void registry_pull_done(struct registry_pulled *pulled)
{
    free(pulled->name);
    free(pulled->id);
    free(pulled->digest);
    *pulled = (struct registry_pulled){ 0 };
}

static void pull_done(struct pull *pull)
{
    for (size_t i = 0; i < THREADS; i++)
        http_free(pull->http[i]);
    registry_manifest_done(&pull->manifest);
    registry_free(pull->registry);
    reference_done(&pull->reference);
    free(pull->scope);
    pthread_mutex_destroy(&pull->progress_lock);
}

/* The progress of threads, one at a time. */
static void tell_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct pull *pull = context;

    pthread_mutex_lock(&pull->progress_lock);
    image_progress_tell(&pull->settings->progress, what, done, total);
    pthread_mutex_unlock(&pull->progress_lock);
}

static int connect_all(struct pull *pull, struct error *err)
{
    const struct registry_settings settings = {
        .host = pull->reference.host,
        .insecure = pull->settings->insecure,
    };

    pull->registry = registry_open(&settings, err);
    if (!pull->registry)
        return -1;
    for (size_t i = 0; i < THREADS; i++) {
        pull->http[i] = registry_connect(pull->registry, err);
        if (!pull->http[i])
            return -1;
    }
    pull->scope = registry_manifest_scope(pull->reference.repository, "pull");
    pull->fetch = (struct registry_fetch){
        .registry = pull->registry,
        .repository = pull->reference.repository,
        .scope = pull->scope,
        .store_fd = store_get_folder(pull->store),
    };
    return 0;
}

/* An image for another machine is what the user wanted only if it was said. */
static int check_platform(const struct pull *pull, const struct text *config, struct error *err)
{
    AUTO(json) struct json *json = json_parse(text_get(config), config->length, err);
    const char *os = json_find_text(json, "os", "");
    const char *architecture = json_find_text(json, "architecture", "");
    const struct image_index_platform *wanted = &pull->platform;

    if (!json)
        return -1;
    /* Old images do not say. */
    if ((!os[0] || strcmp(os, wanted->os) == 0) &&
        (!architecture[0] || strcmp(architecture, wanted->architecture) == 0))
        return 0;
    return error_set(
        err, ERROR_NOT_FOUND,
        "there is no image for %s/%s; this one is for %s/%s: take it all the same with "
        "--platform %s/%s",
        wanted->os, wanted->architecture, os, architecture, os, architecture);
}

static int fetch_config(struct pull *pull, struct error *err)
{
    struct manifest *manifest = pull->manifest.manifest;
    AUTO_TEXT struct text config = { 0 };

    if (registry_fetch_blob(&pull->fetch, pull->http[0], manifest->id, pull->manifest.config_bytes,
                            err) < 0 ||
        blob_read(pull->fetch.store_fd, manifest->id, MANIFEST_SIZE_MAX, &config, err) < 0)
        return error_wrap(err, "configuration");
    if (manifest_parse_config(manifest, &config, err) < 0)
        return -1;
    return check_platform(pull, &config, err);
}

static int check_space(const struct pull *pull, struct error *err)
{
    const struct manifest *manifest = pull->manifest.manifest;
    struct statvfs status;
    uint64_t needed = 0;
    uint64_t there = 0;
    char sizes[2][32];

    for (size_t i = 0; i < manifest->layer_count; i++) {
        const struct manifest_layer *layer = &manifest->layers[i];

        if (layer->size_bytes > LAYER_SIZE_MAX)
            return error_set(err, ERROR_INVALID, "layer %s has more than %llu bytes", layer->digest,
                             (unsigned long long)LAYER_SIZE_MAX);
        if (!blob_exists(pull->fetch.store_fd, layer->digest))
            needed += layer->size_bytes;
    }
    if (fstatvfs(pull->fetch.store_fd, &status) < 0)
        return error_set_errno(err, errno, "look for room in the store");
    there = (uint64_t)status.f_bavail * status.f_frsize;
    if (needed <= there)
        return 0;
    parse_format_bytes(needed, sizes[0]);
    parse_format_bytes(there, sizes[1]);
    return error_set(err, ERROR_SYSTEM, "the layers have %s, but the store has room for %s",
                     sizes[0], sizes[1]);
}

/* A parallel_fn. */
static int fetch_layer(void *context, size_t thread, size_t job, struct error *err)
{
    struct pull *pull = context;
    const struct manifest_layer *layer = &pull->manifest.manifest->layers[job];

    return registry_fetch_blob(&pull->fetch, pull->http[thread], layer->digest, layer->size_bytes,
                               err);
}

static int fetch_all(struct pull *pull, struct error *err)
{
    if (registry_manifest_fetch(pull->registry, pull->http[0], &pull->reference, &pull->platform,
                                &pull->manifest, err) < 0 ||
        fetch_config(pull, err) < 0 || check_space(pull, err) < 0)
        return -1;
    /* The configuration was no work worth a line. */
    pull->fetch.progress = (struct image_progress){ tell_progress, pull };
    return parallel_run(pull->manifest.manifest->layer_count, THREADS, fetch_layer, pull,
                        &pull->fetch.stop, err);
}

/* The digest of the image that has the name so far; NULL: none. */
static int find_digest(struct store *store, const char *name, char **out, struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    const struct catalog_item *item = NULL;

    if (catalog_load(store_get_folder(store), &catalog, err) < 0)
        return -1;
    item = catalog_find_name(&catalog, name);
    *out = item ? alloc_text(item->digest) : NULL;
    return 0;
}

static int note_pull(struct store *store, const char *name, struct error *err)
{
    int store_fd = store_get_folder(store);
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO_CLOSE int lock = catalog_lock(store_fd, err);
    char now[32];

    if (lock < 0 || catalog_load(store_fd, &catalog, err) < 0)
        return -1;
    clock_format_wall(clock_wall_ms(), now);
    catalog_note_pull(&catalog, name, now);
    return catalog_save(store_fd, &catalog, err);
}

static int save(struct pull *pull, const char *name, struct registry_pulled *out, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *now = NULL;

    strings_add(&names, name);
    if (find_digest(pull->store, name, &before, err) < 0 ||
        store_add_image(pull->store, text_get(&pull->manifest.json), &names, &now, err) < 0 ||
        note_pull(pull->store, name, err) < 0)
        return -1;
    *out = (struct registry_pulled){
        .name = alloc_text(name),
        .id = alloc_text(pull->manifest.manifest->id),
        .digest = STEAL_PTR(pull->manifest.digest),
        .is_new = !text_equal(before, now),
    };
    return 0;
}

int registry_pull(struct store *store, const char *reference,
                  const struct registry_pull_settings *settings, struct registry_pulled *out,
                  struct error *err)
{
    __attribute__((cleanup(pull_done))) struct pull pull = {
        .store = store,
        .settings = settings,
        .progress_lock = PTHREAD_MUTEX_INITIALIZER,
    };
    AUTO_FREE char *name = NULL;
    AUTO_CLOSE int lock = -1;

    if (reference_parse(reference, &name, err) < 0 ||
        reference_split(reference, &pull.reference, err) < 0 ||
        image_index_parse_platform(settings->platform, &pull.platform, err) < 0)
        return -1;
    lock = prune_lock(store_get_folder(store), false, err);
    if (lock < 0)
        return -1;
    if (connect_all(&pull, err) < 0 || fetch_all(&pull, err) < 0 || save(&pull, name, out, err) < 0)
        return error_wrap(err, "pull '%s'", name);
    return 0;
}

int registry_pull_find_time(struct store *store, const char *reference, int64_t *wall_ms_out,
                            struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    const struct catalog_item *item = NULL;
    const char *time = NULL;
    AUTO_FREE char *name = NULL;

    if (reference_parse(reference, &name, err) < 0 ||
        catalog_load(store_get_folder(store), &catalog, err) < 0)
        return -1;
    item = catalog_find_name(&catalog, name);
    if (item)
        time = item->pulled ? item->pulled : item->created;
    if (!time || !clock_parse_wall(time, wall_ms_out))
        *wall_ms_out = 0;
    return 0;
}
