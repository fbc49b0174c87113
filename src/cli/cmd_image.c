/* SPDX-License-Identifier: MIT */

/*
 * `carte inspect`, `history`, `tag` and `rmi`: single images of the store
 */

#include "cli/cmd_image.h"

#include <string.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/container_list.h"
#include "cli/describe_container.h"
#include "cli/image_row.h"
#include "cli/listing.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "image/describe.h"
#include "image/reference.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"

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

struct inspect_options {
    const char *format;
};

static const struct option inspect_options[] = {
    {
        .letter = 'f',
        .name = "format",
        .argument = "TEMPLATE",
        OPTION(TEXT, struct inspect_options, format),
        .doc = "Print a template for each, such as '{{.Id}}' or '{{json .Config.Env}}'.",
    },
    { 0 },
};

/* Of a container with that name or id, else of an image. */
static int add_description(struct store *store, const char *reference, struct json *array,
                           struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO(image) struct image *image = NULL;
    struct json *description = NULL;
    struct error ignored = { 0 };

    if (container_find(reference, &found, &ignored) == 0) {
        json_append(array, describe_container(&found));
        return 0;
    }
    if (find_image(store, reference, &image, err) < 0 ||
        describe_image(store, image, &description, err) < 0)
        return -1;
    json_append(array, description);
    return 0;
}

/* What was found is printed even when something was not. */
static int inspect_run(struct command_call *call, struct error *err)
{
    const struct inspect_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO(json) struct json *array = json_new_array();
    AUTO_TEXT struct text out = { 0 };
    struct error first = { 0 };

    if (!store)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        struct error missing = { 0 };

        if (add_description(store, call->operands->items[i], array, &missing) < 0 &&
            first.code == ERROR_NONE)
            first = missing;
    }
    if (listing_format_objects(array, options->format, &out, err) < 0 ||
        output_result(text_get(&out), err) < 0)
        return -1;
    *err = first;
    return first.code == ERROR_NONE ? 0 : -1;
}

const struct command cmd_image_inspect = {
    .name = "inspect",
    .operands = "CONTAINER|IMAGE...",
    .summary = "Print what is known of containers and images, as a JSON array.",
    .details = "Keys are those of 'docker inspect'. An image of the short form of a Cartefile "
               "has its metadata under Record.",
    .options = inspect_options,
    .options_size = sizeof(struct inspect_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = inspect_run,
};

struct history_options {
    bool quiet, no_trunc, human;
    const char *format;
};

static const struct option history_options[] = {
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct history_options, quiet),
        .doc = "Print only ids.",
    },
    {
        .name = "no-trunc",
        OPTION(FLAG, struct history_options, no_trunc),
        .doc = "Print ids and instructions whole.",
    },
    {
        .letter = 'H',
        .name = "human",
        OPTION(FLAG, struct history_options, human),
        .fallback = "true",
        .doc = "Sizes and times for people; with --human=false bytes and dates.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct history_options, format),
        .fallback = "table",
        .doc = "Print a table, or with json an object a line, or a template such as "
               "'{{.Size}} {{.CreatedBy}}'.",
    },
    { 0 },
};

