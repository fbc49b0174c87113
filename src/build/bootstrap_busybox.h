/* SPDX-License-Identifier: MIT */

/*
 * The host's static busybox, with a link for each of its commands
 */

#pragma once

#include "util/macro.h"

struct bootstrap_tree;
struct error;

int bootstrap_busybox_fill(const struct bootstrap_tree *tree, struct error *err) MUST_CHECK;
