/* SPDX-License-Identifier: MIT */

/*
 * A filter is run on made-up calls by a small interpreter of its own instructions.
 */

#pragma once

#include "unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

static inline bool bpf_jumps(const struct sock_filter *f, uint32_t a)
{
    switch (BPF_OP(f->code)) {
    case BPF_JEQ:
        return a == f->k;
    case BPF_JGT:
        return a > f->k;
    case BPF_JGE:
        return a >= f->k;
    default:
        return (a & f->k) != 0;
    }
}

static inline uint32_t bpf_judge(const struct sock_fprog *program, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t i = 0; i < program->len; i++) {
        const struct sock_filter *f = &program->filter[i];

        if (BPF_CLASS(f->code) == BPF_RET)
            return f->k;
        if (BPF_CLASS(f->code) == BPF_LD)
            memcpy(&a, (const char *)data + f->k, sizeof(a));
        else if (BPF_CLASS(f->code) == BPF_ALU)
            a &= f->k;
        else if (BPF_OP(f->code) == BPF_JA)
            i += f->k;
        else
            i += bpf_jumps(f, a) ? f->jt : f->jf;
    }
    fail_msg("the filter has no end");
    return 0;
}
