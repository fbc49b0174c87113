/* SPDX-License-Identifier: MIT */

/*
 * The whole file: its tables
 */

#include <arpa/inet.h>
#include <string.h>

#include "stack/reading.h"
#include "stack/stack.h"
#include "stack/tables.h"
#include "util/error.h"
#include "util/parse.h"

/* `external: {name: other}`, as files of long ago have it. */
static void prepare_external(struct reading *reading, struct node *map)
{
    struct node *external = node_find(map, "external");
    const char *name = node_find_text(external, "name");

    (void)reading;
    if (!external || external->kind != NODE_MAP)
        return;
    if (name)
        node_set(map, "name", &external->place, node_new_scalar(&external->place, name));
    node_set_text(map, "external", "true");
}

static const struct field pool_fields[] = {
    {
        .key = "subnet",
        MEMBER(STRING, struct stack_network, subnet),
        .doc = "The addresses of the network, as `10.1.2.0/24`; else they are chosen.",
    },
    {
        .key = "gateway",
        MEMBER(STRING, struct stack_network, gateway),
        .doc = "The address of this machine on the network; else the first.",
    },
    LATER("ip_range", "The part of the subnet that is handed out."),
    LATER("aux_addresses", "Addresses that are not handed out."),
    {},
};

static void check_pool(struct reading *reading, const struct node *map, void *base)
{
    const struct stack_network *network = base;
    char address[32] = { 0 };
    struct in_addr binary;
    const char *slash = network->subnet ? strchr(network->subnet, '/') : NULL;
    struct error err = { 0 };
    int64_t bits = 0;

    if (slash && slash - network->subnet < (long)sizeof(address))
        memcpy(address, network->subnet, (size_t)(slash - network->subnet));
    if (network->subnet &&
        (inet_pton(AF_INET, address, &binary) != 1 || parse_int(slash + 1, 8, 30, &bits, &err) < 0))
        reading_error(reading, node_find(map, "subnet"),
                      "'%s' is not an IPv4 subnet; write 10.1.2.0/24", network->subnet);
    if (network->gateway && inet_pton(AF_INET, network->gateway, &binary) != 1)
        reading_error(reading, node_find(map, "gateway"), "'%s' is not an IPv4 address",
                      network->gateway);
}

static const struct object pool_object = {
    .name = "an address pool",
    .doc = "Addresses of a network.",
    .fields = pool_fields,
    .check = check_pool,
};

static const struct field ipam_fields[] = {
    {
        .key = "config",
        .kind = FIELD_ONLY,
        .object = &pool_object,
        .doc = "The addresses; one pool.",
    },
    { .key = "driver", .kind = FIELD_QUIET, .doc = "Addresses are handed out by carte-stack." },
    LATER("options", "Options of the driver."),
    {},
};

static const struct object ipam_object = {
    .name = "ipam",
    .doc = "How addresses are handed out.",
    .fields = ipam_fields,
};

static const struct field network_fields[] = {
    {
        .key = "name",
        MEMBER(STRING, struct stack_network, name),
        .doc = "Its name on this machine; else `PROJECT_KEY`.",
    },
    {
        .key = "external",
        MEMBER(BOOL, struct stack_network, external),
        .fallback = "false",
        .doc = "It exists already and is left alone.",
    },
    {
        .key = "internal",
        MEMBER(BOOL, struct stack_network, internal),
        .fallback = "false",
        .doc = "There is no way out of it.",
    },
    { .key = "ipam", GROUP(ipam_object), .doc = "How addresses are handed out." },
    {
        .key = "labels",
        MEMBER(MAP, struct stack_network, labels),
        .doc = "Labels of the network.",
    },
    {
        .key = "driver_opts",
        MEMBER(MAP, struct stack_network, driver_opts),
        .doc = "Options of the bridge.",
    },
    { .key = "driver", .kind = FIELD_QUIET, .doc = "A network is a bridge, whatever stands here." },
    { .key = "attachable", .kind = FIELD_QUIET, .doc = "Containers may always be attached." },
    { .key = "enable_ipv4", .kind = FIELD_QUIET, .doc = "IPv4 is always there." },
    LATER("enable_ipv6", "IPv6."),
    {},
};

const struct object top_level_network = {
    .name = "a network",
    .doc = "A bridge of this machine that services are on.",
    .fields = network_fields,
    .size = sizeof(struct stack_network),
    .name_offset = offsetof(struct stack_network, key),
    .prepare = prepare_external,
};

