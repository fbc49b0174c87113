/* SPDX-License-Identifier: MIT */

/*
 * Users and groups of a container that has ids of its own, as its files lie on the disk
 */

#pragma once

#include <stdint.h>

/* The ids 0, 1, ... of the container are first, first + 1, ...; of count 0 all stay as they are. */
struct id_shift {
    uint32_t first, count;
};

/* The container's id of `id`; what is none of its own stays. */
static inline uint32_t id_shift_inside(const struct id_shift *shift, uint32_t id)
{
    return id >= shift->first && id - shift->first < shift->count ? id - shift->first : id;
}

/* Where the container's `id` lies, which is less than the count. */
static inline uint32_t id_shift_outside(const struct id_shift *shift, uint32_t id)
{
    return shift->count > 0 ? shift->first + id : id;
}
