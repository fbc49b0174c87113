/* SPDX-License-Identifier: MIT */

/*
 * A build context that comes as a stream: an archive of a folder, or a Cartefile and no folder
 */

#pragma once

#include "util/macro.h"

struct error;
struct store;

struct context_stream {
    char *folder;    /* where the archive was unpacked; NULL: there is no context */
    char *cartefile; /* its text */
};

void context_stream_done(struct context_stream *stream);
#define AUTO_CONTEXT_STREAM __attribute__((cleanup(context_stream_done)))

/*
 * Read all of `fd`. An archive, which may be compressed, is unpacked among the store's unfinished
 * work, where it is until the store is closed; its Cartefile is `cartefile` in it, or if that is
 * NULL, Cartefile or Dockerfile. What is no archive is the Cartefile.
 */
int context_stream_read(struct store *store, int fd, const char *cartefile,
                        struct context_stream *out, struct error *err) MUST_CHECK;

/* Read a Cartefile alone; *out is its text. */
int context_stream_read_cartefile(int fd, char **out, struct error *err) MUST_CHECK;
