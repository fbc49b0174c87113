/* SPDX-License-Identifier: MIT */

/*
 * config.json of a bundle (config.md, config-linux.md)
 */

#include "oci/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

static const struct shape_row id_map_rows[] = {
    { .key = "containerID", SHAPE(ID, struct container_id_map, inside), .required = true },
    { .key = "hostID", SHAPE(ID, struct container_id_map, outside), .required = true },
    { .key = "size", SHAPE(ID, struct container_id_map, count), .required = true },
    { 0 },
};
const struct shape config_id_map_shape = { id_map_rows, sizeof(struct container_id_map), 0, NULL };

#define ID_MAPS(type, key_, member, count)                                                      \
    {                                                                                           \
        .key = (key_),                                                                          \
        SHAPE_ARRAY(OBJECTS, type, member, count, struct container_id_map, config_id_map_shape) \
    }

static const struct shape_row mount_rows[] = {
    { .key = "destination", SHAPE(TEXT, struct config_mount, destination), .required = true },
    { .key = "type", SHAPE(TEXT, struct config_mount, type) },
    { .key = "source", SHAPE(TEXT, struct config_mount, source) },
    { .key = "options", SHAPE(TEXTS, struct config_mount, options) },
    ID_MAPS(struct config_mount, "uidMappings", users, user_count),
    ID_MAPS(struct config_mount, "gidMappings", groups, group_count),
    { 0 },
};

static int check_mount(const void *base, struct error *err)
{
    const struct config_mount *mount = base;

    if (!*mount->destination)
        return error_set(err, ERROR_INVALID, "destination: it is empty");
    if ((mount->user_count == 0) != (mount->group_count == 0))
        return error_set(err, ERROR_INVALID, "uidMappings and gidMappings go together");
    return 0;
}

static const struct shape mount_shape = { mount_rows, sizeof(struct config_mount), 0, check_mount };

const struct shape_choice config_namespace_types[] = {
    { "cgroup", CONTAINER_NAMESPACE_CGROUP },
    { "ipc", CONTAINER_NAMESPACE_IPC },
    { "mount", CONTAINER_NAMESPACE_MOUNT },
    { "network", CONTAINER_NAMESPACE_NETWORK },
    { "pid", CONTAINER_NAMESPACE_PID },
    { "time", CONTAINER_NAMESPACE_TIME },
    { "user", CONTAINER_NAMESPACE_USER },
    { "uts", CONTAINER_NAMESPACE_UTS },
    { 0 },
};
static const struct shape_row namespace_rows[] = {
    { .key = "type",
      SHAPE(CHOICE, struct config_namespace, type),
      .choices = config_namespace_types,
      .required = true },
    { .key = "path", SHAPE(TEXT, struct config_namespace, path) },
    { 0 },
};

static int check_namespace(const void *base, struct error *err)
{
    const char *path = ((const struct config_namespace *)base)->path;

    if (path && *path && *path != '/')
        return error_set(err, ERROR_INVALID, "path: '%.256s' is not absolute", path);
    return 0;
}

static const struct shape namespace_shape = { namespace_rows, sizeof(struct config_namespace), 0,
                                              check_namespace };

static const struct shape_row device_rows[] = {
    { .key = "path", SHAPE(TEXT, struct config_device, path), .required = true },
    { .key = "type", SHAPE(TEXT, struct config_device, type), .required = true },
    { .key = "major",
      SHAPE_MAYBE(INT, struct config_device, major.value, major.given),
      .max = UINT32_MAX },
    { .key = "minor",
      SHAPE_MAYBE(INT, struct config_device, minor.value, minor.given),
      .max = UINT32_MAX },
    { .key = "fileMode", SHAPE_MAYBE(ID, struct config_device, mode, has_mode) },
    { .key = "uid", SHAPE(ID, struct config_device, uid) },
    { .key = "gid", SHAPE(ID, struct config_device, gid) },
    { 0 },
};

static int check_device(const void *base, struct error *err)
{
    const struct config_device *device = base;

    if (device->path[0] != '/')
        return error_set(err, ERROR_INVALID, "path: '%.256s' is not absolute", device->path);
    if (strlen(device->type) != 1 || !strchr("cubp", device->type[0]))
        return error_set(err, ERROR_INVALID, "type: '%.16s' is not one of c, u, b, p",
                         device->type);
    if (device->type[0] != 'p' && !(device->major.given && device->minor.given))
        return error_set(err, ERROR_INVALID, "major, minor: a device of type '%s' needs both",
                         device->type);
    return 0;
}

static const struct shape device_shape = { device_rows, sizeof(struct config_device), 0,
                                           check_device };

