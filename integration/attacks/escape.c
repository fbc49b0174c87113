/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: the steps to a writable cgroup and its release_agent (S7)
 *
 * Prints "STEP: ERROR" for each, or "STEP: DONE".
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *step, long result)
{
    printf("%s: %s\n", step, result < 0 ? strerrorname_np(errno) : "DONE");
    fflush(stdout);
}

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY);

    tell(path, fd < 0 ? -1 : write(fd, "/attack/agent", 13));
    if (fd >= 0)
        close(fd);
}

static void mount_and_write(void)
{
    static const char *const kinds[] = { "memory", "rdma", "freezer", "pids", "devices" };

    mkdir("/tmp/group", 0755);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        long result = mount("cgroup", "/tmp/group", "cgroup", 0, kinds[i]);

        tell("mount of version 1", result);
        if (result == 0) {
            write_file("/tmp/group/release_agent");
            umount("/tmp/group");
        }
    }
    tell("mount of version 2", mount("cgroup2", "/tmp/group", "cgroup2", 0, NULL));
    tell("fsopen", syscall(SYS_fsopen, "cgroup2", 0));
}

int main(void)
{
    static const struct {
        const char *name;
        int flags;
    } steps[] = {
        { "unshare user", CLONE_NEWUSER },
        { "unshare user and mount", CLONE_NEWUSER | CLONE_NEWNS },
        { "unshare cgroup", CLONE_NEWCGROUP },
        { "unshare user and cgroup", CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWNS },
        { "unshare mount", CLONE_NEWNS },
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        pid_t pid = fork();

        if (pid == 0) {
            long result = unshare(steps[i].flags);

            tell(steps[i].name, result);
            if (result == 0)
                mount_and_write();
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    mount_and_write();
    tell("folder in the cgroup", mkdir("/sys/fs/cgroup/mine", 0755));
    tell("folder in a hierarchy", mkdir("/sys/fs/cgroup/memory/mine", 0755));
    tell("remount", mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND, NULL));
    write_file("/sys/fs/cgroup/cgroup.procs");
    write_file("/sys/fs/cgroup/memory/release_agent");
    write_file("/proc/sys/kernel/core_pattern");
    return 0;
}
