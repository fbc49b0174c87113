/* SPDX-License-Identifier: MIT */

/*
 * Kernel parameters of a container's own namespaces
 *
 * An allow-list, because a parameter that is not namespaced would change the host.
 */

#include "runtime/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/confined.h"
#include "runtime/namespace.h"
#include "runtime/spec.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

static const char *const ipc_keys[] = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
    "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
};

/* Ping without a capability, and low ports without being root: both end at the namespace. */
static const struct {
    const char *path, *value;
} network_defaults[] = {
    { "sys/net/ipv4/ping_group_range", "0 2147483647" },
    { "sys/net/ipv4/ip_unprivileged_port_start", "0" },
};

bool sysctl_is_allowed(const char *key, const struct container_spec *spec)
{
    bool own_ipc = namespace_is_own(spec, CONTAINER_NAMESPACE_IPC);

    if (strchr(key, '/') || strstr(key, ".."))
        return false;
    if (text_starts_with(key, "net."))
        return namespace_is_own(spec, CONTAINER_NAMESPACE_NETWORK);
    if (text_starts_with(key, "fs.mqueue."))
        return own_ipc;
    if (text_equal(key, "kernel.domainname"))
        return spec->program.bare && namespace_is_own(spec, CONTAINER_NAMESPACE_UTS);
    for (size_t i = 0; i < ARRAY_SIZE(ipc_keys); i++) {
        if (strcmp(key, ipc_keys[i]) == 0)
            return own_ipc;
    }
    return false;
}

int sysctl_check(const struct container_spec *spec, struct error *err)
{
    for (size_t i = 0; spec->sysctls && i < spec->sysctls->count; i++) {
        const char *key = spec->sysctls->pairs[i].key;

        if (!sysctl_is_allowed(key, spec))
            return error_set(err, ERROR_INVALID,
                             "sysctl '%.128s' is not the container's own: use net.* (without the "
                             "host's network), fs.mqueue.* or kernel.msg*, shm* and sem",
                             key);
    }
    return 0;
}

static int write_value(int procfd, const char *path, const char *value)
{
    AUTO_CLOSE int fd = confined_open(procfd, path, O_WRONLY | O_NOFOLLOW);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        return -1;
    return 0;
}

static void apply_network_defaults(int procfd, const struct container_spec *spec)
{
    for (size_t i = 0; i < ARRAY_SIZE(network_defaults); i++) {
        /* A kernel without the parameter, or without the right to it, keeps its own default. */
        if (!spec->program.bare && namespace_is_own(spec, CONTAINER_NAMESPACE_NETWORK))
            write_value(procfd, network_defaults[i].path, network_defaults[i].value);
    }
}

static int apply_one(int procfd, const struct strings_pair *pair, struct error *err)
{
    char path[256];

    snprintf(path, sizeof(path), "sys/%.240s", pair->key);
    for (char *p = path; *p; p++)
        *p = *p == '.' ? '/' : *p;
    if (write_value(procfd, path, pair->value ? pair->value : "") < 0)
        return error_set_errno(err, errno, "set sysctl '%s'", pair->key);
    return 0;
}

/* Those of the network, or all others. */
static int apply_part(int procfd, const struct container_spec *spec, bool network,
                      struct error *err)
{
    for (size_t i = 0; spec->sysctls && i < spec->sysctls->count; i++) {
        const struct strings_pair *pair = &spec->sysctls->pairs[i];

        if (text_starts_with(pair->key, "net.") == network && apply_one(procfd, pair, err) < 0)
            return -1;
    }
    return 0;
}

int sysctl_apply(int procfd, const struct container_spec *spec, struct error *err)
{
    bool others_network = namespace_is_own(spec, CONTAINER_NAMESPACE_USER) &&
                          !namespace_is_new(spec, CONTAINER_NAMESPACE_NETWORK);

    if (!others_network) {
        apply_network_defaults(procfd, spec);
        if (apply_part(procfd, spec, true, err) < 0)
            return -1;
    }
    return apply_part(procfd, spec, false, err);
}

int sysctl_apply_network(const struct container_spec *spec, struct error *err)
{
    AUTO_CLOSE int procfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (procfd < 0)
        return error_set_errno(err, errno, "open /proc");
    apply_network_defaults(procfd, spec);
    return apply_part(procfd, spec, true, err);
}
