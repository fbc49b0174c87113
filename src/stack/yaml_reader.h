/* SPDX-License-Identifier: MIT */

/*
 * YAML text becomes a tree
 *
 * The only module that knows libyaml. Plain scalars follow the core schema of YAML 1.2 (so
 * `22:22` and `yes` are text), anchors and `<<` are resolved, and a hostile file is refused
 * before it can cost memory or time: see the limits in yaml_reader.c.
 */

#pragma once

#include "stack/node.h"

#define YAML_READER_BYTES_MAX (4U << 20)

/*
 * Read every document of `text`. The result is a list of their trees; documents with nothing
 * in them are left out. NULL: the mistakes are in `diagnostics`. `file` is a name from
 * diagnostic_add_source().
 */
struct node *yaml_reader_read(const char *file, const char *text, size_t length,
                              struct diagnostics *diagnostics) MUST_CHECK;
