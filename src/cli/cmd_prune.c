/* SPDX-License-Identifier: MIT */

/*
 * `carte prune` and `carte df`: what takes room on disk
 */

#include "cli/cmd_prune.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/container_list.h"
#include "cli/image_filter.h"
#include "cli/listing.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/used_layers.h"
#include "image/cache_mount.h"
#include "image/image_size.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/place.h"

/* All images, and who uses them. */
struct inventory {
    struct image **images;
    size_t count;
    struct container_list containers;
};

static void inventory_done(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->count; i++)
        image_free(inventory->images[i]);
    free(inventory->images);
    container_list_done(&inventory->containers);
}
#define AUTO_INVENTORY __attribute__((cleanup(inventory_done)))

static int inventory_load(struct store *store, struct inventory *out, struct error *err)
{
    if (container_list_load(&out->containers, err) < 0)
        return -1;
    return store_list_images(store, &out->images, &out->count, err);
}

static bool is_used(const struct inventory *inventory, const struct image *image)
{
    return container_list_find_user(&inventory->containers, image->id) != NULL;
}

struct prune_options {
    bool all, force;
    struct strings filters;
};

static const struct option prune_options[] = {
    {
        .letter = 'a',
        .name = "all",
        OPTION(FLAG, struct prune_options, all),
        .doc = "Remove images with a name, too, that no container of any stack was made from.",
    },
    {
        .letter = 'f',
        .name = "force",
        OPTION(FLAG, struct prune_options, force),
        .doc = "Do not ask.",
    },
    {
        .name = "filter",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct prune_options, filters),
        .doc = "Only images with until=TIME (or a duration, how long ago), label=KEY=VALUE or "
               "label!=KEY; may be given again.",
    },
    { 0 },
};

static bool is_to_go(const struct inventory *inventory, const struct image *image,
                     const struct prune_options *options, const struct image_filter *filter)
{
    return (options->all || image->names.count == 0) && !is_used(inventory, image) &&
           image_filter_matches(filter, image,
                                image->names.count > 0 ? image->names.items[0] : NULL);
}

static int remove_images(struct store *store, const struct prune_options *options, struct text *out,
                         struct error *err)
{
    AUTO_INVENTORY struct inventory inventory = { 0 };
    AUTO_IMAGE_FILTER struct image_filter filter = { 0 };

    if (inventory_load(store, &inventory, err) < 0 ||
        image_filter_parse(&options->filters, store, clock_wall_ms(), &filter, err) < 0)
        return -1;
    for (size_t i = 0; i < inventory.count; i++) {
        const struct image *image = inventory.images[i];
        bool is_gone = false;

        if (!is_to_go(&inventory, image, options, &filter))
            continue;
        if (store_remove_image(store, image->digest, &is_gone, err) < 0)
            return error_wrap(err, "remove %s", image->id);
        for (size_t n = 0; n < image->names.count; n++)
            text_add_format(out, "Untagged: %s\n", image->names.items[n]);
        text_add_format(out, "Deleted: %s\n", image->id);
    }
    return 0;
}

static int prune_run(struct command_call *call, struct error *err)
{
    const struct prune_options *options = call->options;
    const char *what = options->all
                           ? "all images that no container was made from, and what no image needs"
                           : "all images without a name, and what no image needs";
    AUTO(store) struct store *store = open_store(err);
    AUTO_STRINGS struct strings used = { 0 };
    AUTO_TEXT struct text out = { 0 };
    uint64_t freed = 0;
    bool agreed = false;
    char size[32];

    if (!store || confirm_removal(call, options->force, what, &agreed, err) < 0)
        return -1;
    if (!agreed)
        return 0;
    if (remove_images(store, options, &out, err) < 0 || used_layers_add(store, &used, err) < 0 ||
        store_prune(store, false, &used, &freed, err) < 0)
        return -1;
    parse_format_bytes(freed, size);
    text_add_format(&out, "Total reclaimed space: %s\n", size);
    return output_result(text_get(&out), err);
}

const struct command cmd_prune = {
    .name = "prune",
    .summary = "Remove images without a name, cached steps and caches of builds, and what no image "
               "needs.",
    .details = "Images that a container of any stack was made from stay.",
    .options = prune_options,
    .options_size = sizeof(struct prune_options),
    .run = prune_run,
};

struct df_options {
    const char *format;
    bool verbose;
};

static const struct option df_options[] = {
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct df_options, format),
        .fallback = "table",
        .doc = "Print a table, or with json an object a line, or a template such as "
               "'{{.Type}} {{.Size}}'.",
    },
    {
        .letter = 'v',
        .name = "verbose",
        OPTION(FLAG, struct df_options, verbose),
        .doc = "List the caches of RUN --mount=type=cache one by one instead.",
    },
    { 0 },
};

static const struct listing_column cache_columns[] = {
    { "ID", "CACHE ID" },
    { "Size", "SIZE" },
    { NULL, NULL },
};