static int history_run(struct command_call *call, struct error *err)
{
    const struct history_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO(image) struct image *image = NULL;
    AUTO(json) struct json *steps = NULL;
    AUTO(json) struct json *rows = json_new_array();
    AUTO_TEXT struct text out = { 0 };
    const struct image_row_style style = {
        .wall_ms = clock_wall_ms(),
        .no_trunc = options->no_trunc,
        .exact = !options->human,
    };
    const struct listing listing = {
        .columns = image_row_history_columns,
        .table = "{{.ID}}\\t{{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}",
        .rows = rows,
    };

    if (!store || find_image(store, call->operands->items[0], &image, err) < 0 ||
        describe_history(store, image, &steps, err) < 0)
        return -1;
    for (const struct json *s = json_first(steps); s; s = json_next(s))
        json_append(rows, image_row_new_step(s, &style));
    if (listing_format(&listing, options->quiet ? "{{.ID}}" : options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

const struct command cmd_image_history = {
    .name = "history",
    .operands = "IMAGE",
    .summary = "Print the instructions that made an image, newest first, and what each added.",
    .options = history_options,
    .options_size = sizeof(struct history_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = history_run,
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

struct remove_options {
    bool force;
};

static const struct option remove_options[] = {
    {
        .letter = 'f',
        .name = "force",
        OPTION(FLAG, struct remove_options, force),
        .doc = "Remove an image that is given by its id with all its names; a missing one is no "
               "error.",
    },
    { 0 },
};

/* A removal of the whole image, which nothing may need any more. */
static int check_removal(const struct image *image, bool force, struct error *err)
{
    AUTO_CONTAINER_LIST struct container_list containers = { 0 };
    const struct container_item *user = NULL;

    if (container_list_load(&containers, err) < 0)
        return -1;
    user = container_list_find_user(&containers, image->id);
    if (user)
        return error_set(err, ERROR_EXISTS, "container %s %s the image: remove it first",
                         user->name, user->is_running ? "runs" : "was made from");
    if (image->names.count > 1 && !force)
        return error_set(err, ERROR_EXISTS,
                         "the image has %zu names: give one, or --force for all of them",
                         image->names.count);
    return 0;
}

static void print_removed(const struct image *image, const char *name, bool is_gone,
                          struct text *out)
{
    if (name)
        text_add_format(out, "Untagged: %s\n", name);
    for (size_t i = 0; !name && i < image->names.count; i++)
        text_add_format(out, "Untagged: %s\n", image->names.items[i]);
    if (is_gone)
        text_add_format(out, "Deleted: %s\n", image->id);
}

static int remove_one(struct store *store, const char *reference, bool force, struct text *out,
                      struct error *err);

/* Two manifests may have one configuration, which is what an id names. */
static int remove_twin(struct store *store, const char *id, bool force, struct text *out,
                       struct error *err)
{
    AUTO(image) struct image *image = NULL;

    if (store_find_image(store, id, &image, err) < 0)
        return -1;
    return image ? remove_one(store, id, force, out, err) : 0;
}

static int remove_one(struct store *store, const char *reference, bool force, struct text *out,
                      struct error *err)
{
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *name = NULL;
    struct error no_name = { 0 };
    bool is_named = false, is_gone = false;

    if (find_image(store, reference, &image, err) < 0)
        return -1;
    is_named = reference_parse(reference, &name, &no_name) == 0 && strings_has(&image->names, name);
    if ((!is_named || image->names.count < 2) && check_removal(image, force, err) < 0)
        return -1;
    if (store_remove_image(store, is_named ? name : image->digest, &is_gone, err) < 0)
        return -1;
    print_removed(image, is_named ? name : NULL, is_gone, out);
    return is_named ? 0 : remove_twin(store, image->id, force, out, err);
}

/* Each image is tried. */
static int remove_run(struct command_call *call, struct error *err)
{
    const struct remove_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO_TEXT struct text out = { 0 };
    struct error last = { 0 };

    if (!store)
        return -1;
    for (size_t i = 0; i < call->operands->count; i++) {
        const char *reference = call->operands->items[i];
        struct error failed = { 0 };

        if (remove_one(store, reference, options->force, &out, &failed) == 0 ||
            (failed.code == ERROR_NOT_FOUND && options->force))
            continue;
        error_wrap(&failed, "remove '%s'", reference);
        output_keep_last(&last, &failed);
    }
    if (output_result(text_get(&out), err) < 0)
        return -1;
    *err = last;
    return last.code == ERROR_NONE ? 0 : -1;
}

const struct command cmd_image_remove = {
    .name = "rmi",
    .operands = "IMAGE...",
    .summary = "Remove images from the store, or names of images that have others.",
    .details = "An image that a container of any stack was made from stays. What images took on "
               "disk goes with 'carte prune'.",
    .options = remove_options,
    .options_size = sizeof(struct remove_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = remove_run,
};
