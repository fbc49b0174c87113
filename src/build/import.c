/* SPDX-License-Identifier: MIT */

/*
 * The archive of a root file system becomes an image
 */

#include "build/import.h"

#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "build/epoch.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/prune.h"
#include "image/stream_reader.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* Those that docker's `import --change` takes. */
static const char *const allowed[] = { "CMD",   "ENTRYPOINT", "ENV",  "EXPOSE", "HEALTHCHECK",
                                       "LABEL", "ONBUILD",    "USER", "VOLUME", "WORKDIR",
                                       "SHELL", "STOPSIGNAL", NULL };

static int check_changes(const struct strings *changes, struct error *err)
{
    for (size_t i = 0; i < changes->count; i++) {
        const char *change = changes->items[i];
        AUTO_FREE char *word = alloc_text_part(change, strcspn(change, " \t"));
        bool is_known = false;

        for (size_t k = 0; allowed[k]; k++)
            is_known = is_known || strcasecmp(word, allowed[k]) == 0;
        if (!is_known || strchr(change, '\n'))
            return error_set(err, ERROR_INVALID,
                             "'%s' is no change of an image: write one instruction, such as CMD, "
                             "ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME or WORKDIR",
                             change);
    }
    return 0;
}

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
static int import_plain(struct store *store, const struct import_request *request,
                        const struct strings *names, char **digest_out, struct error *err)
{
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

static int list_digests(struct store *store, struct strings *out, struct error *err)
{
    struct image **images = NULL;
    size_t count = 0;

    if (store_list_images(store, &images, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        strings_add(out, images[i]->digest);
        image_free(images[i]);
    }
    free(images);
    return 0;
}

/* A build on top of the plain image. */
static int apply_changes(struct store *store, const struct import_request *request,
                         const char *digest, struct image **out, struct error *err)
{
    AUTO_TEXT struct text cartefile = { 0 };
    struct build_request build = { .names = request->names, .output_fd = -1 };

    text_add_format(&cartefile, "FROM %s\n", digest);
    for (size_t i = 0; i < request->changes.count; i++)
        text_add_format(&cartefile, "%s\n", request->changes.items[i]);
    build.cartefile_text = text_get(&cartefile);
    return build_image(store, &build, out, err) < 0 ? error_wrap(err, "change the image") : 0;
}

/* The plain image, for which nobody asked, goes again, unless it was there before. */
static int import_changed(struct store *store, const struct import_request *request,
                          struct image **out, struct error *err)
{
    const struct strings no_names = { 0 };
    AUTO_STRINGS struct strings before = { 0 };
    AUTO_FREE char *digest = NULL;

    struct error ignored = { 0 };
    int result = -1;

    if (list_digests(store, &before, err) < 0 ||
        import_plain(store, request, &no_names, &digest, err) < 0)
        return -1;
    result = apply_changes(store, request, digest, out, err);
    if (strings_has(&before, digest) || (result == 0 && strcmp((*out)->digest, digest) == 0))
        return result;
    return store_remove_nameless(store, digest, result < 0 ? &ignored : err) < 0 ? -1 : result;
}

int import_image(struct store *store, const struct import_request *request,
                 struct image **image_out, struct error *err)
{
    AUTO_FREE char *digest = NULL;

    if (check_changes(&request->changes, err) < 0)
        return -1;
    if (request->changes.count > 0)
        return import_changed(store, request, image_out, err);
    if (import_plain(store, request, &request->names, &digest, err) < 0)
        return -1;
    return store_find_image(store, digest, image_out, err);
}
