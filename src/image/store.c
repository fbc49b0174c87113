/* SPDX-License-Identifier: MIT */

/*
 * The image store
 */

#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/catalog.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/scan.h"
#include "image/session.h"
#include "image/store_layout.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define RECORD_SIZE_MAX (1U << 20)

struct store {
    int fd;
    char *path;
    struct session session;
};

struct store *store_open(const char *root, struct error *err)
{
    AUTO(store) struct store *store = alloc_new(struct store);

    store->session = SESSION_NONE;
    store->fd = -1;
    if (file_make_folders(root, 0700, err) < 0)
        return NULL;
    store->path = realpath(root, NULL);
    store->fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0 || !store->path) {
        error_set_errno(err, errno, "open '%s'", root);
        return NULL;
    }
    if (!file_exists(store->fd, "oci-layout") && store_layout_make(store->fd, err) < 0)
        return NULL;
    if (session_sweep(store->fd, err) < 0)
        return NULL;
    return STEAL_PTR(store);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    session_end(&store->session, store->fd);
    if (store->fd >= 0)
        close(store->fd);
    free(store->path);
    free(store);
}

int store_get_folder(const struct store *store)
{
    return store->fd;
}

const char *store_get_path(const struct store *store)
{
    return store->path;
}

int store_begin(struct store *store, struct session **session_out, struct error *err)
{
    if (session_begin(&store->session, store->fd, err) < 0)
        return -1;
    *session_out = &store->session;
    return 0;
}

int store_begin_child(struct store *store, struct session **session_out, struct error *err)
{
    if (store->session.fd >= 0)
        close(store->session.fd);
    free(store->session.name);
    store->session = SESSION_NONE;
    return store_begin(store, session_out, err);
}

char *store_session_path(const struct store *store, const struct session *session, const char *name)
{
    return alloc_format("%s/tmp/%s/%s", store->path, session->name, name);
}

int store_load_manifest(struct store *store, const char *digest, struct manifest **out,
                        struct error *err)
{
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO_TEXT struct text text = { 0 };

    if (blob_read(store->fd, digest, MANIFEST_SIZE_MAX, &text, err) < 0 ||
        manifest_parse(&text, &manifest, err) < 0)
        return -1;
    text_clear(&text);
    if (blob_read(store->fd, manifest->id, MANIFEST_SIZE_MAX, &text, err) < 0 ||
        manifest_parse_config(manifest, &text, err) < 0)
        return -1;
    manifest->digest = alloc_text(digest);
    *out = STEAL_PTR(manifest);
    return 0;
}

char *store_layer_path(const struct store *store, const char *chain_hex)
{
    return alloc_format("%s/layers/%s/tree", store->path, chain_hex);
}

int store_unpack(struct store *store, const struct manifest *manifest, struct strings *layers_out,
                 struct error *err)
{
    AUTO_STRINGS struct strings layers = { 0 };

    for (size_t i = 0; i < manifest->layer_count; i++) {
        char chain[HASH_SHA256_HEX_SIZE];

        manifest_chain_id(manifest, i + 1, chain);
        if (layer_unpack(store->fd, &store->session, &manifest->layers[i], chain, err) < 0)
            return -1;
    }
    for (size_t i = manifest->layer_count; i > 0; i--) {
        char chain[HASH_SHA256_HEX_SIZE];

        manifest_chain_id(manifest, i, chain);
        strings_take(&layers, store_layer_path(store, chain));
    }
    /* An image without a layer is an empty folder. */
    if (layers.count == 0)
        strings_take(&layers, store_layer_path(store, "none"));
    strings_done(layers_out);
    *layers_out = layers;
    layers = (struct strings){ 0 };
    return 0;
}

static struct image *new_image(const struct manifest *manifest, const struct catalog *catalog)
{
    struct image *image = alloc_new(struct image);

    image->id = alloc_text(manifest->id);
    image->digest = alloc_text(manifest->digest);
    image_config_copy(&image->config, &manifest->config);
    for (size_t i = 0; i < manifest->layer_count; i++) {
        image->size_bytes += manifest->layers[i].size_bytes;
        strings_add(&image->diff_ids, manifest->layers[i].diff_id);
    }
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_item *item = &catalog->items[i];

        if (strcmp(item->digest, manifest->digest) != 0)
            continue;
        if (item->name)
            strings_add(&image->names, item->name);
        if (!image->created)
            image->created = alloc_text(item->created);
    }
    if (!image->created)
        image->created = alloc_text(manifest->created);
    return image;
}

static bool id_matches(const struct manifest *manifest, const char *reference)
{
    if (!text_starts_with(reference, "sha256:"))
        return text_starts_with(manifest->id + strlen("sha256:"), reference);
    return text_starts_with(manifest->id, reference) || strcmp(manifest->digest, reference) == 0;
}

