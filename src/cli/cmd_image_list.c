/* SPDX-License-Identifier: MIT */

/*
 * `carte images`
 */

#include "cli/cmd_image_list.h"

#include <stdlib.h>

#include "cli/command.h"
#include "cli/image_filter.h"
#include "cli/image_row.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "image/image_size.h"
#include "util/clock.h"
#include "util/error.h"

struct list_options {
    bool all, quiet, digests, no_trunc;
    struct strings filters;
    const char *format;
};

static const struct option list_options[] = {
    {
        .letter = 'a',
        .name = "all",
        OPTION(FLAG, struct list_options, all),
        .hidden = true,
        .doc = "Always so: there are no intermediate images.",
    },
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct list_options, quiet),
        .doc = "Print only the ids.",
    },
    {
        .name = "digests",
        OPTION(FLAG, struct list_options, digests),
        .doc = "Show the digests of the manifests, too.",
    },
    {
        .name = "no-trunc",
        OPTION(FLAG, struct list_options, no_trunc),
        .doc = "Print ids whole.",
    },
    {
        .letter = 'f',
        .name = "filter",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct list_options, filters),
        .doc = "Only images with dangling=true, reference=PATTERN, label=KEY=VALUE, before=IMAGE, "
               "since=IMAGE or until=TIME; may be given again.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct list_options, format),
        .doc = "Print a table, or with json an object a line, or a template such as "
               "'{{.Repository}}:{{.Tag}}' or 'table {{.ID}}\\t{{.Size}}'.",
    },
    { 0 },
};

static int add_rows(struct store *store, const struct image *image,
                    const struct image_filter *filter, const struct image_row_style *style,
                    struct json *rows, struct error *err)
{
    AUTO_IMAGE_SIZE struct image_size size = { 0 };
    const char *no_name = NULL;
    const char *const *names =
        image->names.count > 0 ? (const char *const *)image->names.items : &no_name;

    if (image_size_measure(store, image, &size, err) < 0)
        return -1;
    for (size_t i = 0; i < MAX(image->names.count, (size_t)1); i++) {
        if (image_filter_matches(filter, image, names[i]))
            json_append(rows, image_row_new(image, names[i], size.total_bytes, style));
    }
    return 0;
}

static int collect(struct store *store, const struct image_filter *filter,
                   const struct image_row_style *style, struct json *rows, struct error *err)
{
    struct image **images = NULL;
    size_t count = 0;
    int result = store_list_images(store, &images, &count, err);

    for (size_t i = 0; result == 0 && i < count; i++)
        result = add_rows(store, images[i], filter, style, rows, err);
    for (size_t i = 0; i < count; i++)
        image_free(images[i]);
    free(images);
    return result;
}

static int list_run(struct command_call *call, struct error *err)
{
    const struct list_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO(json) struct json *rows = json_new_array();
    AUTO_IMAGE_FILTER struct image_filter filter = { 0 };
    AUTO_TEXT struct text out = { 0 };
    const struct image_row_style style = {
        .wall_ms = clock_wall_ms(),
        .no_trunc = options->no_trunc,
    };
    const struct listing listing = {
        .columns = image_row_columns,
        .table = options->digests
                     ? "{{.Repository}}\\t{{.Tag}}\\t{{.Digest}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{"
                       ".Size}}"
                     : "{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}",
        .rows = rows,
    };
    const char *format = options->quiet ? "{{.ID}}" : options->format ? options->format : "table";

    if (!store || image_filter_parse(&options->filters, store, style.wall_ms, &filter, err) < 0)
        return -1;
    if (call->operands->count > 0)
        strings_add(&filter.references, call->operands->items[0]);
    if (collect(store, &filter, &style, rows, err) < 0 ||
        listing_format(&listing, format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

const struct command cmd_image_list = {
    .name = "images",
    .operands = "[NAME[:TAG]]",
    .summary = "List the images of the store.",
    .details = "Templates are described in docs/reference/format.md.",
    .options = list_options,
    .options_size = sizeof(struct list_options),
    .operand_max = 1,
    .run = list_run,
};
