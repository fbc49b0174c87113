/* SPDX-License-Identifier: MIT */

/*
 * Capabilities as a set of bits: bit n is capability n of <linux/capability.h>
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;
struct strings;

/* What a container has by default (docs/reference: Podman's eleven). */
uint64_t capability_default(void);
uint64_t capability_all(void);

/* "CHOWN" of capability 0; NULL behind the last one. */
const char *capability_find_name(unsigned number);

/* What the calling process has, and so can give. */
int capability_read_held(uint64_t *out, struct error *err) MUST_CHECK;

/*
 * `base` with the names of `add` added and those of `drop` removed; names with or without
 * CAP_, in any case; ALL means all. ERROR_INVALID names the unknown one and the nearest known.
 */
int capability_apply(uint64_t base, const struct strings *add, const struct strings *drop,
                     uint64_t *out, struct error *err) MUST_CHECK;
