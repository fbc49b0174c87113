/* SPDX-License-Identifier: MIT */

/*
 * Which devices the processes of a cgroup may use
 *
 * The rules are a list of which the last that matches counts. Version 1 takes such a list; for
 * version 2 it becomes a program that tries them from the last to the first.
 */

#include "runtime/device_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/device.h"
#include "runtime/resources.h"
#include "runtime/spec.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define ATTACHED_MAX 64
#define RULES_MAX 4096
#define ALL_ACCESS (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

struct rules {
    struct container_device_rule *items;
    size_t count;
};

#define AUTO_RULES __attribute__((cleanup(free_rules)))

static void free_rules(struct rules *rules)
{
    free(rules->items);
}

static void add(struct rules *rules, struct container_device_rule rule)
{
    *ALLOC_APPEND(rules->items, rules->count) = rule;
}

/* A node that is made can still not be opened: bare containers may, as with other runtimes. */
static void add_making(struct rules *rules)
{
    add(rules, (struct container_device_rule){ true, 'c', -1, -1, "m" });
    add(rules, (struct container_device_rule){ true, 'b', -1, -1, "m" });
}

static void add_defaults(struct rules *rules, const char *access)
{
    size_t count = 0;
    const struct container_device *devices = device_defaults(&count);

    for (size_t i = 0; i < count; i++)
        add(rules,
            (struct container_device_rule){
                .allow = true,
                .type = devices[i].type,
                .major = devices[i].major,
                .minor = devices[i].minor == DEVICE_ANY_MINOR ? -1 : (int64_t)devices[i].minor,
                .access = access,
            });
}

static void add_given(struct rules *rules, const struct container_device_rule *given, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(rules, given[i]);
}

/* No rules at all: everything is allowed. */
static void collect(const struct container_spec *spec, struct rules *rules)
{
    const struct container_resources *resources = spec->resources;
    size_t given = resources ? resources->device_rule_count : 0;

    if (spec->program.privileged || (spec->program.bare && given == 0))
        return;
    if (!spec->program.bare) {
        add(rules, (struct container_device_rule){ false, 'a', -1, -1, "rwm" });
        add_defaults(rules, "rw");
    }
    for (size_t i = 0; i < spec->device_count && !spec->program.bare; i++) {
        const struct container_device *device = &spec->devices[i];

        add(rules, (struct container_device_rule){ true, device->type, device->major, device->minor,
                                                   device->access ? device->access : "rwm" });
    }
    if (given > 0)
        add_given(rules, resources->device_rules, given);
    if (spec->program.bare) {
        add_making(rules);
        add_defaults(rules, "rwm");
    }
}

int device_rule_check(const struct container_device_rule *rules, size_t count, struct error *err)
{
    if (count > RULES_MAX)
        return error_set(err, ERROR_INVALID, "%zu rules for devices are too many: at most %d",
                         count, RULES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct container_device_rule *rule = &rules[i];

        if (!strchr("acb", rule->type) || rule->type == '\0')
            return error_set(err, ERROR_INVALID, "a rule for devices of type '%c': use a, b or c",
                             rule->type);
        if (!rule->access || !*rule->access || strspn(rule->access, "rwm") != strlen(rule->access))
            return error_set(err, ERROR_INVALID, "access '%.16s' to a device: use some of rwm",
                             rule->access ? rule->access : "");
        if (rule->major > UINT32_MAX || rule->minor > UINT32_MAX || rule->major < -1 ||
            rule->minor < -1)
            return error_set(err, ERROR_INVALID, "a device's number is out of range");
    }
    return 0;
}

static uint32_t access_bits(const char *access)
{
    return (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0U) |
           (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0U) |
           (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0U);
}

/* Of every device, in every way. */
static bool is_whole(const struct container_device_rule *rule)
{
    return rule->type == 'a' && rule->major < 0 && rule->minor < 0 &&
           access_bits(rule->access) == ALL_ACCESS;
}

static void format_number(int64_t number, char out[16])
{
    if (number < 0)
        snprintf(out, 16, "*");
    else
        snprintf(out, 16, "%" PRIu32, (uint32_t)number);
}

static int write_rule(int fd, char type, const struct container_device_rule *rule,
                      struct error *err)
{
    char text[64] = "a", major[16], minor[16];

    format_number(rule->major, major);
    format_number(rule->minor, minor);
    if (type != 'a')
        snprintf(text, sizeof(text), "%c %s:%s %s", type, major, minor, rule->access);
    if (write(fd, text, strlen(text)) < 0)
        return error_set_errno(err, errno, "write device rule '%s'", text);
    return 0;
}

