/* SPDX-License-Identifier: MIT */

/*
 * The archive of a root file system becomes an image
 */

#include "build/import.h"

#include <stdlib.h>
#include <string.h>

#include "build/config_change.h"
#include "build/epoch.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/stream_reader.h"
#include "util/alloc.h"
#include "util/error.h"

static int read_layer(struct store *store, const struct import_request *request,
                      struct manifest *manifest, struct error *err)
{
    AUTO(stream_reader)
    struct stream_reader *reader = stream_reader_new(request->fd, LAYER_SIZE_MAX, err);
    const struct layer_source source = {
        .reader = reader,
        .progress = &request->progress,
        .what = "archive",
    };
    struct session *session = NULL;
    struct manifest_layer layer = { 0 };
    char hex[HASH_SHA256_HEX_SIZE];
    int result = -1;

    if (!reader || store_begin(store, &session, err) < 0 ||
        layer_save_stream(store_get_folder(store), session, &source, &layer, err) < 0)
        return -1;
    result = stream_reader_finish(reader, hex, err);
    hash_sha256_hex_of("", 0, hex);
    if (result == 0 && strcmp(layer.diff_id + strlen("sha256:"), hex) == 0)
        result = error_set(err, ERROR_INVALID, "the archive is empty");
    manifest_add_layer(manifest, &layer);
    manifest_layer_done(&layer);
    return result;
}

/* The image without changes; with names it is finished. */
static int import_plain(struct store *store, const void *context, const struct strings *names,
                        char **digest_out, struct error *err)
{
    const struct import_request *request = context;
    AUTO_CLOSE int lock = prune_lock(store_get_folder(store), false, err);
    AUTO(manifest) struct manifest *manifest = alloc_new(struct manifest);
    char created[32];
    int64_t epoch = 0;

    if (lock < 0 || epoch_parse(NULL, &epoch, err) < 0 ||
        read_layer(store, request, manifest, err) < 0)
        return -1;
    epoch_format(epoch, created);
    manifest->created = alloc_text(created);
    manifest_add_history(manifest, request->history, false);
    return store_save_image(store, manifest, names, digest_out, err);
}

int import_image(struct store *store, const struct import_request *request,
                 struct image **image_out, struct error *err)
{
    const struct config_change change = {
        .make = import_plain,
        .context = request,
        .names = &request->names,
        .instructions = &request->changes,
    };

    return config_change_apply(store, &change, image_out, err);
}