static int list_caches(const struct df_options *options, struct store *store, struct error *err)
{
    AUTO_CACHE_MOUNT_LIST struct cache_mount_list list = { 0 };
    AUTO(json) struct json *rows = json_new_array();
    AUTO_TEXT struct text out = { 0 };
    const struct listing listing = {
        .columns = cache_columns,
        .table = "{{.ID}}\\t{{.Size}}",
        .rows = rows,
    };

    if (cache_mount_list(store_get_folder(store), &list, err) < 0)
        return -1;
    for (size_t i = 0; i < list.count; i++) {
        struct json *row = json_new_object();
        char size[32];

        parse_format_bytes(list.items[i].size_bytes, size);
        json_set_text(row, "ID", list.items[i].id);
        json_set_text(row, "Size", size);
        json_append(rows, row);
    }
    if (listing_format(&listing, options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

static const struct listing_column df_columns[] = {
    { "Type", "TYPE" }, { "TotalCount", "TOTAL" },        { "Active", "ACTIVE" },
    { "Size", "SIZE" }, { "Reclaimable", "RECLAIMABLE" }, { NULL, NULL },
};

/* One kind of things on disk. */
struct kind {
    const char *name;
    size_t total, active;
    uint64_t size_bytes, reclaimable_bytes;
};

static void add_kind(struct json *rows, const struct kind *kind)
{
    struct json *row = json_new_object();
    AUTO_FREE char *total = alloc_format("%zu", kind->total);
    AUTO_FREE char *active = alloc_format("%zu", kind->active);
    AUTO_TEXT struct text reclaimable = { 0 };
    char size[32];

    json_set_text(row, "Type", kind->name);
    json_set_text(row, "TotalCount", total);
    json_set_text(row, "Active", active);
    parse_format_bytes(kind->size_bytes, size);
    json_set_text(row, "Size", size);
    parse_format_bytes(kind->reclaimable_bytes, size);
    text_add(&reclaimable, size);
    if (kind->size_bytes > 0)
        text_add_format(&reclaimable, " (%d%%)",
                        (int)(kind->reclaimable_bytes * 100 / kind->size_bytes));
    json_set_text(row, "Reclaimable", text_get(&reclaimable));
    json_append(rows, row);
}

/* Layers that images share count once; those of images in use before those of the others. */
static int measure_images(struct store *store, const struct inventory *inventory, bool used,
                          struct strings *seen, struct kind *kind, struct error *err)
{
    for (size_t i = 0; i < inventory->count; i++) {
        AUTO_IMAGE_SIZE struct image_size size = { 0 };

        if (is_used(inventory, inventory->images[i]) != used)
            continue;
        if (image_size_measure(store, inventory->images[i], &size, err) < 0)
            return -1;
        kind->total++;
        kind->active += used;
        for (size_t l = 0; l < size.count; l++) {
            if (strings_has(seen, size.layers[l].chain_hex))
                continue;
            strings_add(seen, size.layers[l].chain_hex);
            kind->size_bytes += size.layers[l].size_bytes;
            kind->reclaimable_bytes += used ? 0 : size.layers[l].size_bytes;
        }
    }
    return 0;
}

static void measure_containers(const struct inventory *inventory, struct kind *kind)
{
    for (size_t i = 0; i < inventory->containers.count; i++) {
        const struct container_item *item = &inventory->containers.items[i];
        uint64_t size = file_size_tree(AT_FDCWD, item->upper);

        kind->total++;
        kind->active += item->is_running;
        kind->size_bytes += size;
        kind->reclaimable_bytes += item->is_running ? 0 : size;
    }
}

/* What a folder of CARTE_ROOT holds, of which nobody says who uses it. */
static int measure_folder(const char *path, struct kind *kind, struct error *err)
{
    AUTO_FREE char *folder = place_in_root("%s", path);
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (fd < 0)
        return 0;
    if (file_list(fd, &names, err) < 0)
        return -1;
    kind->total += names.count;
    for (size_t i = 0; i < names.count; i++)
        kind->size_bytes += file_size_tree(fd, names.items[i]);
    return 0;
}

/* Layers that no image has: results of steps that builds may take again. */
static int measure_cached(struct store *store, const struct strings *seen, struct kind *kind,
                          struct error *err)
{
    AUTO_CLOSE int fd =
        openat(store_get_folder(store), "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (fd < 0)
        return error_set_errno(err, errno, "open the store's folder 'layers'");
    if (file_list(fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp(names.items[i], "none") == 0 || strings_has(seen, names.items[i]))
            continue;
        kind->total++;
        kind->size_bytes += file_size_tree(fd, names.items[i]);
    }
    return 0;
}

static int df_run(struct command_call *call, struct error *err)
{
    const struct df_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO_INVENTORY struct inventory inventory = { 0 };
    AUTO(json) struct json *rows = json_new_array();
    AUTO_STRINGS struct strings seen = { 0 };
    AUTO_TEXT struct text out = { 0 };
    const struct listing listing = {
        .columns = df_columns,
        .table = "{{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}",
        .rows = rows,
    };
    struct kind images = { .name = "Images" };
    struct kind containers = { .name = "Containers" };
    struct kind volumes = { .name = "Local Volumes" };
    struct kind cache = { .name = "Build Cache" };

    if (!store)
        return -1;
    if (options->verbose)
        return list_caches(options, store, err);
    if (inventory_load(store, &inventory, err) < 0 ||
        measure_images(store, &inventory, true, &seen, &images, err) < 0 ||
        measure_images(store, &inventory, false, &seen, &images, err) < 0 ||
        measure_folder("volumes", &volumes, err) < 0 ||
        measure_folder("images/mounts", &cache, err) < 0 ||
        measure_cached(store, &seen, &cache, err) < 0)
        return -1;
    measure_containers(&inventory, &containers);
    cache.reclaimable_bytes = cache.size_bytes;
    add_kind(rows, &images);
    add_kind(rows, &containers);
    add_kind(rows, &volumes);
    add_kind(rows, &cache);
    if (listing_format(&listing, options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

const struct command cmd_prune_df = {
    .name = "df",
    .summary = "Tell how much room images, containers, volumes and caches of builds take.",
    .options = df_options,
    .options_size = sizeof(struct df_options),
    .run = df_run,
};
