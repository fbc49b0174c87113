/* SPDX-License-Identifier: MIT */

/*
 * `carte images`, `inspect`, `tag` and `rmi`: the image store
 */

#include "cli/cmd_image.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/image_row.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"

struct list_options {
    bool quiet;
    const char *format;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct option list_options[] = {
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct list_options, quiet),
        .doc = "Print only the ids.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct list_options, format),
        .fallback = "table",
        .choices = formats,
        .doc = "Print a table, or with json one object a line.",
    },
    { 0 },
};

static int list_run(struct command_call *call, struct error *err)
{
    const struct list_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO_TEXT struct text out = { 0 };
    struct image **images = NULL;
    size_t count = 0;

    if (!store || store_list_images(store, &images, &count, err) < 0)
        return -1;
    if (options->quiet)
        image_row_format_ids(images, count, &out);
    else if (strcmp(options->format, "json") == 0)
        image_row_format_json(images, count, &out);
    else
        image_row_format_table(images, count, clock_wall_ms(), &out);
    for (size_t i = 0; i < count; i++)
        image_free(images[i]);
    free(images);
    return output_result(text_get(&out), err);
}

const struct command cmd_image_list = {
    .name = "images",
    .summary = "List the images of the store.",
    .options = list_options,
    .options_size = sizeof(struct list_options),
    .run = list_run,
};

static int find_image(struct store *store, const char *reference, struct image **out,
                      struct error *err)
{
    if (store_find_image(store, reference, out, err) < 0)
        return -1;
    if (!*out)
        return error_set(err, ERROR_NOT_FOUND, "no such image: '%s'; 'carte images' lists them",
                         reference);
    return 0;
}

static int add_description(struct store *store, const char *reference, struct json *array,
                           struct error *err)
{
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *record = NULL;
    struct json *description;

    if (find_image(store, reference, &image, err) < 0 ||
        store_find_record(store, image->id, &record, err) < 0)
        return -1;
    description = image_row_describe(image);
    json_append(array, description);
    if (record) {
        struct json *parsed = json_parse(record, strlen(record), err);

        if (!parsed)
            return error_wrap(err, "metadata record of '%s'", reference);
        json_set(description, "Record", parsed);
    }
    return 0;
}

static int inspect_run(struct command_call *call, struct error *err)
{
    AUTO(store) struct store *store = open_store(err);
    AUTO(json) struct json *array = json_new_array();
    AUTO_FREE char *printed = NULL;
    AUTO_TEXT struct text out = { 0 };

    if (!store)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        if (add_description(store, call->operands->items[i], array, err) < 0)
            return -1;
    }
    printed = json_print(array, true);
    text_add_format(&out, "%s\n", printed);
    return output_result(text_get(&out), err);
}

const struct command cmd_image_inspect = {
    .name = "inspect",
    .operands = "IMAGE...",
    .summary = "Print what is known of images, as a JSON array.",
    .details = "An image of the short form of a Cartefile has its metadata under Record.",
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = inspect_run,
};

static int tag_run(struct command_call *call, struct error *err)
{
    AUTO(store) struct store *store = open_store(err);

    if (!store)
        return -1;
    return store_tag(store, call->operands->items[0], call->operands->items[1], err);
}

const struct command cmd_image_tag = {
    .name = "tag",
    .operands = "IMAGE NAME",
    .summary = "Give an image a further name.",
    .operand_min = 2,
    .operand_max = 2,
    .run = tag_run,
};

static int remove_run(struct command_call *call, struct error *err)
{
    AUTO(store) struct store *store = open_store(err);
    AUTO_TEXT struct text out = { 0 };

    if (!store)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        bool gone = false;

        if (store_remove_image(store, call->operands->items[i], &gone, err) < 0)
            return -1;
        text_add_format(&out, "%s: %s\n", gone ? "Deleted" : "Untagged", call->operands->items[i]);
    }
    return output_result(text_get(&out), err);
}

const struct command cmd_image_remove = {
    .name = "rmi",
    .operands = "IMAGE...",
    .summary = "Remove images from the store, or names of images that have others.",
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = remove_run,
};
