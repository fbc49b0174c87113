/* SPDX-License-Identifier: MIT */

/*
 * `carte network`: networks that belong to no stack
 */

#include "cli/cmd_network.h"

#include <string.h>

#include "cli/confirm.h"
#include "cli/describe_network.h"
#include "cli/label_filter.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "supervise/shared_network.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

/* ---- create ---- */

struct create_options {
    bool internal;
    const char *subnet, *gateway, *driver;
    struct strings labels;
};

static const char *const drivers[] = { "bridge", NULL };

static const struct option create_options[] = {
    {
        .name = "internal",
        OPTION(FLAG, struct create_options, internal),
        .doc = "No way out of it.",
    },
    {
        .name = "subnet",
        .argument = "SUBNET",
        OPTION(TEXT, struct create_options, subnet),
        .doc = "Its addresses, as 10.1.2.0/24; else they are chosen.",
    },
    {
        .name = "gateway",
        .argument = "ADDRESS",
        OPTION(TEXT, struct create_options, gateway),
        .doc = "The address of this machine on it; else the first.",
    },
    {
        .name = "label",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct create_options, labels),
        .doc = "A label; may be given again.",
    },
    {
        .letter = 'd',
        .name = "driver",
        .argument = "DRIVER",
        OPTION(TEXT, struct create_options, driver),
        .fallback = "bridge",
        .choices = drivers,
        .doc = "What it is made of.",
    },
    { 0 },
};

static int print_line(const char *text, struct error *err)
{
    AUTO_FREE char *line = alloc_format("%s\n", text);

    return output_result(line, err);
}

static int create_run(struct command_call *call, struct error *err)
{
    const struct create_options *options = call->options;
    struct strings_map labels = { 0 };
    const struct shared_network_wish wish = {
        .name = call->operands->items[0],
        .subnet = options->subnet,
        .gateway = options->gateway,
        .internal = options->internal,
        .labels = &labels,
    };
    int result;

    label_filter_read_labels(&options->labels, &labels);
    result = shared_network_create(&wish, err);
    strings_map_done(&labels);
    return result < 0 ? -1 : print_line(wish.name, err);
}

/* ---- ls ---- */

struct list_options {
    bool quiet;
    struct strings filters;
    const char *format;
};

static const struct option list_options[] = {
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct list_options, quiet),
        .doc = "Print only the names.",
    },
    {
        .letter = 'f',
        .name = "filter",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct list_options, filters),
        .doc = "Only networks with name=PART, label=KEY=VALUE or dangling=true (no container is "
               "on it); may be given again.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct list_options, format),
        .fallback = "table",
        .doc = "Print a table, or with json an object a line, or a template such as "
               "'{{.Name}} {{.Subnet}}'.",
    },
    { 0 },
};

static int is_used(const char *name, bool *out, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };

    if (shared_network_find_users(name, &projects, err) < 0)
        return -1;
    *out = projects.count > 0;
    return 0;
}

/* Those that the filters let through. */
static int find_networks(const struct strings *filters, struct strings *names, struct json *rows,
                         struct error *err)
{
    AUTO_LABEL_FILTER struct label_filter filter = { 0 };
    AUTO_STRINGS struct strings all = { 0 };

