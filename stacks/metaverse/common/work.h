/* SPDX-License-Identifier: MIT */

/*
 * Work beside the event loop
 *
 * Password hashing takes milliseconds of a core and a commit waits for the disk; neither may
 * hold up the loop. A few threads take items from one bounded queue; what they finished is
 * handed back to the loop's thread, which alone touches the network.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

struct error;
struct work;

/* Embedded at the start of what is to be done. */
struct work_item {
    struct work_item *next;
};

struct work_options {
    size_t threads;
    size_t queue_max; /* items that wait; one more is refused */
    /* On a thread: do it. `*slot` is the thread's own, NULL at first. */
    void (*run)(void *context, void **slot, struct work_item *item);
    /* On a thread that ends: release what `run` left in its slot. */
    void (*release)(void *context, void *slot);
    /* On the loop's thread: it is done. */
    void (*done)(void *context, struct work_item *item);
    void *context;
};

int work_open(const struct work_options *options, struct work **work_out,
              struct error *err) MUST_CHECK;

/* Do what is queued, hand it back by `done`, then end the threads. */
void work_close(struct work *work);

/* False when the queue is full; the item stays the caller's. */
bool work_add(struct work *work, struct work_item *item);

/* Becomes readable when items are done; then call work_collect() on the loop's thread. */
int work_get_fd(const struct work *work);
void work_collect(struct work *work);
