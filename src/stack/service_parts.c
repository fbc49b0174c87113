/* SPDX-License-Identifier: MIT */

/*
 * Parts of a service: their tables
 */

#include "stack/service_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "stack/reading.h"
#include "stack/tables.h"
#include "util/alloc.h"
#include "util/clock.h"

static const char *const protocols[] = { "tcp", "udp", NULL };
static const char *const mount_kinds[] = { "bind", "volume", "tmpfs", NULL };
static const char *const conditions[] = { "service_started", "service_healthy",
                                          "service_completed_successfully", NULL };
static const char *const formats[] = { "default", "raw", NULL };

static const struct field port_fields[] = {
    {
        .key = "target",
        MEMBER(PORT, struct service_port, target),
        .required = true,
        .doc = "The port in the container.",
    },
    {
        .key = "published",
        MEMBER_WITH(PORTS, struct service_port, published, uint16_t, published_last),
        .doc = "The port of this machine, or a range to choose from; one is chosen if none is "
               "given.",
    },
    {
        .key = "host_ip",
        MEMBER(STRING, struct service_port, host_ip),
        .doc = "The address of this machine; every address if none is given.",
    },
    {
        .key = "protocol",
        MEMBER(CHOICE, struct service_port, protocol),
        .fallback = "tcp",
        .choices = protocols,
        .doc = "The protocol.",
    },
    {
        .key = "mode",
        .kind = FIELD_QUIET,
        .doc = "A port belongs to the service and is balanced over its replicas, whatever stands "
               "here.",
    },
    { .key = "name", .kind = FIELD_QUIET, .doc = "A name for people." },
    { .key = "app_protocol", .kind = FIELD_QUIET, .doc = "A hint for people." },
    {},
};

static const char *const port_identity[] = { "host_ip", "target", "published", "protocol", NULL };

const struct object service_parts_port = {
    .name = "a port",
    .doc = "A port that is published, balanced over the service's ready replicas.",
    .fields = port_fields,
    .size = sizeof(struct service_port),
    .identity = port_identity,
};

static const struct field bind_fields[] = {
    {
        .key = "create_host_path",
        MEMBER(BOOL, struct service_mount, create_host_path),
        .fallback = "true",
        .doc = "The folder is made if it is missing.",
    },
    LATER("propagation", "Whether later mounts are seen on the other side."),
    LATER("recursive", "Whether mounts below the folder are taken along."),
    { .key = "selinux", .kind = FIELD_QUIET, .doc = "Labels for SELinux." },
    {},
};

static const struct object bind_object = {
    .name = "bind",
    .doc = "Options of a folder of this machine.",
    .fields = bind_fields,
};

static const struct field volume_fields[] = {
    {
        .key = "nocopy",
        MEMBER(BOOL, struct service_mount, no_copy),
        .fallback = "false",
        .doc = "A new volume is not filled from the image.",
    },
    {
        .key = "subpath",
        MEMBER(STRING, struct service_mount, subpath),
        .doc = "A folder of the volume.",
    },
    LATER("labels", "Labels of an anonymous volume."),
    {},
};

static const struct object volume_object = {
    .name = "volume",
    .doc = "Options of a volume.",
    .fields = volume_fields,
};

static const struct field tmpfs_fields[] = {
    {
        .key = "size",
        MEMBER(BYTES, struct service_mount, size_bytes),
        .doc = "How much it holds.",
    },
    {
        .key = "mode",
        MEMBER(MODE, struct service_mount, mode),
        .doc = "The mode of its top folder, octal.",
    },
    {},
};

static const struct object tmpfs_object = {
    .name = "tmpfs",
    .doc = "Options of a file system in memory.",
    .fields = tmpfs_fields,
};

/* Folders of this machine become absolute, in the file that names them. */
static void prepare_mount(struct reading *reading, struct node *map)
{
    const char *type = node_find_text(map, "type");
    struct node *source = node_find(map, "source");

    if (type && strcmp(type, "bind") == 0 && source && source->kind == NODE_SCALAR) {
        char *path = reading_resolve_path(reading, source->text);

        free(source->text);
        source->text = path;
    }
}

static void check_mount(struct reading *reading, const struct node *map, void *base)
{
    const struct service_mount *mount = base;

    if (mount->target && *mount->target != '/')
        reading_error(reading, map, "the target '%s' is not an absolute path", mount->target);
    if (mount->kind == SERVICE_MOUNT_BIND && !mount->source)
        reading_error(reading, map, "'source' is missing; name a folder of this machine");
    if (mount->kind == SERVICE_MOUNT_TMPFS && mount->source)
        reading_error(reading, map, "a tmpfs has no 'source'; remove it");
}