/* After an 'a' version 1 reads nothing more: a rule for both types becomes one for each. */
static int write_types(int fd, const struct container_device_rule *rule, struct error *err)
{
    if (rule->type != 'a' || is_whole(rule))
        return write_rule(fd, rule->type, rule, err);
    return write_rule(fd, 'c', rule, err) < 0 ? -1 : write_rule(fd, 'b', rule, err);
}

static int write_v1(int dirfd, const struct rules *rules, struct error *err)
{
    AUTO_CLOSE int deny = openat(dirfd, "devices.deny", O_WRONLY | O_CLOEXEC);
    AUTO_CLOSE int allow = openat(dirfd, "devices.allow", O_WRONLY | O_CLOEXEC);

    if (deny < 0 || allow < 0)
        return error_set_errno(err, errno, "open the device rules");
    for (size_t i = 0; i < rules->count; i++) {
        if (write_types(rules->items[i].allow ? allow : deny, &rules->items[i], err) < 0)
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
#define COPY(to, from)                                                                  \
    (struct bpf_insn)                                                                   \
    {                                                                                   \
        .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from), .off = 0 \
    }
#define JUMP(condition, register_, value)                                                    \
    (struct bpf_insn)                                                                        \
    {                                                                                        \
        .code = BPF_JMP32 | (condition) | BPF_K, .dst_reg = (register_), .imm = (int)(value) \
    }
#define JUMP_REGISTER(condition, a, b)                                          \
    (struct bpf_insn)                                                           \
    {                                                                           \
        .code = BPF_JMP32 | (condition) | BPF_X, .dst_reg = (a), .src_reg = (b) \
    }
#define EXIT                       \
    (struct bpf_insn)              \
    {                              \
        .code = BPF_JMP | BPF_EXIT \
    }
#define RULE_LENGTH_MAX 8

/*
 * r2 type of device, r3 access, r4 major, r5 minor; the result is in r0. A jump without an
 * offset leaves the rule for the one before it. A rule that allows must cover all that is
 * asked for, one that denies any part of it.
 */
static size_t write_one(const struct container_device_rule *rule, struct bpf_insn *out)
{
    uint32_t bits = access_bits(rule->access);
    size_t n = 0;

    if (rule->type != 'a')
        out[n++] =
            JUMP(BPF_JNE, BPF_REG_2, rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
    if (bits != ALL_ACCESS) {
        out[n++] = COPY(BPF_REG_1, BPF_REG_3);
        out[n++] = ALU(BPF_AND, BPF_REG_1, bits);
        if (rule->allow)
            out[n++] = JUMP_REGISTER(BPF_JNE, BPF_REG_1, BPF_REG_3);
        else
            out[n++] = JUMP(BPF_JEQ, BPF_REG_1, 0);
    }
    if (rule->major >= 0)
        out[n++] = JUMP(BPF_JNE, BPF_REG_4, rule->major);
    if (rule->minor >= 0)
        out[n++] = JUMP(BPF_JNE, BPF_REG_5, rule->minor);
    out[n++] = ALU(BPF_MOV, BPF_REG_0, rule->allow ? 1 : 0);
    out[n++] = EXIT;
    for (size_t i = 0; i < n; i++) {
        if ((out[i].code & 7) == BPF_JMP32)
            out[i].off = (short)(n - i - 1);
    }
    return n;
}

static size_t write_program(const struct rules *rules, struct bpf_insn *program)
{
    size_t n = 0;

    program[n++] = LOAD(BPF_REG_2, 0);
    program[n++] = ALU(BPF_AND, BPF_REG_2, 0xffff);
    program[n++] = LOAD(BPF_REG_3, 0);
    program[n++] = ALU(BPF_RSH, BPF_REG_3, 16);
    program[n++] = LOAD(BPF_REG_4, 4);
    program[n++] = LOAD(BPF_REG_5, 8);
    for (size_t i = rules->count; i > 0; i--) {
        n += write_one(&rules->items[i - 1], &program[n]);
        /* What comes after a rule that matches always is never reached: the kernel refuses it. */
        if (is_whole(&rules->items[i - 1]))
            return n;
    }
    program[n++] = ALU(BPF_MOV, BPF_REG_0, 1);
    program[n++] = EXIT;
    return n;
}

static int load_program(const struct rules *rules, int *out, struct error *err)
{
    AUTO_FREE struct bpf_insn *program =
        alloc_array(struct bpf_insn, 8 + RULE_LENGTH_MAX * rules->count);
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uint64_t)(uintptr_t)program,
        .license = (uint64_t)(uintptr_t) "Dual MIT/GPL",
    };

    load.insn_cnt = (uint32_t)write_program(rules, program);
    *out = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
    if (*out < 0)
        return error_set_errno(err, errno, "load the program of device rules");
    return 0;
}

