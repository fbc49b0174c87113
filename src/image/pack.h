/* SPDX-License-Identifier: MIT */

/*
 * A folder becomes the tar stream of a layer
 *
 * The same tree gives the same bytes: entries are sorted, owners are numbers, all times are
 * one. What overlayfs calls deleted is written as OCI has it. The tree itself is brought to
 * what the stream says of it, so that the two stay one.
 */

#pragma once

#include <stdint.h>

#include "util/hash.h"
#include "util/macro.h"

struct error;
struct stream_writer;

/* The digest of the tar stream is written to hex_out. `mtime` is in seconds since 1970. */
int pack_tree(int tree_fd, int64_t mtime, struct stream_writer *out,
              char hex_out[HASH_SHA256_HEX_SIZE], struct error *err) MUST_CHECK;
