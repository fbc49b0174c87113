/* SPDX-License-Identifier: MIT */

/*
 * Network devices of the caller that become a container's
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;

struct net_device {
    const char *name;   /* in the caller's network */
    const char *inside; /* in the container's: "eth%d" is the first that is free; NULL: as `name` */
};

/*
 * Move all of them into the network namespace of the descriptor `netns`, with their permanent
 * addresses of global scope, and set them up. Afterwards they are the container's: with its
 * network virtual ones vanish, and physical ones go back to the first network of the machine.
 * After a failure all are where they were.
 */
int net_device_move(const struct net_device *devices, size_t count, int netns,
                    struct error *err) MUST_CHECK;