/* The programs that hang on the cgroup itself, as descriptors. */
static size_t find_attached(int dirfd, int fds[ATTACHED_MAX])
{
    uint32_t ids[ATTACHED_MAX];
    union bpf_attr query = { 0 };
    size_t count = 0;

    query.query.target_fd = (uint32_t)dirfd;
    query.query.attach_type = BPF_CGROUP_DEVICE;
    query.query.prog_ids = (uint64_t)(uintptr_t)ids;
    query.query.prog_cnt = ATTACHED_MAX;
    if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof(query)) < 0)
        return 0;
    for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
        union bpf_attr get = { .prog_id = ids[i] };
        int fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &get, sizeof(get));

        if (fd >= 0)
            fds[count++] = fd;
    }
    return count;
}

static int attach_program(int dirfd, int program, int replaced, struct error *err)
{
    union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE };

    attach.target_fd = (uint32_t)dirfd;
    attach.attach_bpf_fd = (uint32_t)program;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attach.attach_flags |= BPF_F_REPLACE;
        attach.replace_bpf_fd = (uint32_t)replaced;
    }
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
        return error_set_errno(err, errno, "attach the program of device rules");
    return 0;
}

/* All but the first are more than we ever attach: they would go on denying. */
static int replace_program(int dirfd, int program, struct error *err)
{
    int fds[ATTACHED_MAX];
    size_t count = find_attached(dirfd, fds);
    int result = attach_program(dirfd, program, count > 0 ? fds[0] : -1, err);

    for (size_t i = 0; i < count; i++) {
        union bpf_attr detach = { .attach_type = BPF_CGROUP_DEVICE };

        detach.target_fd = (uint32_t)dirfd;
        detach.attach_bpf_fd = (uint32_t)fds[i];
        if (i > 0 && result == 0)
            syscall(SYS_bpf, BPF_PROG_DETACH, &detach, sizeof(detach));
        close(fds[i]);
    }
    return result;
}

static bool owns(const struct cgroup *cgroup, enum cgroup_version version)
{
    return cgroup_get_folder(cgroup, CGROUP_DEVICES) >= 0 &&
           cgroup_get_version(cgroup, CGROUP_DEVICES) == version;
}

int device_rule_apply_v1(const struct cgroup *cgroup, const struct container_spec *spec,
                         struct error *err)
{
    AUTO_RULES struct rules rules = { 0 };

    if (!owns(cgroup, CGROUP_V1))
        return 0;
    collect(spec, &rules);
    if (device_rule_check(rules.items, rules.count, err) < 0)
        return -1;
    return rules.count > 0 ? write_v1(cgroup_get_folder(cgroup, CGROUP_DEVICES), &rules, err) : 0;
}

int device_rule_apply_v2(const struct cgroup *cgroup, const struct container_spec *spec,
                         struct error *err)
{
    AUTO_RULES struct rules rules = { 0 };
    AUTO_CLOSE int program = -1;

    if (!owns(cgroup, CGROUP_V2))
        return 0;
    collect(spec, &rules);
    if (rules.count == 0)
        return 0;
    if (device_rule_check(rules.items, rules.count, err) < 0 ||
        load_program(&rules, &program, err) < 0)
        return -1;
    return attach_program(cgroup_get_folder(cgroup, CGROUP_DEVICES), program, -1, err);
}

int device_rule_replace(const struct cgroup *cgroup, const struct container_device_rule *given,
                        size_t count, struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_DEVICES);
    AUTO_RULES struct rules rules = { 0 };
    AUTO_CLOSE int program = -1;

    if (device_rule_check(given, count, err) < 0)
        return -1;
    if (dirfd < 0)
        return error_set(err, ERROR_UNSUPPORTED, "this host has no rules for devices");
    add_given(&rules, given, count);
    add_making(&rules);
    add_defaults(&rules, "rwm");
    if (owns(cgroup, CGROUP_V1))
        return write_v1(dirfd, &rules, err);
    if (load_program(&rules, &program, err) < 0)
        return -1;
    return replace_program(dirfd, program, err);
}
