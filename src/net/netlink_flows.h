/* SPDX-License-Identifier: MIT */

/*
 * Flows of connection tracking
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;
struct netlink_subnet;

/* Forget all flows that begin or end in one of the subnets, also at a balanced one's real target.
 */
int netlink_flows_forget(const struct netlink_subnet *subnets, size_t count,
                         struct error *err) MUST_CHECK;
