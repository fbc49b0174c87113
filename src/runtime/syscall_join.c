/* SPDX-License-Identifier: MIT */

/*
 * Seccomp filters for one architecture each become one for all of them
 */

#include "runtime/syscall_join.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"

/* x32 calls come as those of x86_64 with this bit in their number. */
#define X32_BIT 0x40000000U

struct sock_fprog *syscall_join_add(struct syscall_join *join, uint32_t architecture)
{
    struct syscall_join_part *part = ALLOC_APPEND(join->parts, join->count);

    part->architecture = architecture;
    return &part->program;
}

static struct sock_filter load(size_t offset)
{
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static struct sock_filter skip_unless(unsigned how, uint32_t value, uint8_t count)
{
    return (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | how | BPF_K), value, 0, count);
}

/* Jumps to `target` for a call of `part`; x32 is asked last, because it loads the number. */
static void add_question(struct sock_fprog *out, const struct syscall_join_part *part,
                         size_t target)
{
    bool is_x32 = part->architecture == SCMP_ARCH_X32;
    struct sock_filter *at = out->filter + out->len;
    size_t length = 0;

    at[length++] =
        skip_unless(BPF_JEQ, is_x32 ? SCMP_ARCH_X86_64 : part->architecture, is_x32 ? 3 : 1);
    if (is_x32) {
        at[length++] = load(offsetof(struct seccomp_data, nr));
        at[length++] = skip_unless(BPF_JGE, X32_BIT, 1);
    }
    out->len = (unsigned short)(out->len + length + 1);
    at[length] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(target - out->len));
}

/* The instructions in front of the first part, which needs no question. */
static size_t head_size(const struct syscall_join *join)
{
    size_t size = join->count > 1 ? 1 : 0;

    for (size_t i = 1; i < join->count; i++)
        size += join->parts[i].architecture == SCMP_ARCH_X32 ? 4 : 2;
    return size;
}

int syscall_join_make(const struct syscall_join *join, struct sock_fprog *out, struct error *err)
{
    size_t head = head_size(join), size = head;
    struct sock_fprog all = { 0 };

    for (size_t i = 0; i < join->count; i++)
        size += join->parts[i].program.len;
    if (size > BPF_MAXINSNS)
        return error_set(err, ERROR_INVALID,
                         "the syscall filter needs %zu instructions, and the kernel takes %d", size,
                         BPF_MAXINSNS);
    all.filter = alloc_array(struct sock_filter, size);
    if (join->count > 1)
        all.filter[all.len++] = load(offsetof(struct seccomp_data, arch));
    for (int x32 = 0; x32 <= 1; x32++) {
        size_t target = head;

        for (size_t i = 0; i < join->count; i++) {
            const struct syscall_join_part *part = &join->parts[i];

            if (i > 0 && (part->architecture == SCMP_ARCH_X32) == x32)
                add_question(&all, part, target);
            target += part->program.len;
        }
    }
    for (size_t i = 0; i < join->count; i++) {
        const struct sock_fprog *part = &join->parts[i].program;

        memcpy(all.filter + all.len, part->filter, part->len * sizeof(*part->filter));
        all.len = (unsigned short)(all.len + part->len);
    }
    *out = all;
    return 0;
}

void syscall_join_done(struct syscall_join *join)
{
    for (size_t i = 0; i < join->count; i++)
        free(join->parts[i].program.filter);
    free(join->parts);
    *join = (struct syscall_join){ 0 };
}