static const struct shape_row argument_rows[] = {
    { .key = "index", SHAPE(ID, struct syscall_argument, index), .max = 5, .required = true },
    { .key = "value", SHAPE(UINT, struct syscall_argument, value), .required = true },
    { .key = "valueTwo", SHAPE(UINT, struct syscall_argument, value_two) },
    { .key = "op", SHAPE(TEXT, struct syscall_argument, operator), .required = true },
    { 0 },
};
static const struct shape argument_shape = { argument_rows, sizeof(struct syscall_argument), 0,
                                             NULL };
static const struct shape_row syscall_rows[] = {
    { .key = "names", SHAPE(TEXTS, struct config_syscall, rule.names), .required = true },
    { .key = "action", SHAPE(TEXT, struct config_syscall, rule.action), .required = true },
    { .key = "errnoRet", SHAPE_MAYBE(ID, struct config_syscall, number, has_number), .max = 4095 },
    { .key = "args",
      SHAPE_ARRAY(OBJECTS, struct config_syscall, arguments, argument_count,
                  struct syscall_argument, argument_shape) },
    { 0 },
};

static int check_syscall(const void *base, struct error *err)
{
    const struct config_syscall *call = base;

    if (call->rule.names.count == 0)
        return error_set(err, ERROR_INVALID, "names: at least one is needed");
    return 0;
}

static const struct shape syscall_shape = { syscall_rows, sizeof(struct config_syscall), 0,
                                            check_syscall };
static const struct shape_row seccomp_rows[] = {
    { .key = "defaultAction",
      SHAPE(TEXT, struct config_seccomp, default_action),
      .required = true },
    { .key = "defaultErrnoRet",
      SHAPE_MAYBE(ID, struct config_seccomp, default_number, has_default_number),
      .max = 4095 },
    { .key = "architectures", SHAPE(TEXTS, struct config_seccomp, architectures) },
    { .key = "flags", SHAPE(TEXTS, struct config_seccomp, flags) },
    { .key = "listenerPath", SHAPE(TEXT, struct config_seccomp, listener_path) },
    { .key = "listenerMetadata", SHAPE(TEXT, struct config_seccomp, listener_metadata) },
    { .key = "syscalls",
      SHAPE_ARRAY(OBJECTS, struct config_seccomp, syscalls, syscall_count, struct config_syscall,
                  syscall_shape) },
    { 0 },
};

static int check_seccomp(const void *base, struct error *err)
{
    const struct config_seccomp *seccomp = base;
    bool has_path = seccomp->listener_path && *seccomp->listener_path;

    if (seccomp->listener_metadata && *seccomp->listener_metadata && !has_path)
        return error_set(err, ERROR_INVALID, "listenerMetadata: it needs a listenerPath");
    return 0;
}

static const struct shape seccomp_shape = { seccomp_rows, sizeof(struct config_seccomp), 0,
                                            check_seccomp };

static const struct shape_row offset_rows[] = {
    { .key = "secs", SHAPE(INT, struct config_time_offset, seconds) },
    { .key = "nanosecs", SHAPE(ID, struct config_time_offset, nanoseconds), .max = 999999999 },
    { 0 },
};
static int check_offset(const void *base, struct error *err)
{
    const char *clock = ((const struct config_time_offset *)base)->clock;

    if (strcmp(clock, "monotonic") == 0 || strcmp(clock, "boottime") == 0)
        return 0;
    return error_set(err, ERROR_INVALID, "the clock is neither monotonic nor boottime");
}
static const struct shape offset_shape = { offset_rows, sizeof(struct config_time_offset),
                                           offsetof(struct config_time_offset, clock),
                                           check_offset };

static const struct shape_choice propagations[] = {
    { "private", MS_PRIVATE },
    { "rprivate", MS_PRIVATE | MS_REC },
    { "shared", MS_SHARED },
    { "rshared", MS_SHARED | MS_REC },
    { "slave", MS_SLAVE },
    { "rslave", MS_SLAVE | MS_REC },
    { "unbindable", MS_UNBINDABLE },
    { "runbindable", MS_UNBINDABLE | MS_REC },
    { "", 0 },
    { 0 },
};
static const struct shape_choice domains[] = {
    { "LINUX", PER_LINUX },
    { "LINUX32", PER_LINUX32 },
    { 0 },
};
static const struct shape_row personality_rows[] = {
    { .key = "domain",
      SHAPE(CHOICE, struct config, personality),
      .choices = domains,
      .required = true },
    { .key = "flags", SHAPE(TEXTS, struct config, personality_flags) },
    { 0 },
};
static const struct shape personality_shape = { personality_rows, 0, 0, NULL };

