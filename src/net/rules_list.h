/* SPDX-License-Identifier: MIT */

/*
 * What the packet rules of this network namespace say, whoever wrote them
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

/* How many stacks have a table here? The names of all begin with "carte". */
int rules_list_count(size_t *count_out, struct error *err) MUST_CHECK;

/* Are the tables of that name there? Whoever flushes all rules takes ours as well. */
int rules_list_has(const char *table, bool *has_out, struct error *err) MUST_CHECK;

struct rules_list_port {
    char table[32];
    uint32_t host_address; /* 0: all */
    uint16_t port;
    int protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};

/* The ports that the tables of all stacks publish; the caller frees *out. */
int rules_list_published(struct rules_list_port **out, size_t *count_out,
                         struct error *err) MUST_CHECK;

/*
 * Find a chain of a table that is not ours and drops forwarded packets by its policy: what
 * stands between a published port and the world outside. `out` is "family table chain", or
 * empty when there is none.
 */
int rules_list_find_drop(char out[128], struct error *err) MUST_CHECK;
