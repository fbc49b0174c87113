/* SPDX-License-Identifier: MIT */

/*
 * The seccomp filter of a container
 *
 * libseccomp compiles the lists of syscall_list.c into a program, which is kept: compiling
 * takes a hundred times as long as loading. Only the native architecture is let through.
 */

#include "runtime/syscall_filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/syscall_list.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* More sets than that on one machine are compiled each time. */
#define CACHE_SIZE 16

/* Those that exist today; a later one answers ENOSYS. */
#define FAMILIES 46

/* All flags of clone() that make a namespace. */
#define CLONE_NAMESPACES                                                                          \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
     CLONE_NEWNET)

/* A condition on one argument; of a masked one, `a` is the mask and `b` the value. */
static struct scmp_arg_cmp compare(unsigned argument, enum scmp_compare how, scmp_datum_t a,
                                   scmp_datum_t b)
{
    return (struct scmp_arg_cmp){ .arg = argument, .op = how, .datum_a = a, .datum_b = b };
}

static void release_context(scmp_filter_ctx *context)
{
    if (*context)
        seccomp_release(*context);
}

/* Below 0 but unknown: the call does not exist on this architecture. */
int syscall_filter_find_number(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    return number == __NR_SCMP_ERROR ? syscall_list_find_number(name) : number;
}

static int add_rule(scmp_filter_ctx context, uint32_t action, const char *name,
                    const struct scmp_arg_cmp *arguments, unsigned count)
{
    int number = syscall_filter_find_number(name);

    if (number < 0)
        return 0;
    return seccomp_rule_add_array(context, action, number, count, arguments);
}

static int add_names(scmp_filter_ctx context, uint32_t action, const char *const *names)
{
    int status = 0;

    for (size_t i = 0; names[i] && status == 0; i++)
        status = add_rule(context, action, names[i], NULL, 0);
    return status;
}

static int add_personality(scmp_filter_ctx context)
{
    static const uint64_t values[] = { 0, 0x8, 0x20000, 0x20008, 0xffffffff };
    int status = 0;

    for (size_t i = 0; i < ARRAY_SIZE(values) && status == 0; i++) {
        struct scmp_arg_cmp equal = compare(0, SCMP_CMP_EQ, values[i], 0);

        status = add_rule(context, SCMP_ACT_ALLOW, "personality", &equal, 1);
    }
    return status;
}

/*
 * Not AF_ALG nor AF_VSOCK; the audit socket says EINVAL, upon which PAM goes on without. The
 * kernel looks at the lower half of an argument, so the filter must as well.
 */
static int add_socket(scmp_filter_ctx context, uint64_t capabilities)
{
    const scmp_datum_t half = UINT32_MAX;
    uint32_t on_audit =
        capabilities & BIT(CAP_AUDIT_WRITE) ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EINVAL);
    int status = 0;

    for (unsigned family = 0; family < FAMILIES && status == 0; family++) {
        bool refuse = family == AF_ALG || family == AF_VSOCK;
        struct scmp_arg_cmp equal = compare(0, SCMP_CMP_MASKED_EQ, half, family);

        if (family != AF_NETLINK)
            status = add_rule(context, refuse ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW, "socket",
                              &equal, 1);
    }
    for (unsigned protocol = 0; protocol < MAX_LINKS && status == 0; protocol++) {
        const struct scmp_arg_cmp equal[] = {
            compare(0, SCMP_CMP_MASKED_EQ, half, AF_NETLINK),
            compare(2, SCMP_CMP_MASKED_EQ, half, protocol),
        };

        status = add_rule(context, protocol == NETLINK_AUDIT ? on_audit : SCMP_ACT_ALLOW, "socket",
                          equal, 2);
    }
    return status;
}

/* What clone3() is asked for stands in memory, which a filter cannot read. */
static int add_clone(scmp_filter_ctx context, uint64_t capabilities)
{
    struct scmp_arg_cmp plain = compare(0, SCMP_CMP_MASKED_EQ, (scmp_datum_t)CLONE_NAMESPACES, 0);
    int status = 0;

    if (!(capabilities & BIT(CAP_SYS_ADMIN)))
        return add_rule(context, SCMP_ACT_ALLOW, "clone", &plain, 1);
    status = add_rule(context, SCMP_ACT_ALLOW, "clone", NULL, 0);
    return status ? status : add_rule(context, SCMP_ACT_ALLOW, "clone3", NULL, 0);
}

static int add_all(scmp_filter_ctx context, uint64_t capabilities)
{
    const uint32_t eperm = SCMP_ACT_ERRNO(EPERM);
    int status = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    /* A tree instead of a list of comparisons; the flag for no_new_privs is set by us. */
    status = status ? status : seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    status = status ? status : add_names(context, SCMP_ACT_ALLOW, syscall_list_allowed());
    status = status ? status : add_names(context, eperm, syscall_list_refused());
    for (const struct syscall_list_group *g = syscall_list_groups(); g->names && !status; g++) {
        uint32_t action = capabilities & g->capabilities ? SCMP_ACT_ALLOW : eperm;

        status = add_names(context, action, g->names);
    }
    status = status ? status : add_personality(context);
    status = status ? status : add_socket(context, capabilities);
    return status ? status : add_clone(context, capabilities);
}

int syscall_filter_export(void *context, struct sock_fprog *out, struct error *err)
{
    AUTO_CLOSE int fd = memfd_create("syscall_filter", MFD_CLOEXEC);
    AUTO_TEXT struct text bytes = { 0 };
    int status = fd < 0 ? -errno : seccomp_export_bpf(context, fd);

    if (status < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return error_set_errno(err, status < 0 ? -status : errno, "export the syscall filter");
    if (file_read_fd(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &bytes, err) < 0)
        return -1;
    out->len = (unsigned short)(bytes.length / sizeof(struct sock_filter));
    out->filter = alloc_array(struct sock_filter, out->len);
    memcpy(out->filter, bytes.data, out->len * sizeof(struct sock_filter));
    return 0;
}

static int compile(uint64_t capabilities, struct sock_fprog *out, struct error *err)
{
    __attribute__((cleanup(release_context))) scmp_filter_ctx context =
        seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int status = context ? add_all(context, capabilities) : -ENOMEM;

    if (status < 0)
        return error_set_errno(err, -status, "compile the syscall filter");
    return syscall_filter_export(context, out, err);
}

int syscall_filter_get(uint64_t capabilities, const struct sock_fprog **out, struct error *err)
{
    static struct {
        uint64_t capabilities;
        struct sock_fprog program;
    } cache[CACHE_SIZE];
    static size_t count;
    size_t place = 0;

    for (size_t i = 0; i < count; i++) {
        if (cache[i].capabilities == capabilities) {
            *out = &cache[i].program;
            return 0;
        }
    }
    place = MIN(count, CACHE_SIZE - 1);
    free(cache[place].program.filter);
    cache[place].program = (struct sock_fprog){ 0 };
    count = place;
    if (compile(capabilities, &cache[place].program, err) < 0)
        return -1;
    cache[place].capabilities = capabilities;
    count = place + 1;
    *out = &cache[place].program;
    return 0;
}

int syscall_filter_load(const struct sock_fprog *filter, unsigned flags, struct error *err)
{
    int result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);

    return result < 0 ? error_set_errno(err, errno, "load the syscall filter") : result;
}
