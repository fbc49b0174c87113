/* SPDX-License-Identifier: MIT */

/*
 * The files of an image archive, by name and in any order
 *
 * An archive may come through a pipe and has its entries in any order, so each file is first
 * written into the session, under a name of ours, and digested on the way; of a folder (an
 * image layout) only what is asked for. Names of an archive never become paths here. Links to
 * other files of the archive are followed, within it; what is no file, folder or link is refused.
 */

#pragma once

#include <stdint.h>

#include "image/image.h"
#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"
#include "util/text.h"

struct error;
struct session;
struct spool;

/* Limits of an archive: its files, and their bytes together when decompressed. */
#define SPOOL_FILES_MAX 65536U
#define SPOOL_SIZE_MAX (UINT64_C(256) << 30)

struct spool_file {
    char *path;
    char *stored; /* its name in the session; NULL: a link */
    char *link;   /* what it is a link to, in the archive */
    char hex[HASH_SHA256_HEX_SIZE];
    uint64_t size_bytes;
};

/*
 * Open what `fd` is: a folder, else a tar archive, plain or compressed with gzip, zstd, xz or
 * bzip2, which is read to its end. `session` must outlive the spool.
 */
struct spool *spool_open(int fd, struct session *session, const struct image_progress *progress,
                         struct error *err) MUST_CHECK;
void spool_free(struct spool *spool);
DEFINE_CLEANUP(spool)

/* The file at `path` with links followed; *out is NULL when there is none. */
int spool_find(struct spool *spool, const char *path, const struct spool_file **out,
               struct error *err) MUST_CHECK;

/* The same; a missing file is ERROR_NOT_FOUND, and named. */
int spool_get(struct spool *spool, const char *path, const struct spool_file **out,
              struct error *err) MUST_CHECK;

int spool_open_file(const struct spool *spool, const struct spool_file *file,
                    struct error *err) MUST_CHECK;

/* Read a small file whole. */
int spool_read(const struct spool *spool, const struct spool_file *file, size_t limit,
               struct text *out, struct error *err) MUST_CHECK;

/* The file becomes a blob of the store; it stays in the spool as well. */
int spool_commit(struct spool *spool, const struct spool_file *file, int store_fd,
                 struct error *err) MUST_CHECK;
