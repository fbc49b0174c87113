/* SPDX-License-Identifier: MIT */

/*
 * The images of the index, and what each needs
 */

#include "image/fsck_images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/fsck_check.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/store.h"
#include "image/tree_compare.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* One layer of an image, and the name of the image for messages. */
struct place {
    struct fsck_check *check;
    const char *image;
    const struct manifest_layer *layer;
    char chain[HASH_SHA256_HEX_SIZE];
};

static const char make_again[] = "build, pull or load the image again";

static void layer_damage(const struct place *place, const char *what, const char *cure,
                         bool repaired)
{
    AUTO_FREE char *text =
        alloc_format("image %s: layer %s: %s", place->image, place->layer->digest, what);

    fsck_check_damage(place->check, text, cure, repaired);
}

static bool is_unpacked(const struct place *place)
{
    AUTO_FREE char *path = alloc_format("layers/%s/tree", place->chain);

    return file_exists(place->check->store_fd, path);
}

/* Whether the blob is there, as long as the manifest says, and of its digest. */
static bool check_blob(const struct place *place)
{
    AUTO_FREE char *path = alloc_format("blobs/sha256/%s", blob_find_hex(place->layer->digest));
    struct stat status;

    if (fstatat(place->check->store_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        layer_damage(place,
                     is_unpacked(place) ? "its blob is missing, but it is unpacked and runs"
                                        : "its blob is missing",
                     make_again, false);
        return false;
    }
    /* Damage of the blob itself was told before. */
    if (strings_has(&place->check->bad_blobs, place->layer->digest))
        return false;
    if ((uint64_t)status.st_size != place->layer->size_bytes) {
        layer_damage(place, "its blob has another size than the manifest says", make_again, false);
        return false;
    }
    return true;
}

static int compare(const struct place *place, const char *work, struct text *difference,
                   struct error *err)
{
    AUTO_FREE char *path = alloc_format("layers/%s/tree", place->chain);
    AUTO_CLOSE int there = openat(place->check->store_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int again = layer_open_tree(place->check->session, work, err);

    if (again < 0)
        return -1;
    if (there < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    return tree_compare(there, again, difference, err);
}

static bool is_used(const struct place *place)
{
    AUTO_FREE char *path = store_layer_path(place->check->store, place->chain);

    return !place->check->options->used || strings_has(place->check->options->used, path);
}

static int replace_tree(const struct place *place, const char *work, const char *what,
                        struct error *err)
{
    struct fsck_check *check = place->check;

    if (!check->options->repair || is_used(place)) {
        layer_damage(place, what,
                     is_used(place) ? "take its containers down, then run 'carte fsck --repair'"
                                    : "'carte fsck --deep --repair' unpacks it again",
                     false);
        return file_remove_tree(check->session->fd, work, err);
    }
    if (fsck_check_remove(check, "layers", place->chain, err) < 0 ||
        layer_install(check->store_fd, check->session, work, place->chain, err) < 0)
        return -1;
    layer_damage(place, what, "unpacked again", true);
    return 0;
}

/* Unpack the blob once more, which checks both its digests, and compare. */
static int check_content(const struct place *place, struct error *err)
{
    struct fsck_check *check = place->check;
    AUTO_TEXT struct text difference = { 0 };
    AUTO_TEXT struct text what = { 0 };
    AUTO_FREE char *work = NULL;
    struct error refused = { 0 };
    uint64_t size = place->layer->size_bytes;

    if (store_begin(check->store, &check->session, err) < 0)
        return -1;
    image_progress_tell(&check->options->progress, place->layer->digest, 0, size);
    work = layer_unpack_work(check->store_fd, check->session, place->layer, &refused);
    if (!work) {
        layer_damage(place, refused.text, make_again, false);
        return 0;
    }
    image_progress_tell(&check->options->progress, place->layer->digest, size, size);
    if (!is_unpacked(place))
        return file_remove_tree(check->session->fd, work, err);
    if (compare(place, work, &difference, err) < 0)
        return -1;
    if (difference.length == 0)
        return file_remove_tree(check->session->fd, work, err);
    text_add_format(&what, "what is unpacked is not what the blob holds: %s",
                    text_get(&difference));
    return replace_tree(place, work, text_get(&what), err);
}

static int check_layers(struct fsck_check *check, const char *name, const struct manifest *manifest,
                        struct error *err)
{
    for (size_t i = 0; i < manifest->layer_count; i++) {
        struct place place = { .check = check, .image = name, .layer = &manifest->layers[i] };

        manifest_chain_id(manifest, i + 1, place.chain);
        if (check_blob(&place) && check->options->deep && check_content(&place, err) < 0)
            return error_wrap(err, "image %s", name);
    }
    return 0;
}

/* An entry without its manifest or configuration is of no use to anybody. */
static int drop_image(struct fsck_check *check, const char *digest, const char *what,
                      struct error *err)
{
    AUTO_FREE char *copy = alloc_text(digest);

    if (!check->options->repair) {
        fsck_check_damage(check, what,
                          "'carte fsck --repair' forgets it; then build, pull or load it again",
                          false);
        return 0;
    }
    catalog_remove_digest(&check->catalog, copy);
    if (catalog_save(check->store_fd, &check->catalog, err) < 0)
        return -1;
    fsck_check_damage(check, what, "forgotten: build, pull or load it again", true);
    return 0;
}

static int check_image(struct fsck_check *check, const struct catalog_item *item, struct error *err)
{
    AUTO_FREE char *name = alloc_text(item->name ? item->name : item->digest);
    AUTO(manifest) struct manifest *manifest = NULL;
    AUTO_TEXT struct text what = { 0 };
    struct error broken = { 0 };

    check->summary.images++;
    if (store_load_manifest(check->store, item->digest, &manifest, &broken) == 0)
        return check_layers(check, name, manifest, err);
    text_add_format(&what, "image %s: %s", name, broken.text);
    return drop_image(check, item->digest, text_get(&what), err);
}

int fsck_images_check(struct fsck_check *check, struct error *err)
{
    AUTO_STRINGS struct strings digests = { 0 };

    /* The catalog changes when an image is forgotten. */
    for (size_t i = 0; i < check->catalog.count; i++) {
        if (!strings_has(&digests, check->catalog.items[i].digest))
            strings_add(&digests, check->catalog.items[i].digest);
    }
    for (size_t i = 0; i < digests.count; i++) {
        const struct catalog_item *item = catalog_find_digest(&check->catalog, digests.items[i]);

        if (item && check_image(check, item, err) < 0)
            return -1;
    }
    return 0;
}
