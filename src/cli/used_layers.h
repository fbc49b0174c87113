/* SPDX-License-Identifier: MIT */

/*
 * The unpacked layers that containers run from
 */

#pragma once

#include "util/macro.h"

struct error;
struct store;
struct strings;

/* Add the folders of the layers of all containers, running or not, whose image is still there. */
int used_layers_add(struct store *store, struct strings *out, struct error *err) MUST_CHECK;
