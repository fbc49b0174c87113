/* SPDX-License-Identifier: MIT */

/*
 * Packages of Debian or of a distribution like it, installed by mmdebstrap
 */

#pragma once

#include "util/macro.h"

struct bootstrap_tree;
struct error;

/* The suite in "debian:bookworm" when its distribution is known, else NULL. */
const char *bootstrap_debian_find_suite(const char *base);

int bootstrap_debian_fill(const struct bootstrap_tree *tree, struct error *err) MUST_CHECK;
