/* SPDX-License-Identifier: MIT */

/*
 * Whether two folders hold the same: names, kinds, modes, owners, attributes that layers have, and
 * content. Times are left out: those of folders depend on how they were filled.
 */

#pragma once

#include "util/macro.h"

struct error;
struct text;

/*
 * Compare the open folders. *difference is the first path that differs and how ("etc/passwd: other
 * content"), or stays empty.
 */
int tree_compare(int one, int two, struct text *difference, struct error *err) MUST_CHECK;
