/* SPDX-License-Identifier: MIT */

/*
 * config.json of a bundle, as the OCI runtime specification 1.0 to 1.3 has it for Linux
 *
 * What the tables of config*.c read, checked and not yet understood: translate.h makes a struct
 * container_spec of it. Texts and arrays belong to the struct config.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/config_process.h"
#include "oci/config_resources.h"
#include "oci/hook.h"
#include "oci/shape.h"
#include "runtime/mount_spec.h"
#include "runtime/net_device.h"
#include "runtime/spec.h"
#include "runtime/syscall_profile.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct json;
struct text;

struct config_mount {
    const char *destination, *type, *source;
    struct strings options;
    struct container_id_map *users, *groups;
    size_t user_count, group_count;
};

struct config_namespace {
    int type; /* enum container_namespace */
    const char *path;
};

struct config_device {
    const char *path, *type;
    struct config_figure major, minor;
    uint32_t mode, uid, gid;
    bool has_mode;
};

struct config_syscall {
    struct syscall_rule rule; /* without `number` and `arguments` */
    uint32_t number;
    bool has_number;
    struct syscall_argument *arguments;
    size_t argument_count;
};

struct config_seccomp {
    const char *default_action, *listener_path, *listener_metadata;
    uint32_t default_number;
    bool has_default_number;
    struct strings architectures, flags;
    struct config_syscall *syscalls;
    size_t syscall_count;
};

struct config_time_offset {
    const char *clock;
    int64_t seconds;
    uint32_t nanoseconds;
};

struct config {
    const char *version;
    const char *hostname, *domainname;
    const char *root_path; /* as it is written */
    bool root_read_only;
    struct config_process process;
    bool has_process;
    struct config_mount *mounts;
    size_t mount_count;
    struct hook_list hooks[HOOK_KIND_COUNT];
    struct strings_map annotations;

    const char *cgroups_path;
    struct config_namespace *namespaces;
    size_t namespace_count;
    struct container_id_map *users, *groups;
    size_t user_count, group_count;
    struct net_device *net_devices; /* to be moved into the container's network */
    size_t net_device_count;
    struct config_device *devices;
    size_t device_count;
    struct config_resources resources;
    struct config_seccomp seccomp;
    bool has_seccomp;
    struct strings_map sysctls;
    struct strings masked_paths, read_only_paths;
    int root_propagation; /* MS_SHARED, ...; 0: not said */
    int personality;      /* PER_LINUX, ... */
    struct strings personality_flags;
    const char *mount_label;
    struct config_time_offset *time_offsets;
    size_t time_offset_count;

    struct json *document;
    struct shape_store store;
};

/* ERROR_INVALID and ERROR_UNSUPPORTED name the property: "linux.resources.cpu.quota: ...". */
struct config *config_parse(const char *text, size_t length, struct error *err) MUST_CHECK;
void config_free(struct config *config);
DEFINE_CLEANUP(config)

/* `process` alone, or `linux.resources` alone, in a config that has nothing else. */
struct config *config_parse_process(const char *text, size_t length, struct error *err) MUST_CHECK;
struct config *config_parse_resources(const char *text, size_t length,
                                      struct error *err) MUST_CHECK;

#define CONFIG_SIZE_MAX ((size_t)8 << 20)

/* The words of namespaces: "pid", as struct shape_choice of enum container_namespace. */
extern const struct shape_choice config_namespace_types[];
extern const struct shape config_id_map_shape;

/* Every word that a config.json may hold, for the fuzzer. */
void config_write_dictionary(struct text *out);

/* Is `version` one that is understood (1.x)? */
int config_check_version(const char *version, struct error *err) MUST_CHECK;
#define CONFIG_VERSION_MIN "1.0.0"
#define CONFIG_VERSION_MAX "1.3.0"
