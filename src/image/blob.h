/* SPDX-License-Identifier: MIT */

/*
 * Blobs: files that are named by the digest of their content
 *
 * A blob is complete once it has its name; nothing is read from one before its digest was
 * checked.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

struct error;
struct session;

/* The 64 hex digits of "sha256:<hex>", or NULL when `digest` is none. */
const char *blob_find_hex(const char *digest);

bool blob_exists(int store_fd, const char *digest);

/* Open for reading; who reads checks the digest. */
int blob_open(int store_fd, const char *digest, struct error *err) MUST_CHECK;

/* Read a small blob whole and check its digest. */
int blob_read(int store_fd, const char *digest, size_t limit, struct text *out,
              struct error *err) MUST_CHECK;

/*
 * Bring the names of all blobs to the disk. A blob is whole when it has its name, but a power
 * cut may take the name away again: whatever leads to blobs and must last is written after this.
 */
int blob_sync_names(int store_fd, struct error *err) MUST_CHECK;

/* Write a small blob; *digest_out is freed by the caller. */
int blob_write(int store_fd, const char *data, size_t length, char **digest_out,
               struct error *err) MUST_CHECK;

/* Give the finished file `name` of `folder`, open as `fd`, its place among the blobs. */
int blob_adopt(int store_fd, int folder, const char *name, int fd, const char *digest,
               struct error *err) MUST_CHECK;

/* The same of a file of the session. */
int blob_commit(int store_fd, const struct session *session, const char *name, int fd,
                const char *digest, struct error *err) MUST_CHECK;
