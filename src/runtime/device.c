/* SPDX-License-Identifier: MIT */

/*
 * The devices of a container
 *
 * They are made as new nodes on a tmpfs of its own, so that nothing of the image's /dev is
 * used. The cgroup's rules come from the same table; they give no right to make nodes, which
 * is why a process joins them after this work.
 */

#include "runtime/device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/confined.h"
#include "runtime/mount.h"
#include "util/cleanup.h"
#include "util/error.h"

#define DEFAULT_SHM_BYTES (UINT64_C(64) << 20)
#define ANY_MINOR UINT32_MAX

/* Character devices; those without a name are used but not made here. */
static const struct device {
    const char *name;
    uint32_t major, minor;
} devices[] = {
    { "null", 1, 3 },         { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 },
    { "urandom", 1, 9 },      { "tty", 5, 0 },  { NULL, 5, 1 }, /* console */
    { NULL, 5, 2 },                                             /* ptmx */
    { NULL, 136, ANY_MINOR },                                   /* terminals */
};

static const struct {
    const char *name, *target;
} links[] = {
    { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
    { "ptmx", "pts/ptmx" },
};

static int make_nodes(int devfd, bool console, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        const struct device *d = &devices[i];

        if (d->name && mknodat(devfd, d->name, S_IFCHR | 0666, makedev(d->major, d->minor)) < 0)
            return error_set_errno(err, errno, "make /dev/%s", d->name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        if (symlinkat(links[i].target, devfd, links[i].name) < 0)
            return error_set_errno(err, errno, "make /dev/%s", links[i].name);
    }
    if (console && mknodat(devfd, "console", S_IFREG | 0600, 0) < 0)
        return error_set_errno(err, errno, "make /dev/console");
    return 0;
}

static int mount_below(int devfd, const char *name, const char *type,
                       const struct mount_option *options, uint64_t attributes, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_CLOSE int target = -1;

    if (mkdirat(devfd, name, 0755) < 0)
        return error_set_errno(err, errno, "make /dev/%s", name);
    target = openat(devfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return error_set_errno(err, errno, "open /dev/%s", name);
    if (mount_new(type, options, attributes, &fd, err) < 0)
        return -1;
    return mount_attach(fd, target, err);
}

static int make_mounts(int devfd, uint64_t shm_bytes, struct error *err)
{
    static const struct mount_option pts[] = {
        { "newinstance", NULL }, { "ptmxmode", "0666" }, { "mode", "0620" },
        { "gid", "5" },          { NULL, NULL },
    };
    char size[32];
    const struct mount_option shm[] = { { "mode", "1777" }, { "size", size }, { NULL, NULL } };
    const uint64_t closed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;

    snprintf(size, sizeof(size), "%" PRIu64, shm_bytes ? shm_bytes : DEFAULT_SHM_BYTES);
    if (mount_below(devfd, "pts", "devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err) < 0 ||
        mount_below(devfd, "shm", "tmpfs", shm, closed, err) < 0)
        return -1;
    return mount_below(devfd, "mqueue", "mqueue", NULL, closed, err);
}

int device_make_folder(int rootfd, uint64_t shm_bytes, bool console, int *devfd_out,
                       struct error *err)
{
    static const struct mount_option options[] = { { "mode", "755" },
                                                   { "size", "65536k" },
                                                   { NULL, NULL } };
    const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME;
    AUTO_CLOSE int devfd = -1;
    AUTO_CLOSE int target = -1;

    if (mkdirat(rootfd, "dev", 0755) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make /dev");
    target = confined_open_plain(rootfd, "dev");
    if (target < 0)
        return error_set_errno(err, errno, "/dev of the image must be a folder");
    if (mount_new("tmpfs", options, attributes, &devfd, err) < 0 ||
        mount_attach(devfd, target, err) < 0 || make_nodes(devfd, console, err) < 0 ||
        make_mounts(devfd, shm_bytes, err) < 0)
        return -1;
    *devfd_out = STEAL_FD(devfd);
    return 0;
}

static int write_rule(int fd, const char *rule, struct error *err)
{
    if (write(fd, rule, strlen(rule)) < 0)
        return error_set_errno(err, errno, "write device rule '%s'", rule);
    return 0;
}

int device_limit_v1(const struct cgroup *cgroup, struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_DEVICES);
    AUTO_CLOSE int deny = -1;
    AUTO_CLOSE int allow = -1;

    if (dirfd < 0 || cgroup_get_version(cgroup, CGROUP_DEVICES) != CGROUP_V1)
        return 0;
    deny = openat(dirfd, "devices.deny", O_WRONLY | O_CLOEXEC);
    allow = openat(dirfd, "devices.allow", O_WRONLY | O_CLOEXEC);
    if (deny < 0 || allow < 0)
        return error_set_errno(err, errno, "open the device rules");
    if (write_rule(deny, "a", err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        char rule[48];

        if (devices[i].minor == ANY_MINOR)
            snprintf(rule, sizeof(rule), "c %u:* rw", devices[i].major);
        else
            snprintf(rule, sizeof(rule), "c %u:%u rw", devices[i].major, devices[i].minor);
        if (write_rule(allow, rule, err) < 0)
            return -1;
    }
    return 0;
}

/* One instruction of a program; the fields that are not named are zero. */
#define LOAD(register_, offset)                                                          \
    (struct bpf_insn)                                                                    \
    {                                                                                    \
        .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (register_), .src_reg = BPF_REG_1, \
        .off = (offset)                                                                  \
    }
#define ALU(operation, register_, value)                                                   \
    (struct bpf_insn)                                                                      \
    {                                                                                      \
        .code = BPF_ALU | (operation) | BPF_K, .dst_reg = (register_), .imm = (int)(value) \
    }
#define JUMP(condition, register_, value, skip)                                             \
    (struct bpf_insn)                                                                       \
    {                                                                                       \
        .code = BPF_JMP | (condition) | BPF_K, .dst_reg = (register_), .imm = (int)(value), \
        .off = (short)(skip)                                                                \
    }
#define EXIT                       \
    (struct bpf_insn)              \
    {                              \
        .code = BPF_JMP | BPF_EXIT \
    }

/*
 * r2 type of device, r3 access, r4 major, r5 minor; the result is in r0. A device that is
 * read or written and listed returns 1, anything else 0.
 */
static unsigned write_program(struct bpf_insn *program)
{
    unsigned n = 0;

    program[n++] = LOAD(BPF_REG_2, 0);
    program[n++] = ALU(BPF_AND, BPF_REG_2, 0xffff);
    program[n++] = LOAD(BPF_REG_3, 0);
    program[n++] = ALU(BPF_RSH, BPF_REG_3, 16);
    program[n++] = LOAD(BPF_REG_4, 4);
    program[n++] = LOAD(BPF_REG_5, 8);
    program[n++] = ALU(BPF_MOV, BPF_REG_0, 0);
    program[n++] = JUMP(BPF_JEQ, BPF_REG_2, BPF_DEVCG_DEV_CHAR, 1);
    program[n++] = EXIT;
    program[n++] = ALU(BPF_AND, BPF_REG_3, BPF_DEVCG_ACC_MKNOD);
    program[n++] = JUMP(BPF_JEQ, BPF_REG_3, 0, 1);
    program[n++] = EXIT;
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        bool any = devices[i].minor == ANY_MINOR;

        program[n++] = JUMP(BPF_JNE, BPF_REG_4, devices[i].major, any ? 2 : 3);
        if (!any)
            program[n++] = JUMP(BPF_JNE, BPF_REG_5, devices[i].minor, 2);
        program[n++] = ALU(BPF_MOV, BPF_REG_0, 1);
        program[n++] = EXIT;
    }
    program[n++] = EXIT;
    return n;
}

int device_limit_v2(const struct cgroup *cgroup, struct error *err)
{
    struct bpf_insn program[16 + 4 * ARRAY_SIZE(devices)];
    int dirfd = cgroup_get_folder(cgroup, CGROUP_DEVICES);
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uint64_t)(uintptr_t)program,
        .license = (uint64_t)(uintptr_t) "Dual MIT/GPL",
    };
    union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE };
    AUTO_CLOSE int fd = -1;

    if (dirfd < 0 || cgroup_get_version(cgroup, CGROUP_DEVICES) != CGROUP_V2)
        return 0;
    load.insn_cnt = write_program(program);
    fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
    if (fd < 0)
        return error_set_errno(err, errno, "load the program of device rules");
    attach.target_fd = (uint32_t)dirfd;
    attach.attach_bpf_fd = (uint32_t)fd;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
        return error_set_errno(err, errno, "attach the program of device rules");
    return 0;
}
