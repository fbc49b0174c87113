/* SPDX-License-Identifier: MIT */

/*
 * What is declared and not built yet: refused
 */

#include "runtime/container.h"
#include "runtime/mount_option.h"
#include "runtime/syscall_profile.h"
#include "util/error.h"

#define REFUSE(what) return error_set(err, ERROR_UNSUPPORTED, what " is not built yet")

int container_create(const struct container_spec *spec, const char *gate,
                     struct container_process *out, struct error *err)
{
    (void)spec, (void)gate, (void)out;
    REFUSE("container_create()");
}

int container_release(const char *gate, struct error *err)
{
    (void)gate;
    REFUSE("container_release()");
}

int container_list(const char *cgroup_parent, const char *id, pid_t **out, size_t *count_out,
                   struct error *err)
{
    (void)cgroup_parent, (void)id, (void)out, (void)count_out;
    REFUSE("container_list()");
}

int container_freeze(const char *cgroup_parent, const char *id, int64_t timeout_ms,
                     struct error *err)
{
    (void)cgroup_parent, (void)id, (void)timeout_ms;
    REFUSE("container_freeze()");
}

int container_thaw(const char *cgroup_parent, const char *id, struct error *err)
{
    (void)cgroup_parent, (void)id;
    REFUSE("container_thaw()");
}

bool container_is_frozen(const char *cgroup_parent, const char *id)
{
    (void)cgroup_parent, (void)id;
    return false;
}

int container_update_resources(const char *cgroup_parent, const char *id,
                               const struct container_resources *resources, struct error *err)
{
    (void)cgroup_parent, (void)id, (void)resources;
    REFUSE("container_update_resources()");
}

int mount_option_parse(const struct strings *options, struct text *data,
                       struct container_mount *mount, struct error *err)
{
    (void)options, (void)data, (void)mount;
    REFUSE("mount_option_parse()");
}

static const char *const none[] = { NULL };

const char *const *mount_option_names(void)
{
    return none;
}

int syscall_profile_compile(const struct syscall_profile *profile, struct sock_fprog *out,
                            unsigned *flags_out, struct error *err)
{
    (void)profile, (void)out, (void)flags_out;
    REFUSE("syscall_profile_compile()");
}

const char *const *syscall_profile_actions(void)
{
    return none;
}

const char *const *syscall_profile_operators(void)
{
    return none;
}

const char *const *syscall_profile_architectures(void)
{
    return none;
}

const char *const *syscall_profile_flags(void)
{
    return none;
}
