/* SPDX-License-Identifier: MIT */

/*
 * The containers of all stacks, as their records say
 *
 * Unlike what the supervisors answer, records are there when no supervisor is.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

struct error;

struct container_item {
    char *name;   /* "shop-web-1" */
    char *image;  /* id */
    char *folder; /* of its data */
    char *upper;  /* in it, the folder of what it has written */
    bool is_running;
};

struct container_list {
    struct container_item *items;
    size_t count;
};

void container_list_done(struct container_list *list);
#define AUTO_CONTAINER_LIST __attribute__((cleanup(container_list_done)))

int container_list_load(struct container_list *out, struct error *err) MUST_CHECK;

/* NULL: there is none. A running one of an image comes before those that have stopped. */
const struct container_item *container_list_find(const struct container_list *list,
                                                 const char *name);
const struct container_item *container_list_find_user(const struct container_list *list,
                                                      const char *image_id);