static const struct field volume_fields[] = {
    {
        .key = "name",
        MEMBER(STRING, struct stack_volume, name),
        .doc = "Its name on this machine; else `PROJECT_KEY`.",
    },
    {
        .key = "external",
        MEMBER(BOOL, struct stack_volume, external),
        .fallback = "false",
        .doc = "It exists already and is never removed.",
    },
    {
        .key = "labels",
        MEMBER(MAP, struct stack_volume, labels),
        .doc = "Labels of the volume.",
    },
    {
        .key = "driver_opts",
        MEMBER(MAP, struct stack_volume, driver_opts),
        .doc = "What is mounted as the volume: `type`, `o` and `device`.",
    },
    {
        .key = "driver",
        .kind = FIELD_QUIET,
        .doc = "A volume is a folder of this machine, whatever stands here.",
    },
    {},
};

static const struct object volume_object = {
    .name = "a volume",
    .doc = "A folder that outlives the replicas.",
    .fields = volume_fields,
    .size = sizeof(struct stack_volume),
    .name_offset = offsetof(struct stack_volume, key),
    .prepare = prepare_external,
};

static void check_file(struct reading *reading, const struct node *map, void *base)
{
    const struct stack_file *file = base;
    int sources = (file->path != NULL) + (file->content != NULL) + (file->environment != NULL);

    if (file->external)
        reading_error(reading, map, "there is no store of external files; write 'file'");
    else if (sources != 1)
        reading_error(reading, map, "exactly one of file, content and environment must stand here");
}

#define SOURCE_ROWS                                                                        \
    {                                                                                      \
        .key = "name",                                                                     \
        MEMBER(STRING, struct stack_file, name),                                           \
        .doc = "Its name on this machine; else `PROJECT_KEY`.",                            \
    },                                                                                     \
        {                                                                                  \
            .key = "external",                                                             \
            MEMBER(BOOL, struct stack_file, external),                                     \
            .fallback = "false",                                                           \
            .doc = "It exists already; not supported on one machine.",                     \
        },                                                                                 \
        {                                                                                  \
            .key = "file",                                                                 \
            MEMBER(PATH, struct stack_file, path),                                         \
            .doc = "The file with the content.",                                           \
        },                                                                                 \
        {                                                                                  \
            .key = "environment",                                                          \
            MEMBER(STRING, struct stack_file, environment),                                \
            .doc = "The variable of the environment of `up` with the content.",            \
        },                                                                                 \
        LATER("labels", "Labels."), LATER("template_driver", "Templates in the content."), \
        LATER("driver", "Another store."), LATER("driver_opts", "Options of another store.")

static const struct field config_fields[] = {
    SOURCE_ROWS,
    {
        .key = "content",
        MEMBER(STRING, struct stack_file, content),
        .doc = "The content itself.",
    },
    {},
};

static const struct field secret_fields[] = { SOURCE_ROWS, {} };

static const struct object config_object = {
    .name = "a config",
    .doc = "A file that services may read.",
    .fields = config_fields,
    .size = sizeof(struct stack_file),
    .name_offset = offsetof(struct stack_file, key),
    .prepare = prepare_external,
    .check = check_file,
};

static const struct object secret_object = {
    .name = "a secret",
    .doc = "A file that only the services that name it may read.",
    .fields = secret_fields,
    .size = sizeof(struct stack_file),
    .name_offset = offsetof(struct stack_file, key),
    .prepare = prepare_external,
    .check = check_file,
};

static const struct field project_fields[] = {
    {
        .key = "name",
        MEMBER(STRING, struct stack, name),
        .doc = "The project's name; else that of the folder.",
    },
    {
        .key = "services",
        ELEMENTS(NAMED, struct stack, services, service_count, struct service, service_object),
        .doc = "The services of the stack.",
    },
    {
        .key = "networks",
        ELEMENTS(NAMED, struct stack, networks, network_count, struct stack_network,
                 top_level_network),
        .doc = "The networks that services may be on.",
    },
    {
        .key = "volumes",
        ELEMENTS(NAMED, struct stack, volumes, volume_count, struct stack_volume, volume_object),
        .doc = "The volumes that services may mount.",
    },
    {
        .key = "configs",
        ELEMENTS(NAMED, struct stack, configs, config_count, struct stack_file, config_object),
        .doc = "Files that services may read.",
    },
    {
        .key = "secrets",
        ELEMENTS(NAMED, struct stack, secrets, secret_count, struct stack_file, secret_object),
        .doc = "Files that only the services that name them may read.",
    },
    {
        .key = "include",
        .kind = FIELD_QUIET,
        .doc = "Other files that belong to the stack.",
    },
    {
        .key = "version",
        .kind = FIELD_QUIET,
        .doc = "Has had no meaning for years.",
    },
    LATER("models", "Language models."),
    {},
};

const struct object top_level_object = {
    .name = "the file",
    .doc = "A stack: services with their networks, volumes, configs and secrets.",
    .fields = project_fields,
    .size = sizeof(struct stack),
};
