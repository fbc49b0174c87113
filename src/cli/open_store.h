/* SPDX-License-Identifier: MIT */

/*
 * The image store of CARTE_ROOT
 */

#pragma once

#include "image/store.h"
#include "util/macro.h"

struct error;

/* The caller closes it; NULL and *err when it cannot be opened. */
struct store *open_store(struct error *err) MUST_CHECK;
