/* SPDX-License-Identifier: MIT */

/*
 * Is this host able to run containers?
 */

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/confined.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/error.h"

static int check_cgroups(struct error *err)
{
    static const struct {
        enum cgroup_controller controller;
        const char *name;
    } needed[] = { { CGROUP_CPU, "cpu" }, { CGROUP_MEMORY, "memory" }, { CGROUP_PIDS, "pids" } };
    const struct cgroup_layout *layout = NULL;

    if (cgroup_layout_get(&layout, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        if (layout->owner[needed[i].controller] < 0)
            return error_set(err, ERROR_UNSUPPORTED,
                             "cgroup controller '%s' is missing: enable it on the kernel's "
                             "command line or in the parent cgroup",
                             needed[i].name);
    }
    return 0;
}

int container_check_host(struct error *err)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    AUTO_CLOSE int overlay = -1;
    AUTO_CLOSE int pidfd = -1;
    AUTO_CLOSE int root = -1;

    if (geteuid() != 0)
        return error_set(err, ERROR_DENIED, "containers need root: run it with sudo");
    overlay = fsopen("overlay", FSOPEN_CLOEXEC);
    if (overlay < 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "no overlay file system (%s): load the module 'overlay' (modprobe "
                         "overlay), Linux 5.9 or newer is needed",
                         strerror(errno));
    pidfd = pidfd_open(getpid(), 0);
    root = confined_open(AT_FDCWD, "/", O_PATH);
    if (pidfd < 0 || root < 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "no pidfd_open() or openat2(): Linux 5.9 or newer is needed");
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0UL, &action) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "no seccomp filters: a kernel with CONFIG_SECCOMP_FILTER is needed");
    return check_cgroups(err);
}
