/* SPDX-License-Identifier: MIT */

/*
 * The floor: what the kernel needs for a container of our posture, and nothing else
 *
 * The same namespaces, cgroups, mounts, masks and rights as the runtime gives a container of
 * bench/start.c, written down straight: no checks of the input, no errors to report, no paths
 * to confine. Prints microseconds from start to exit, one line a run.
 *
 *     floor [-n] FOLDER COUNT [GAP_MS]
 *     floor [-n] FOLDER at-once COUNT      microseconds for all, divided by COUNT
 *
 * With -n each has a network of its own on a bridge (floor_network.c).
 * FOLDER holds layer/ (with /true, proc, sys and dev), upper/ and work/.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "floor.h"
#include "runtime/capability.h"
#include "runtime/syscall_filter.h"
#include "util/error.h"

#define CLOSED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const char *const v1_names[] = { "cpu", "cpuacct", "memory", "pids", "devices" };
static char groups[8][160]; /* folders of the container */
static int roots[8];        /* their mount points */
static size_t group_count;
static char name[32] = "carte-floor"; /* of the cgroups */
static int unified = -1;
static bool with_network; /* of its own, on a bridge */

static void find_cgroups(void)
{
    struct stat status;
    char path[128];

    for (size_t i = 0; i < sizeof(v1_names) / sizeof(v1_names[0]); i++) {
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", v1_names[i]);
        if (stat(path, &status) == 0)
            snprintf(groups[group_count++], sizeof(groups[0]), "%s/%s", path, name);
    }
    if (stat("/sys/fs/cgroup/cgroup.procs", &status) == 0)
        snprintf(groups[group_count], sizeof(groups[0]), "/sys/fs/cgroup/%s", name);
    else if (stat("/sys/fs/cgroup/unified/cgroup.procs", &status) == 0)
        snprintf(groups[group_count], sizeof(groups[0]), "/sys/fs/cgroup/unified/%s", name);
    else
        return;
    unified = (int)group_count++;
}

static void limit(const char *group, int fd)
{
    static const char *const allowed[] = { "c 1:3 rw", "c 1:5 rw", "c 1:7 rw",
                                           "c 1:8 rw", "c 1:9 rw", "c 5:0 rw",
                                           "c 5:1 rw", "c 5:2 rw", "c 136:* rw" };

    if (unified == 0) {
        put(fd, "cpu.max", "50000 100000");
        put(fd, "memory.max", "67108864");
        put(fd, "pids.max", "64");
    } else if (strstr(group, "/cpu/")) {
        put(fd, "cpu.cfs_quota_us", "50000");
    } else if (strstr(group, "/memory/")) {
        put(fd, "memory.limit_in_bytes", "67108864");
    } else if (strstr(group, "/pids/")) {
        put(fd, "pids.max", "64");
    } else if (strstr(group, "/devices/")) {
        int allow = must(openat(fd, "devices.allow", O_WRONLY | O_CLOEXEC), "allow");

        put(fd, "devices.deny", "a");
        for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
            must((int)write(allow, allowed[i], strlen(allowed[i])), allowed[i]);
        close(allow);
    }
}

static int new_mount(const char *type, const char *const *options, unsigned attributes)
{
    int fs = must(fsopen(type, FSOPEN_CLOEXEC), type), fd = -1;

    for (; options && *options; options += 2)
        must(fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0), options[0]);
    must(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
    fd = must(fsmount(fs, FSMOUNT_CLOEXEC, attributes), type);
    close(fs);
    return fd;
}

static void attach(int fd, int at, const char *path)
{
    must(move_mount(fd, "", at, path, MOVE_MOUNT_F_EMPTY_PATH), path);
}