static const struct field mount_fields[] = {
    {
        .key = "type",
        MEMBER(CHOICE, struct service_mount, kind),
        .required = true,
        .choices = mount_kinds,
        .doc = "What is mounted.",
    },
    {
        .key = "source",
        MEMBER(STRING, struct service_mount, source),
        .doc = "A folder of this machine, or the name of a volume.",
    },
    {
        .key = "target",
        MEMBER(STRING, struct service_mount, target),
        .required = true,
        .doc = "The path in the container.",
    },
    {
        .key = "read_only",
        MEMBER(BOOL, struct service_mount, read_only),
        .fallback = "false",
        .doc = "Nothing can be written.",
    },
    { .key = "bind", GROUP(bind_object), .doc = "Options of a folder of this machine." },
    { .key = "volume", GROUP(volume_object), .doc = "Options of a volume." },
    { .key = "tmpfs", GROUP(tmpfs_object), .doc = "Options of a file system in memory." },
    { .key = "consistency", .kind = FIELD_QUIET, .doc = "A hint for virtual machines." },
    {},
};

static const char *const mount_identity[] = { "target", NULL };

const struct object service_parts_mount = {
    .name = "a mount",
    .doc = "A folder, a volume or memory at a path in the container.",
    .fields = mount_fields,
    .size = sizeof(struct service_mount),
    .identity = mount_identity,
    .prepare = prepare_mount,
    .check = check_mount,
};

static const struct field network_fields[] = {
    {
        .key = "aliases",
        MEMBER(LIST, struct service_network, aliases),
        .doc = "More names of the service on this network.",
    },
    {
        .key = "ipv4_address",
        MEMBER(STRING, struct service_network, ipv4_address),
        .doc = "The address of the service's only replica.",
    },
    LATER("driver_opts", "Options of the network's driver."),
    LATER("gw_priority", "Which network leads out."),
    LATER("interface_name", "The name of the interface in the container."),
    LATER("ipv6_address", "An IPv6 address."),
    LATER("link_local_ips", "Link-local addresses."),
    LATER("mac_address", "A hardware address."),
    LATER("priority", "The order in which networks are joined."),
    {},
};

static void check_network(struct reading *reading, const struct node *map, void *base)
{
    const struct service_network *network = base;
    struct in_addr address;

    if (network->ipv4_address && inet_pton(AF_INET, network->ipv4_address, &address) != 1)
        reading_error(reading, node_find(map, "ipv4_address"), "'%s' is not an IPv4 address",
                      network->ipv4_address);
}

const struct object service_parts_network = {
    .name = "a network of a service",
    .doc = "How the service stands on the network.",
    .fields = network_fields,
    .size = sizeof(struct service_network),
    .name_offset = offsetof(struct service_network, network),
    .check = check_network,
};

static const struct field dependency_fields[] = {
    {
        .key = "condition",
        MEMBER(CHOICE, struct service_dependency, condition),
        .fallback = "service_started",
        .choices = conditions,
        .doc = "What is waited for.",
    },
    {
        .key = "required",
        MEMBER(BOOL, struct service_dependency, required),
        .fallback = "true",
        .doc = "Without it this service does not start.",
    },
    {
        .key = "restart",
        MEMBER(BOOL, struct service_dependency, restart),
        .fallback = "false",
        .doc = "This service is restarted when that one was.",
    },
    {},
};

const struct object service_parts_dependency = {
    .name = "a dependency",
    .doc = "A service that is started first.",
    .fields = dependency_fields,
    .size = sizeof(struct service_dependency),
    .name_offset = offsetof(struct service_dependency, service),
};

static const struct field health_fields[] = {
    {
        .key = "test",
        MEMBER_WITH(TEST, struct service_healthcheck, test, enum service_probe, probe),
        .doc =
            "`[CMD, program, argument]`, `[CMD-SHELL, line]`, `[NONE]`, or a line for the shell; "
            "exit status 0 means healthy.",
    },
    {
        .key = "interval",
        MEMBER(DURATION, struct service_healthcheck, interval_ms),
        .fallback = "30s",
        .min = 100,
        .max = DAY_MS,
        .doc = "The time between two checks.",
    },
    {
        .key = "timeout",
        MEMBER(DURATION, struct service_healthcheck, timeout_ms),
        .fallback = "30s",
        .min = 10,
        .max = DAY_MS,
        .doc = "A check that takes longer has failed.",
    },
    {
        .key = "retries",
        MEMBER(INT, struct service_healthcheck, retries),
        .fallback = "3",
        .max = 1000,
        .doc = "How many failures in a row make a replica unhealthy.",
    },
    {
        .key = "start_period",
        MEMBER(DURATION, struct service_healthcheck, start_period_ms),
        .fallback = "0s",
        .max = DAY_MS,
        .doc = "Failures in this time after the start do not count until one check succeeded.",
    },
    {
        .key = "start_interval",
        MEMBER(DURATION, struct service_healthcheck, start_interval_ms),
        .fallback = "5s",
        .min = 10,
        .max = DAY_MS,
        .doc = "The time between two checks within `start_period`.",
    },
    {
        .key = "disable",
        MEMBER(BOOL, struct service_healthcheck, disable),
        .fallback = "false",
        .doc = "The image's check is switched off.",
    },
    {},
};

