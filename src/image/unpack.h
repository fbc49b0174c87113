/* SPDX-License-Identifier: MIT */

/*
 * An archive becomes a tree
 *
 * Archives come from anywhere: each entry is looked at, and nothing is written outside the
 * tree, however the archive is made. What is not understood is refused, not skipped.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/id_shift.h"
#include "util/hash.h"
#include "util/macro.h"

struct error;
struct stream_reader;

/* Where in the tree the entry `path` goes; *out is freed by the caller. */
typedef int (*unpack_place_fn)(void *context, const char *path, char **out, struct error *err);

struct unpack_options {
    bool is_layer;         /* .wh. files mean deletions: they get overlayfs's form */
    unpack_place_fn place; /* or NULL: where it says */
    void *place_context;
    bool has_owner; /* all entries belong to uid and gid, whatever the archive says */
    uid_t uid;
    gid_t gid;
    struct id_shift ids;  /* of the container that the tree is in; ERROR_INVALID: outside of them */
    uint64_t entries_max; /* 0: two million */
    uint64_t bytes_max;   /* of all files, holes included; 0: 64 GiB */
};

/* The digest of the uncompressed archive is written to hex_out. */
int unpack_archive(struct stream_reader *in, int tree_fd, const struct unpack_options *options,
                   char hex_out[HASH_SHA256_HEX_SIZE], struct error *err) MUST_CHECK;

/* Whether the file begins like a tar archive, compressed or not; `fd` is at its start again. */
int unpack_is_archive(int fd, bool *out, struct error *err) MUST_CHECK;