    if (label_filter_parse(filters, &filter, err) < 0 || shared_network_list(&all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.count; i++) {
        AUTO(shared_network) struct shared_network *network = NULL;
        bool used = false;

        if (shared_network_load(all.items[i], &network, err) < 0 ||
            is_used(all.items[i], &used, err) < 0)
            return -1;
        if (!label_filter_matches(&filter, network->name, &network->labels, used))
            continue;
        strings_add(names, network->name);
        json_append(rows, describe_network_row(network));
    }
    return 0;
}

static int list_run(struct command_call *call, struct error *err)
{
    const struct list_options *options = call->options;
    AUTO(json) struct json *rows = json_new_array();
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_TEXT struct text out = { 0 };
    const struct listing listing = {
        .columns = describe_network_columns,
        .table = "{{.ID}}\\t{{.Name}}\\t{{.Driver}}\\t{{.Subnet}}",
        .rows = rows,
    };

    if (find_networks(&options->filters, &names, rows, err) < 0 ||
        listing_format(&listing, options->quiet ? "{{.Name}}" : options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

/* ---- inspect ---- */

struct inspect_options {
    const char *format;
};

static const struct option inspect_options[] = {
    {
        .letter = 'f',
        .name = "format",
        .argument = "TEMPLATE",
        OPTION(TEXT, struct inspect_options, format),
        .doc = "Print a template for each, such as '{{.Name}}' or '{{json .Containers}}'.",
    },
    { 0 },
};

static int inspect_run(struct command_call *call, struct error *err)
{
    const struct inspect_options *options = call->options;
    AUTO(json) struct json *array = json_new_array();
    AUTO_TEXT struct text out = { 0 };

    for (size_t i = 0; i < call->operands->count; i++) {
        AUTO(shared_network) struct shared_network *network = NULL;
        struct json *description = NULL;

        if (shared_network_load(call->operands->items[i], &network, err) < 0 ||
            describe_network(network, &description, err) < 0)
            return -1;
        json_append(array, description);
    }
    if (listing_format_objects(array, options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

/* ---- rm and prune ---- */

static int remove_run(struct command_call *call, struct error *err)
{
    for (size_t i = 0; i < call->operands->count; i++) {
        const char *name = call->operands->items[i];
        struct error failure = { 0 };

        if (shared_network_remove(name, &failure) < 0 || print_line(name, &failure) < 0)
            output_keep_last(err, &failure);
    }
    return err->code == ERROR_NONE ? 0 : -1;
}

struct prune_options {
    bool force;
    struct strings filters;
};

static const struct option prune_options[] = {
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
        .doc = "Only networks with label=KEY=VALUE or name=PART; may be given again.",
    },
    { 0 },
};

/* One that is taken into use meanwhile stays. */
static int prune_run(struct command_call *call, struct error *err)
{
    const struct prune_options *options = call->options;
    AUTO(json) struct json *rows = json_new_array();
    AUTO_STRINGS struct strings filters = { 0 };
    AUTO_STRINGS struct strings names = { 0 };
    bool agreed = false;

    /* The last one counts: of those in use none is removed, whatever the user writes. */
    strings_add(&filters, "dangling=true");
    for (size_t i = 0; i < options->filters.count; i++)
        strings_add(&filters, options->filters.items[i]);
    if (confirm_removal(call, options->force, "all networks that no container is on", &agreed,
                        err) < 0)
        return -1;
    if (!agreed)
        return 0;
    if (find_networks(&filters, &names, rows, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        struct error why = { 0 };

        if (shared_network_remove(names.items[i], &why) == 0) {
            if (print_line(names.items[i], err) < 0)
                return -1;
        } else if (why.code != ERROR_EXISTS && why.code != ERROR_NOT_FOUND) {
            *err = why;
            return -1;
        }
    }
    return 0;
}

const struct command cmd_network_create = {
    .name = "network create",
    .operands = "NAME",
    .summary = "Make a network that containers of several stacks may be on.",
    .details = "Single containers join it with --network NAME, services of a stack by a network "
               "with 'external: true'. They find each other by their names.",
    .options = create_options,
    .options_size = sizeof(struct create_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = create_run,
};

const struct command cmd_network_list = {
    .name = "network ls",
    .summary = "List the networks that belong to no stack.",
    .options = list_options,
    .options_size = sizeof(struct list_options),
    .run = list_run,
};

const struct command cmd_network_inspect = {
    .name = "network inspect",
    .operands = "NETWORK...",
    .summary = "Print what is known of networks, and which containers are on them, as a JSON "
               "array.",
    .options = inspect_options,
    .options_size = sizeof(struct inspect_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = inspect_run,
};

const struct command cmd_network_remove = {
    .name = "network rm",
    .operands = "NETWORK...",
    .summary = "Remove networks that no container is on.",
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = remove_run,
};

const struct command cmd_network_prune = {
    .name = "network prune",
    .summary = "Remove all networks that no container is on.",
    .options = prune_options,
    .options_size = sizeof(struct prune_options),
    .run = prune_run,
};

/* A container's networks are part of its definition, and a new definition is a new container. */
#define FIXED                                                                                \
    "is not built: a container keeps the networks that it was made with; make another with " \
    "`carte run --network`, given once for each"

const struct command cmd_network_connect = {
    .name = "network connect",
    .operands = "NETWORK CONTAINER",
    .summary = "Put a container on a further network.",
    .refusal = FIXED,
};

const struct command cmd_network_disconnect = {
    .name = "network disconnect",
    .operands = "NETWORK CONTAINER",
    .summary = "Take a container off a network.",
    .refusal = FIXED,
};