static void make_devices(int root)
{
    static const struct {
        const char *name;
        unsigned major, minor;
    } nodes[] = { { "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
                  { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };
    static const char *const links[][2] = {
        { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
        { "ptmx", "pts/ptmx" },
    };
    static const char *const dev[] = { "mode", "755", "size", "65536k", NULL };
    static const char *const pts[] = { "ptmxmode", "0666", "mode", "0620", "gid", "5", NULL };
    static const char *const shm[] = { "mode", "1777", "size", "67108864", NULL };
    int fd = new_mount("tmpfs", dev, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

    attach(fd, root, "dev");
    for (size_t i = 0; i < 6; i++)
        must(mknodat(fd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
             nodes[i].name);
    for (size_t i = 0; i < 5; i++)
        must(symlinkat(links[i][1], fd, links[i][0]), links[i][0]);
    must(mkdirat(fd, "pts", 0755) + mkdirat(fd, "shm", 0755) + mkdirat(fd, "mqueue", 0755),
         "mkdir");
    attach(new_mount("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), fd, "pts");
    attach(new_mount("tmpfs", shm, CLOSED), fd, "shm");
    attach(new_mount("mqueue", NULL, CLOSED), fd, "mqueue");
}

static void copy_mount(int from, const char *path, int to, const char *target, bool read_only)
{
    struct mount_attr attributes = { .attr_set = CLOSED | MOUNT_ATTR_RDONLY };
    int fd = must(open_tree(from, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH), path);

    if (read_only)
        must(mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)), path);
    attach(fd, to, target);
    close(fd);
}

static void show_cgroups(int sys)
{
    static const char *const options[] = { "mode", "755", NULL };
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
    int fd = -1;

    if (unified == 0 && group_count == 1) {
        copy_mount(AT_FDCWD, groups[0], sys, "fs/cgroup", true);
        return;
    }
    fd = new_mount("tmpfs", options, CLOSED);
    attach(fd, sys, "fs/cgroup");
    for (size_t i = 0; i < group_count; i++) {
        char number[32];

        snprintf(number, sizeof(number), "%zu", i);
        must(mkdirat(fd, number, 0755), number);
        copy_mount(AT_FDCWD, groups[i], fd, number, true);
    }
    must(mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)), "read-only");
}

static void mask(int root)
{
    static const char *const files[] = { "proc/interrupts", "proc/kcore", "proc/keys",
                                         "proc/timer_list" };
    static const char *const folders[] = { "proc/acpi", "proc/scsi", "sys/firmware" };
    static const char *const kept[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
                                        "proc/sysrq-trigger" };
    int empty = -1;

    for (size_t i = 0; i < 4; i++) {
        if (faccessat(root, files[i], F_OK, 0) == 0)
            copy_mount(root, "dev/null", root, files[i], false);
    }
    for (size_t i = 0; i < 3; i++) {
        if (faccessat(root, folders[i], F_OK, 0) != 0)
            continue;
        if (empty >= 0) {
            copy_mount(empty, "", root, folders[i], false);
            continue;
        }
        empty = new_mount("tmpfs", NULL, CLOSED | MOUNT_ATTR_RDONLY);
        attach(empty, root, folders[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        if (faccessat(root, kept[i], F_OK, 0) == 0)
            copy_mount(root, kept[i], root, kept[i], true);
    }
}

static int overlay(const char *folder)
{
    char data[512], upper[256];

    snprintf(upper, sizeof(upper), "%s/upper", folder);
    snprintf(data, sizeof(data), "lowerdir=%s/layer,upperdir=%s,workdir=%s/work", folder, upper,
             folder);
    must(mount("overlay", upper, "overlay", 0, data), "overlay");
    return must(open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC), upper);
}

static void drop_rights(const struct sock_fprog *filter)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    uint64_t keep = capability_default();

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
        if (!(keep >> c & 1))
            prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
    }
    data[0].permitted = data[0].effective = (uint32_t)keep;
    must((int)syscall(SYS_setgroups, 0, NULL), "setgroups");
    must((int)syscall(SYS_capset, &header, data), "capset");
    must((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, filter), "seccomp");
}

static void enter(const int *fds)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (size_t i = 0; i < group_count; i++) {
        if ((int)i != unified && !strstr(groups[i], "/devices/"))
            put(fds[i], "tasks", "0");
    }
    must(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
    close(fd);
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
}

/* While this process makes its mounts the other makes its link. */
static void await_network(int number, int ready)
{
    char byte = 0;

    must((int)read(ready, &byte, 1) - 1, "link");
    close(ready);
    floor_network_furnish(number);
}

static void become(const char *folder, const int *fds, const struct sock_fprog *filter, int number,
                   int ready)
{
    char *const argv[] = { (char[]){ "/true" }, NULL }, *const envp[] = { NULL };
    struct rlimit files = { 1024, 1024 };
    int null = must(open("/dev/null", O_RDWR | O_CLOEXEC), "null"), root = -1, proc = -1, sys = -1;

    umask(0);
    enter(fds);
    root = overlay(folder);
    proc = new_mount("proc", NULL, CLOSED);
    attach(proc, root, "proc");
    sys = new_mount("sysfs", NULL, CLOSED | MOUNT_ATTR_RDONLY);
    attach(sys, root, "sys");
    make_devices(root);
    for (size_t i = 0; i < group_count; i++) {
        if (strstr(groups[i], "/devices/"))
            put(fds[i], "tasks", "0");
    }
    must((int)syscall(SYS_unshare, CLONE_NEWCGROUP), "cgroup namespace");
    show_cgroups(sys);
    put(proc, "sys/net/ipv4/ping_group_range", "0 2147483647");
    put(proc, "sys/net/ipv4/ip_unprivileged_port_start", "0");
    if (with_network)
        floor_network_set(proc);
    mask(root);
    if (with_network)
        await_network(number, ready);
    must(fchdir(root), "root");
    must((int)syscall(SYS_pivot_root, ".", "."), "pivot");
    must(umount2(".", MNT_DETACH), "old root");
    must(sethostname("bench", 5), "host name");
    setsid();
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    drop_rights(filter);
    execve("/true", argv, envp);
    _exit(127);
}

static void once(const char *folder, const struct sock_fprog *filter, int number)
{
    int fds[8], pidfd = -1, ready[2] = { -1, -1 };
    pid_t pid = -1;
    siginfo_t info;
    struct clone_args arguments = {
        .flags =
            CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };

    for (size_t i = 0; i < group_count; i++) {
        must(mkdirat(roots[i], name, 0755), groups[i]);
        fds[i] = must(openat(roots[i], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), groups[i]);
        limit(groups[i], fds[i]);
    }
    if (unified >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (unsigned)fds[unified];
    }
    if (with_network)
        must(pipe2(ready, O_CLOEXEC), "pipe");
    pid = must((int)syscall(SYS_clone3, &arguments, sizeof(arguments)), "clone3");
    if (pid == 0)
        become(folder, fds, filter, number, ready[0]);
    if (with_network) {
        floor_network_join(number, pid);
        must((int)write(ready[1], "!", 1), "link");
        close(ready[0]);
        close(ready[1]);
    }
    waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
    close(pidfd);
    if (info.si_status != 0)
        exit(1);
    for (size_t i = 0; i < group_count; i++) {
        close(fds[i]);
        while (unlinkat(roots[i], name, AT_REMOVEDIR) < 0 && errno == EBUSY)
            poll(NULL, 0, 1);
    }
}

static int64_t now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

static void open_roots(void)
{
    group_count = 0;
    find_cgroups();
    for (size_t i = 0; i < group_count; i++) {
        char parent[128];

        snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(groups[i], '/') - groups[i]),
                 groups[i]);
        roots[i] = must(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC), parent);
    }
}

