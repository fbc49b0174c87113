/* SPDX-License-Identifier: MIT */

/*
 * Base images made from what the host has
 */

#include "build/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build/bootstrap_busybox.h"
#include "build/bootstrap_debian.h"
#include "build/bootstrap_tree.h"
#include "build/epoch.h"
#include "image/layer.h"
#include "image/prune.h"
#include "image/session.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define SEARCH_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int fill(const struct bootstrap_tree *tree, struct error *err)
{
    const char *base = tree->request->base;

    if (strcmp(base, "busybox") == 0)
        return bootstrap_busybox_fill(tree, err);
    if (bootstrap_debian_find_suite(base))
        return bootstrap_debian_fill(tree, err);
    return error_set(
        err, ERROR_INVALID,
        "no base '%s' is known: busybox, debian:SUITE, ubuntu:SUITE and kali:SUITE are", base);
}

static int save_image(struct store *store, const struct bootstrap_request *request,
                      const struct manifest *manifest, struct image **image_out, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_FREE char *digest = NULL;

    strings_copy(&names, &request->names);
    if (names.count == 0)
        strings_add(&names, request->base);
    if (store_save_image(store, manifest, &names, &digest, err) < 0 ||
        store_find_image(store, digest, image_out, err) < 0)
        return -1;
    return *image_out ? 0 : error_set(err, ERROR_NOT_FOUND, "the image was removed meanwhile");
}

/* The filled tree becomes the only layer of the image. */
static int save_tree(struct store *store, struct session *session, const char *work,
                     const struct bootstrap_tree *tree, struct error *err)
{
    struct manifest *manifest = tree->manifest;
    AUTO_FREE char *history = alloc_format("carte bootstrap %s", tree->request->base);
    struct manifest_layer layer = { 0 };
    char chain[HASH_SHA256_HEX_SIZE];
    char created[32];

    bootstrap_tree_note(tree, "saving the layer");
    if (layer_save(store_get_folder(store), session, tree->fd, tree->epoch, &layer, err) < 0)
        return -1;
    manifest_add_layer(manifest, &layer);
    manifest_layer_done(&layer);
    manifest_add_history(manifest, history, false);
    epoch_format(tree->epoch, created);
    manifest->created = alloc_text(created);
    strings_add(&manifest->config.env, SEARCH_PATH);
    manifest_chain_id(manifest, 1, chain);
    return layer_install(store_get_folder(store), session, work, chain, err);
}

static int run(struct store *store, const struct bootstrap_request *request,
               struct image **image_out, struct error *err)
{
    AUTO(manifest) struct manifest *manifest = alloc_new(struct manifest);
    struct bootstrap_tree tree = { .request = request, .fd = -1, .manifest = manifest };
    struct session *session = NULL;
    AUTO_FREE char *work = NULL;
    AUTO_FREE char *folder = NULL;
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *spare = NULL;
    AUTO_CLOSE int fd = -1;

    if (epoch_parse(NULL, &tree.epoch, err) < 0 || store_begin(store, &session, err) < 0)
        return -1;
    work = layer_new_work(session, err);
    fd = work ? layer_open_tree(session, work, err) : -1;
    if (fd < 0)
        return -1;
    folder = store_session_path(store, session, work);
    spare = alloc_format("%s.spare", folder);
    path = alloc_format("%s/tree", folder);
    if (mkdir(spare, 0755) < 0)
        return error_set_errno(err, errno, "make a folder in the store");
    tree.fd = fd;
    tree.path = path;
    tree.spare = spare;
    if (fill(&tree, err) < 0 || save_tree(store, session, work, &tree, err) < 0)
        return -1;
    return save_image(store, request, manifest, image_out, err);
}

int bootstrap_image(struct store *store, const struct bootstrap_request *request,
                    struct image **image_out, struct error *err)
{
    AUTO_CLOSE int lock = prune_lock(store_get_folder(store), false, err);

    return lock < 0 ? -1 : run(store, request, image_out, err);
}
