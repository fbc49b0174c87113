/* SPDX-License-Identifier: MIT */

/*
 * Flows of connection tracking
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

/* Forget all flows that begin or end in a subnet, also at a balanced one's real target. */
int netlink_flows_forget(uint32_t subnet, uint8_t prefix, struct error *err) MUST_CHECK;