static int find_by_id(struct store *store, const struct catalog *catalog, const char *reference,
                      struct manifest **out, struct error *err)
{
    AUTO(manifest) struct manifest *found = NULL;

    for (size_t i = 0; i < catalog->count; i++) {
        AUTO(manifest) struct manifest *manifest = NULL;

        if (store_load_manifest(store, catalog->items[i].digest, &manifest, err) < 0)
            return -1;
        if (!id_matches(manifest, reference))
            continue;
        if (found && strcmp(found->id, manifest->id) != 0)
            return error_set(err, ERROR_INVALID,
                             "'%s' is the beginning of several ids: give more digits", reference);
        manifest_free(found);
        found = STEAL_PTR(manifest);
    }
    *out = STEAL_PTR(found);
    return 0;
}

/* By digest, also one behind a name, which then does not count; else by name, else by id. */
static int find_manifest(struct store *store, const struct catalog *catalog, const char *reference,
                         struct manifest **out, struct error *err)
{
    const char *at = strchr(reference, '@');
    AUTO_FREE char *name = NULL;
    struct error refused = { 0 };
    const struct catalog_item *item = NULL;

    *out = NULL;
    item = catalog_find_digest(catalog, at ? at + 1 : reference);
    if (!item && reference_parse(reference, &name, &refused) == 0)
        item = catalog_find_name(catalog, name);
    if (item)
        return store_load_manifest(store, item->digest, out, err);
    if (reference_is_id(reference))
        return find_by_id(store, catalog, reference, out, err);
    if (!name)
        *err = refused;
    return name ? 0 : -1;
}

int store_find_image(struct store *store, const char *reference, struct image **out,
                     struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO(image) struct image *image = NULL;

    *out = NULL;
    if (catalog_load(store->fd, &catalog, err) < 0 ||
        find_manifest(store, &catalog, reference, &manifest, err) < 0)
        return -1;
    if (!manifest)
        return 0;
    image = new_image(manifest, &catalog);
    if (store_unpack(store, manifest, &image->layers, err) < 0)
        return error_wrap(err, "image '%s'", reference);
    *out = STEAL_PTR(image);
    return 0;
}

static int compare_ages(const void *a, const void *b)
{
    const struct image *one = *(struct image *const *)a;
    const struct image *two = *(struct image *const *)b;
    int order = strcmp(two->created, one->created);

    return order != 0 ? order : strcmp(one->id, two->id);
}

int store_list_images(struct store *store, struct image ***out, size_t *count_out,
                      struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    struct image **images = NULL;
    size_t count = 0;

    if (catalog_load(store->fd, &catalog, err) < 0)
        return -1;
    for (size_t i = 0; i < catalog.count; i++) {
        AUTO(manifest) struct manifest *manifest = NULL;

        /* Each image is listed at the first of its items. */
        if (catalog_find_digest(&catalog, catalog.items[i].digest) != &catalog.items[i])
            continue;
        if (store_load_manifest(store, catalog.items[i].digest, &manifest, err) < 0) {
            for (size_t k = 0; k < count; k++)
                image_free(images[k]);
            free(images);
            return -1;
        }
        *ALLOC_APPEND(images, count) = new_image(manifest, &catalog);
    }
    if (count > 1)
        qsort(images, count, sizeof(struct image *), compare_ages);
    *out = images;
    *count_out = count;
    return 0;
}

/* Load for a change: the lock is the return value. */
static int begin_change(const struct store *store, struct catalog *catalog, struct error *err)
{
    AUTO_CLOSE int lock = catalog_lock(store->fd, err);

    if (lock < 0 || catalog_load(store->fd, catalog, err) < 0)
        return -1;
    return STEAL_FD(lock);
}

int store_tag(struct store *store, const char *reference, const char *name, struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO_FREE char *full = NULL;
    AUTO_CLOSE int lock = -1;
    struct catalog_item item = { 0 };

    if (reference_parse(name, &full, err) < 0)
        return -1;
    lock = begin_change(store, &catalog, err);
    if (lock < 0 || find_manifest(store, &catalog, reference, &manifest, err) < 0)
        return -1;
    if (!manifest)
        return error_set(err, ERROR_NOT_FOUND, "there is no image '%s'", reference);
    item = *catalog_find_digest(&catalog, manifest->digest);
    item.name = full;
    catalog_add(&catalog, &item);
    return catalog_save(store->fd, &catalog, err);
}

int store_remove_image(struct store *store, const char *reference, bool *gone_out,
                       struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO_FREE char *name = NULL;
    struct error refused = { 0 };
    AUTO_CLOSE int lock = begin_change(store, &catalog, err);
    const struct catalog_item *left = NULL;

    if (lock < 0 || find_manifest(store, &catalog, reference, &manifest, err) < 0)
        return -1;
    if (!manifest)
        return error_set(err, ERROR_NOT_FOUND, "there is no image '%s'", reference);
    if (reference_parse(reference, &name, &refused) == 0 && catalog_find_name(&catalog, name))
        catalog_remove_name(&catalog, name);
    else
        catalog_remove_digest(&catalog, manifest->digest);
    left = catalog_find_digest(&catalog, manifest->digest);
    *gone_out = !left || !left->name;
    if (*gone_out)
        catalog_remove_digest(&catalog, manifest->digest);
    return catalog_save(store->fd, &catalog, err);
}