static const struct shape_row net_device_rows[] = {
    { .key = "name", SHAPE(TEXT, struct net_device, inside) },
    { 0 },
};
static const struct shape net_device_shape = { net_device_rows, sizeof(struct net_device),
                                               offsetof(struct net_device, name), NULL };

static const struct shape_row linux_rows[] = {
    { .key = "cgroupsPath", SHAPE(TEXT, struct config, cgroups_path) },
    { .key = "namespaces",
      SHAPE_ARRAY(OBJECTS, struct config, namespaces, namespace_count, struct config_namespace,
                  namespace_shape) },
    ID_MAPS(struct config, "uidMappings", users, user_count),
    ID_MAPS(struct config, "gidMappings", groups, group_count),
    { .key = "devices",
      SHAPE_ARRAY(OBJECTS, struct config, devices, device_count, struct config_device,
                  device_shape) },
    { .key = "resources",
      SHAPE_EMBEDDED(struct config, resources, struct config_resources, config_resources_shape) },
    { .key = "seccomp",
      SHAPE_EMBEDDED(struct config, seccomp, struct config_seccomp, seccomp_shape),
      SHAPE_ALSO(struct config, has_seccomp, bool) },
    { .key = "sysctl", SHAPE(MAP, struct config, sysctls) },
    { .key = "maskedPaths", SHAPE(TEXTS, struct config, masked_paths) },
    { .key = "readonlyPaths", SHAPE(TEXTS, struct config, read_only_paths) },
    { .key = "rootfsPropagation",
      SHAPE(CHOICE, struct config, root_propagation),
      .choices = propagations },
    { .key = "personality", SHAPE_GROUP(personality_shape) },
    { .key = "timeOffsets",
      SHAPE_ARRAY(NAMED, struct config, time_offsets, time_offset_count, struct config_time_offset,
                  offset_shape) },
    { .key = "mountLabel", SHAPE(TEXT, struct config, mount_label) },
    { .key = "intelRdt",
      .kind = SHAPE_REFUSED,
      .refusal = "Intel Resource Director Technology is not supported: leave it out" },
    { .key = "memoryPolicy",
      .kind = SHAPE_REFUSED,
      .refusal = "memory policies are not supported: leave it out" },
    { .key = "netDevices",
      SHAPE_ARRAY(NAMED, struct config, net_devices, net_device_count, struct net_device,
                  net_device_shape) },
    { 0 },
};
static const struct shape linux_shape = { linux_rows, 0, 0, NULL };

static const struct shape_row root_rows[] = {
    { .key = "path", SHAPE(TEXT, struct config, root_path), .required = true },
    { .key = "readonly", SHAPE(BOOL, struct config, root_read_only) },
    { 0 },
};
static const struct shape root_shape = { root_rows, 0, 0, NULL };

#define HOOKS(key_, kind_)                                                                         \
    {                                                                                              \
        .key = (key_), SHAPE_ARRAY(OBJECTS, struct config, hooks[kind_].hooks, hooks[kind_].count, \
                                   struct hook, hook_shape)                                        \
    }
static const struct shape_row hook_rows[] = {
    HOOKS("prestart", HOOK_PRESTART),
    HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
    HOOKS("createContainer", HOOK_CREATE_CONTAINER),
    HOOKS("startContainer", HOOK_START_CONTAINER),
    HOOKS("poststart", HOOK_POSTSTART),
    HOOKS("poststop", HOOK_POSTSTOP),
    { 0 },
};
static const struct shape hooks_shape = { hook_rows, 0, 0, NULL };

static const struct shape_row rows[] = {
    { .key = "ociVersion", SHAPE(TEXT, struct config, version), .required = true },
    { .key = "root", SHAPE_GROUP(root_shape), .required = true },
    { .key = "process",
      SHAPE_EMBEDDED(struct config, process, struct config_process, config_process_shape),
      SHAPE_ALSO(struct config, has_process, bool) },
    { .key = "hostname", SHAPE(TEXT, struct config, hostname) },
    { .key = "domainname", SHAPE(TEXT, struct config, domainname) },
    { .key = "mounts",
      SHAPE_ARRAY(OBJECTS, struct config, mounts, mount_count, struct config_mount, mount_shape) },
    { .key = "hooks", SHAPE_GROUP(hooks_shape) },
    { .key = "annotations", SHAPE(MAP, struct config, annotations) },
    { .key = "linux", SHAPE_GROUP(linux_shape) },
    { .key = "vm",
      .kind = SHAPE_REFUSED,
      .refusal = "virtual machines are not supported: leave it out" },
    { 0 },
};

/* MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD] of SemVer 2.0.0, as far as we must tell it from others. */
static bool is_version(const char *text)
{
    static const char words[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.";
    const char *p = text;

    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(p, "0123456789");

        if (digits == 0 || (digits > 1 && p[0] == '0') || (part < 2 && p[digits] != '.'))
            return false;
        p += digits + (part < 2);
    }
    for (const char *mark = "-+"; *mark; mark++) {
        size_t length = *p == *mark ? strspn(p + 1, words) : 0;

        if (*p == *mark && length == 0)
            return false;
        p += length + (length > 0);
    }
    return *p == '\0';
}

int config_check_version(const char *version, struct error *err)
{
    if (strncmp(version, "1.", 2) == 0 && is_version(version))
        return 0;
    return error_set(err, ERROR_INVALID,
                     "ociVersion: unknown version specified: '%.32s' is none of 1.x", version);
}

static int check_namespaces(const struct config *config, struct error *err)
{
    for (size_t i = 0; i < config->namespace_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (config->namespaces[i].type == config->namespaces[j].type)
                return error_set(
                    err, ERROR_INVALID, "linux.namespaces[%zu].type: '%s' is there twice", i,
                    shape_find_name(config_namespace_types, config->namespaces[i].type));
        }
    }
    return 0;
}

/* Without a network of its own they would stay where they are. */
static int check_net_devices(const struct config *config, struct error *err)
{
    for (size_t i = 0; i < config->namespace_count; i++) {
        if (config->namespaces[i].type == CONTAINER_NAMESPACE_NETWORK)
            return 0;
    }
    if (config->net_device_count == 0)
        return 0;
    return error_set(err, ERROR_INVALID,
                     "linux.netDevices: they need a network namespace in linux.namespaces");
}

static int check_paths(const struct strings *paths, const char *key, struct error *err)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (paths->items[i][0] != '/')
            return error_set(err, ERROR_INVALID, "linux.%s[%zu]: '%.256s' is not absolute", key, i,
                             paths->items[i]);
    }
    return 0;
}

static int check(const void *base, struct error *err)
{
    const struct config *config = base;

    for (size_t i = 0; i < config->annotations.count; i++) {
        if (!*config->annotations.pairs[i].key)
            return error_set(err, ERROR_INVALID, "annotations: a key is empty");
    }
    if (config->mount_label && *config->mount_label)
        return error_set(err, ERROR_UNSUPPORTED,
                         "linux.mountLabel: SELinux is not supported: leave the label out");
    if (config->personality_flags.count > 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "linux.personality.flags: the specification has none yet: leave them out");
    if (config_check_version(config->version, err) < 0 ||
        check_paths(&config->masked_paths, "maskedPaths", err) < 0 ||
        check_paths(&config->read_only_paths, "readonlyPaths", err) < 0)
        return -1;
    return check_namespaces(config, err) < 0 ? -1 : check_net_devices(config, err);
}

static const struct shape shape = { rows, sizeof(struct config), 0, check };

/* Decode by `shape` into the member at `offset`. */
static struct config *parse(const struct shape *what, size_t offset, const char *text,
                            size_t length, struct error *err)
{
    AUTO(config) struct config *config = alloc_new(struct config);

    if (length > CONFIG_SIZE_MAX) {
        error_set(err, ERROR_INVALID, "it is longer than %zu bytes", CONFIG_SIZE_MAX);
        return NULL;
    }
    config->document = json_parse_exact(text, length, err);
    if (!config->document || shape_decode(what, config->document, "", member_at(config, offset),
                                          &config->store, err) < 0)
        return NULL;
    return STEAL_PTR(config);
}

struct config *config_parse(const char *text, size_t length, struct error *err)
{
    return parse(&shape, 0, text, length, err);
}

struct config *config_parse_process(const char *text, size_t length, struct error *err)
{
    return parse(&config_process_shape, offsetof(struct config, process), text, length, err);
}

struct config *config_parse_resources(const char *text, size_t length, struct error *err)
{
    return parse(&config_resources_shape, offsetof(struct config, resources), text, length, err);
}

void config_write_dictionary(struct text *out)
{
    AUTO_STRINGS struct strings words = { 0 };

    shape_list_words(&shape, &words);
    strings_sort(&words);
    text_add(out, "# Written by `make generate` from the tables in src/oci/.\n");
    for (size_t i = 0; i < words.count; i++) {
        if (*words.items[i] && (i == 0 || strcmp(words.items[i], words.items[i - 1]) != 0))
            text_add_format(out, "\"\\\"%s\\\"\"\n", words.items[i]);
    }
}

void config_free(struct config *config)
{
    if (!config)
        return;
    shape_done(&config->store);
    json_free(config->document);
    free(config);
}
