/* SPDX-License-Identifier: MIT */

/*
 * Flows of connection tracking
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

/* Forget all flows that begin or end at `address`, also as a balanced one's real target. */
int netlink_flows_forget(uint32_t address, struct error *err) MUST_CHECK;
