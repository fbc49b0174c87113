/* SPDX-License-Identifier: MIT */

/*
 * What a container has changed becomes an image
 */

#include "build/commit.h"

#include <stdlib.h>
#include <string.h>

#include "build/config_change.h"
#include "build/epoch.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/session.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

/* Copy the writable layer and write it as a blob; the copy stays as `work` of the session. */
static int make_layer(struct store *store, const struct commit_request *request, int64_t epoch,
                      char **work_out, struct manifest_layer *out, struct error *err)
{
    struct session *session = NULL;
    AUTO_FREE char *work = NULL;
    AUTO_CLOSE int tree = -1;
    int result;

    if (store_begin(store, &session, err) < 0)
        return -1;
    work = layer_new_work(session, err);
    tree = work ? layer_open_tree(session, work, err) : -1;
    if (tree < 0)
        return -1;
    result = changes_copy(&request->changes, tree, err);
    if (request->copied)
        request->copied(request->context);
    if (result < 0 || layer_save(store_get_folder(store), session, tree, epoch, out, err) < 0)
        return -1;
    *work_out = STEAL_PTR(work);
    return 0;
}

/* The copy is what the layer unpacks to. */
static int install(struct store *store, const struct manifest *manifest, const char *work,
                   struct error *err)
{
    struct session *session = NULL;
    char chain[HASH_SHA256_HEX_SIZE];

    if (store_begin(store, &session, err) < 0)
        return -1;
    manifest_chain_id(manifest, manifest->layer_count, chain);
    return layer_install(store_get_folder(store), session, work, chain, err);
}

static void describe(const struct commit_request *request, struct manifest *manifest)
{
    struct manifest_history *entry = manifest_add_history(manifest, request->command, false);

    entry->comment = alloc_text(request->message);
    entry->author = alloc_text(request->author);
    free(manifest->author);
    manifest->author = alloc_text(request->author);
    image_config_copy(&manifest->config, request->config);
}

static int add_changes(struct store *store, const struct commit_request *request, int64_t epoch,
                       struct manifest *manifest, struct error *err)
{
    AUTO_FREE char *work = NULL;
    struct manifest_layer layer = { 0 };
    char created[32];

    if (manifest->layer_count >= MANIFEST_LAYERS_MAX)
        return error_set(err, ERROR_INVALID,
                         "the image has %zu layers already, and may not have more",
                         manifest->layer_count);
    if (make_layer(store, request, epoch, &work, &layer, err) < 0)
        return -1;
    manifest_add_layer(manifest, &layer);
    manifest_layer_done(&layer);
    describe(request, manifest);
    epoch_format(epoch, created);
    free(manifest->created);
    manifest->created = alloc_text(created);
    return install(store, manifest, work, err);
}

/* The image without further instructions. */
static int commit_plain(struct store *store, const void *context, const struct strings *names,
                        char **digest_out, struct error *err)
{
    const struct commit_request *request = context;
    AUTO_CLOSE int lock = prune_lock(store_get_folder(store), false, err);
    AUTO(manifest) struct manifest *base = NULL;
    AUTO(manifest) struct manifest *manifest = NULL;
    int64_t epoch = 0;

    if (lock < 0 || epoch_parse(NULL, &epoch, err) < 0 ||
        store_load_manifest(store, request->image->digest, &base, err) < 0)
        return -1;
    manifest = manifest_copy(base);
    if (add_changes(store, request, epoch, manifest, err) < 0)
        return -1;
    return store_save_image(store, manifest, names, digest_out, err);
}

int commit_image(struct store *store, const struct commit_request *request,
                 struct image **image_out, struct error *err)
{
    const struct config_change change = {
        .make = commit_plain,
        .context = request,
        .names = &request->names,
        .instructions = &request->instructions,
    };

    return config_change_apply(store, &change, image_out, err);
}