static void check_health(struct reading *reading, const struct node *map, void *base)
{
    struct service_healthcheck *health = base;

    (void)reading;
    (void)map;
    if (!health->disable)
        return;
    health->probe = SERVICE_PROBE_NONE;
    strings_done(&health->test);
}

const struct object service_parts_healthcheck = {
    .name = "healthcheck",
    .doc = "How a replica's health is found out.",
    .fields = health_fields,
    .check = check_health,
};

#define FILE_ROWS                                                       \
    {                                                                   \
        .key = "source",                                                \
        MEMBER(STRING, struct service_file, source),                    \
        .required = true,                                               \
        .doc = "The key under which it stands at the top of the file.", \
    },                                                                  \
        {                                                               \
            .key = "target",                                            \
            MEMBER(STRING, struct service_file, target),                \
            .doc = "The path in the container.",                        \
        },                                                              \
        {                                                               \
            .key = "uid",                                               \
            MEMBER(ID, struct service_file, uid),                       \
            .fallback = "0",                                            \
            .doc = "The user who owns it.",                             \
        },                                                              \
        {                                                               \
            .key = "gid",                                               \
            MEMBER(ID, struct service_file, gid),                       \
            .fallback = "0",                                            \
            .doc = "The group that owns it.",                           \
        },                                                              \
        {                                                               \
            .key = "mode",                                              \
            MEMBER(MODE, struct service_file, mode),                    \
            .fallback = "0444",                                         \
            .doc = "Its mode, octal.",                                  \
        },                                                              \
    {                                                                   \
    }

static const struct field file_fields[] = { FILE_ROWS };

/* A target that is missing or relative lies in `folder`. */
static void complete_target(struct service_file *file, const char *folder)
{
    char *target = NULL;

    if (!file->source || (file->target && *file->target == '/'))
        return;
    target = alloc_format("%s%s", folder, file->target ? file->target : file->source);
    free(file->target);
    file->target = target;
}

static void check_config(struct reading *reading, const struct node *map, void *base)
{
    (void)reading;
    (void)map;
    complete_target(base, "/");
}

static void check_secret(struct reading *reading, const struct node *map, void *base)
{
    (void)reading;
    (void)map;
    complete_target(base, "/run/secrets/");
}

static const char *const file_identity[] = { "source", "target", NULL };

const struct object service_parts_config = {
    .name = "a config of a service",
    .doc = "A config that the service may read, at `/NAME` unless a target is given.",
    .fields = file_fields,
    .size = sizeof(struct service_file),
    .identity = file_identity,
    .check = check_config,
};

const struct object service_parts_secret = {
    .name = "a secret of a service",
    .doc = "A secret that the service may read, at `/run/secrets/NAME` unless a target is given.",
    .fields = file_fields,
    .size = sizeof(struct service_file),
    .identity = file_identity,
    .check = check_secret,
};

static const struct field env_file_fields[] = {
    {
        .key = "path",
        MEMBER(PATH, struct service_env_file, path),
        .required = true,
        .doc = "The file.",
    },
    {
        .key = "required",
        MEMBER(BOOL, struct service_env_file, required),
        .fallback = "true",
        .doc = "It is a mistake when the file is missing.",
    },
    {
        .key = "format",
        MEMBER(EITHER, struct service_env_file, raw),
        .fallback = "default",
        .choices = formats,
        .doc = "`raw` takes what stands behind the `=` as it is.",
    },
    {},
};

static const char *const env_file_identity[] = { "path", NULL };

const struct object service_parts_env_file = {
    .name = "an env_file",
    .doc = "A file of variables.",
    .fields = env_file_fields,
    .size = sizeof(struct service_env_file),
    .identity = env_file_identity,
};

static const struct field ulimit_fields[] = {
    {
        .key = "soft",
        MEMBER(INT, struct service_ulimit, soft),
        .required = true,
        .min = -1,
        .max = INT64_MAX,
        .doc = "The limit that a process may raise up to the hard one; -1 is none.",
    },
    {
        .key = "hard",
        MEMBER(INT, struct service_ulimit, hard),
        .required = true,
        .min = -1,
        .max = INT64_MAX,
        .doc = "The limit that stands; -1 is none.",
    },
    {},
};

static void check_ulimit(struct reading *reading, const struct node *map, void *base)
{
    const struct service_ulimit *ulimit = base;

    if (ulimit->hard >= 0 && (ulimit->soft > ulimit->hard || ulimit->soft < 0))
        reading_error(reading, map, "the soft limit is greater than the hard one");
}

const struct object service_parts_ulimit = {
    .name = "a ulimit",
    .doc = "A limit of the service's processes, as for `ulimit`.",
    .fields = ulimit_fields,
    .size = sizeof(struct service_ulimit),
    .name_offset = offsetof(struct service_ulimit, name),
    .check = check_ulimit,
};
