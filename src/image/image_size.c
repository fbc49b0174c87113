/* SPDX-License-Identifier: MIT */

/*
 * How large images are on disk
 */

#include "image/image_size.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/manifest.h"
#include "image/merged.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"

void image_size_done(struct image_size *size)
{
    for (size_t i = 0; i < size->count; i++)
        free(size->layers[i].chain_hex);
    free(size->layers);
    *size = (struct image_size){ 0 };
}

/* What an earlier measurement has found; a file that is no number is measured anew. */
static bool read_known(int folder, uint64_t *out)
{
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };
    int64_t number = 0;

    if (!file_exists(folder, "size") || file_read(folder, "size", 32, &text, &ignored) < 0 ||
        parse_int(text_get(&text), 0, INT64_MAX, &number, &ignored) < 0)
        return false;
    *out = (uint64_t)number;
    return true;
}

static int add_file(void *context, struct merged_node *node, bool *enter, struct error *err)
{
    uint64_t *sum = context;

    (void)enter;
    (void)err;
    if (S_ISREG(node->status.st_mode))
        *sum += (uint64_t)node->status.st_size / node->status.st_nlink;
    return 0;
}

static int measure_tree(struct store *store, const char *chain_hex, uint64_t *out,
                        struct error *err)
{
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO(merged) struct merged *tree = NULL;

    strings_take(&layers, store_layer_path(store, chain_hex));
    tree = merged_open(&layers, err);
    return !tree ? -1 : merged_walk(tree, "", add_file, out, err);
}

static int measure_layer(struct store *store, struct image_size_layer *layer, struct error *err)
{
    AUTO_FREE char *path = alloc_format("layers/%s", layer->chain_hex);
    AUTO_CLOSE int folder =
        openat(store_get_folder(store), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char number[24];

    if (folder < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "open '%s' of the store", path);
    if (read_known(folder, &layer->size_bytes))
        return 0;
    if (measure_tree(store, layer->chain_hex, &layer->size_bytes, err) < 0)
        return error_wrap(err, "measure '%s' of the store", path);
    snprintf(number, sizeof(number), "%" PRIu64, layer->size_bytes);
    return file_replace(folder, "size", number, strlen(number), FILE_VOLATILE(0600), err);
}

int image_size_measure(struct store *store, const struct image *image, struct image_size *out,
                       struct error *err)
{
    AUTO(manifest) struct manifest *chain = alloc_new(struct manifest);
    AUTO_IMAGE_SIZE struct image_size size = { 0 };

    for (size_t i = 0; i < image->diff_ids.count; i++) {
        const struct manifest_layer layer = { .diff_id = image->diff_ids.items[i] };
        struct image_size_layer *measured = ALLOC_APPEND(size.layers, size.count);
        char hex[HASH_SHA256_HEX_SIZE];

        manifest_add_layer(chain, &layer);
        manifest_chain_id(chain, i + 1, hex);
        measured->chain_hex = alloc_text(hex);
        if (measure_layer(store, measured, err) < 0)
            return -1;
        size.total_bytes += measured->size_bytes;
    }
    *out = size;
    size = (struct image_size){ 0 };
    return 0;
}
