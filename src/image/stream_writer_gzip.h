/* SPDX-License-Identifier: MIT */

/*
 * gzip in several threads: private to stream_writer.c
 *
 * The stream is cut into blocks of one size, each compressed with the end of the block before it
 * as its dictionary; together they are one member of gzip. The bytes do not depend on the number
 * of threads.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct stream_writer_gzip;

typedef int (*stream_writer_gzip_put_fn)(void *context, const void *data, size_t length,
                                         struct error *err);

/* What is compressed is given to `put`, in pieces. */
struct stream_writer_gzip *stream_writer_gzip_new(size_t threads, stream_writer_gzip_put_fn put,
                                                  void *context) MUST_CHECK;
void stream_writer_gzip_free(struct stream_writer_gzip *gzip);
DEFINE_CLEANUP(stream_writer_gzip)
int stream_writer_gzip_add(struct stream_writer_gzip *gzip, const void *data, size_t length,
                           struct error *err) MUST_CHECK;
int stream_writer_gzip_finish(struct stream_writer_gzip *gzip, struct error *err) MUST_CHECK;