int store_remove_nameless(struct store *store, const char *digest, struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO_CLOSE int lock = begin_change(store, &catalog, err);
    const struct catalog_item *item = NULL;

    if (lock < 0)
        return -1;
    item = catalog_find_digest(&catalog, digest);
    if (!item || item->name)
        return 0;
    catalog_remove_digest(&catalog, digest);
    return catalog_save(store->fd, &catalog, err);
}

int store_prune(struct store *store, bool dangling, const struct strings *used,
                uint64_t *freed_bytes_out, struct error *err)
{
    return prune_store(store, dangling, used, freed_bytes_out, err);
}

int store_find_record(struct store *store, const char *image_id, char **out, struct error *err)
{
    const char *hex = blob_find_hex(image_id);
    AUTO_FREE char *path = alloc_format("records/%s.json", hex ? hex : "none");
    AUTO_TEXT struct text text = { 0 };

    *out = NULL;
    if (!hex || !file_exists(store->fd, path))
        return 0;
    if (file_read(store->fd, path, RECORD_SIZE_MAX, &text, err) < 0)
        return -1;
    *out = text_steal(&text);
    return 0;
}

int store_save_record(struct store *store, const char *image_id, const char *json,
                      struct error *err)
{
    const char *hex = blob_find_hex(image_id);
    AUTO_FREE char *path = alloc_format("records/%s.json", hex ? hex : "none");

    if (!hex)
        return error_set(err, ERROR_INVALID, "'%s' is no id of an image", image_id);
    return file_replace(store->fd, path, json, strlen(json), FILE_DURABLE(0600), err);
}

/* Whether the image has all the names already, so that nothing is to be written. */
static bool has_names(const struct catalog *catalog, const struct strings *names,
                      const char *digest)
{
    for (size_t i = 0; i < names->count; i++) {
        struct error ignored = { 0 };
        AUTO_FREE char *name = NULL;
        const struct catalog_item *item = NULL;

        if (reference_parse(names->items[i], &name, &ignored) < 0)
            return false;
        item = catalog_find_name(catalog, name);
        if (!item || strcmp(item->digest, digest) != 0)
            return false;
    }
    return catalog_find_digest(catalog, digest) != NULL;
}

static int save_names(struct store *store, const struct strings *names, struct catalog_item *item,
                      struct error *err)
{
    AUTO_CATALOG struct catalog catalog = { 0 };
    AUTO_CLOSE int lock = begin_change(store, &catalog, err);

    if (lock < 0)
        return -1;
    if (has_names(&catalog, names, item->digest))
        return 0;
    if (names->count == 0)
        catalog_add(&catalog, item);
    for (size_t i = 0; i < names->count; i++) {
        AUTO_FREE char *name = NULL;

        if (reference_parse(names->items[i], &name, err) < 0)
            return -1;
        item->name = name;
        catalog_add(&catalog, item);
        item->name = NULL;
    }
    return catalog_save(store->fd, &catalog, err);
}

int store_add_image(struct store *store, const char *json, const struct strings *names,
                    char **digest_out, struct error *err)
{
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_FREE char *digest = NULL;
    struct catalog_item item = { 0 };
    char now[32];

    if (blob_write(store->fd, json, strlen(json), &digest, err) < 0 ||
        store_load_manifest(store, digest, &manifest, err) < 0 ||
        store_unpack(store, manifest, &layers, err) < 0)
        return -1;
    clock_format_wall(clock_wall_ms(), now);
    item = (struct catalog_item){ .digest = digest, .created = now, .size_bytes = strlen(json) };
    if (save_names(store, names, &item, err) < 0)
        return -1;
    *digest_out = STEAL_PTR(digest);
    return 0;
}

int store_save_image(struct store *store, const struct manifest *manifest,
                     const struct strings *names, char **digest_out, struct error *err)
{
    AUTO_FREE char *config = manifest_format_config(manifest);
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *json = NULL;

    if (blob_write(store->fd, config, strlen(config), &id, err) < 0)
        return -1;
    json = manifest_format(manifest, id, strlen(config));
    return store_add_image(store, json, names, digest_out, err);
}

int store_copy_path(const struct image *image, const char *path, const char *target_folder,
                    struct error *err)
{
    AUTO(merged) struct merged *view = merged_open(&image->layers, err);
    const struct scan_source source = { .view = view };

    if (!view || scan_copy_folder(&source, path, target_folder, err) < 0)
        return error_wrap(err, "copy '%s' of the image to '%s'", path, target_folder);
    return 0;
}
