/* SPDX-License-Identifier: MIT */

/*
 * nftables scripts, given to the kernel through libnftables
 */

#pragma once

#include "util/macro.h"
#include "util/text.h"

struct error;

/*
 * Run a script as one transaction; what it prints is added to `out`. ERROR_NOT_FOUND: it
 * speaks of something that does not exist.
 */
int rules_nft_run(const char *script, struct text *out, struct error *err) MUST_CHECK;

/* Close what is kept for the next script: a socket, and memory. */
void rules_nft_rest(void);
