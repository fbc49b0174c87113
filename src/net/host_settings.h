/* SPDX-License-Identifier: MIT */

/*
 * Settings of the host's network that balancing and forwarding need
 *
 * They belong to all stacks of the network namespace together: the first one changes them, and
 * they are put back when the kernel has no stack's packet rules any more. See network.h.
 */

#pragma once

#include "util/macro.h"

struct error;

int host_settings_apply(const char *record, struct error *err) MUST_CHECK;
int host_settings_restore(const char *record, struct error *err) MUST_CHECK;