/* Each from a process of its own, with an upper folder of its own over the one layer. */
static void at_once(const char *folder, int count, const struct sock_fprog *filter)
{
    char path[256], target[256];
    int64_t began_us = 0;
    int status = 0;

    for (int i = 0; i < count; i++) {
        static const char *const parts[] = { "", "/upper", "/work" };

        for (size_t k = 0; k < 3; k++) {
            snprintf(path, sizeof(path), "%s/at-once-%d%s", folder, i, parts[k]);
            must(mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0, path);
        }
        snprintf(path, sizeof(path), "%s/at-once-%d/layer", folder, i);
        snprintf(target, sizeof(target), "%s/layer", folder);
        must(symlink(target, path) < 0 && errno != EEXIST ? -1 : 0, path);
    }
    began_us = now_us();
    for (int i = 0; i < count; i++) {
        if (must(fork(), "fork") > 0)
            continue;
        snprintf(path, sizeof(path), "%s/at-once-%d", folder, i);
        snprintf(name, sizeof(name), "carte-floor-%d", i);
        open_roots();
        if (with_network)
            floor_network_open();
        once(path, filter, i + 1);
        _exit(0);
    }
    while (wait(&status) > 0)
        must(status == 0 ? 0 : -1, "one of all");
    printf("%lld\n", (long long)(now_us() - began_us) / count);
}

int main(int argc, char **argv)
{
    const struct sock_fprog *filter = NULL;
    struct error err = { 0 };
    int count = 0;

    with_network = argc > 1 && strcmp(argv[1], "-n") == 0;
    if (with_network) {
        floor_network_prepare();
        floor_network_open();
        argv++;
        argc--;
    }
    if (argc < 3 || syscall_filter_get(capability_default(), &filter, &err) < 0)
        return 64;
    if (argc == 4 && strcmp(argv[2], "at-once") == 0) {
        at_once(argv[1], atoi(argv[3]), filter);
        return 0;
    }
    open_roots();
    count = atoi(argv[2]);
    for (int i = 1; i <= count; i++) {
        int64_t began_us = now_us();

        once(argv[1], filter, i);
        printf("%lld\n", (long long)(now_us() - began_us));
        if (argc > 3)
            poll(NULL, 0, atoi(argv[3]));
    }
    return 0;
}
