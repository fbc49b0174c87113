/* SPDX-License-Identifier: MIT */

/*
 * Compressing into a file, with a digest of what is written
 *
 * The same bytes in give the same bytes out, on any machine and any number of processors: the
 * header of gzip bears neither time nor system (RFC 1952: MTIME 0, OS 255).
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"

struct error;
struct stream_writer;

enum stream_writer_kind {
    STREAM_WRITER_ZSTD,
    STREAM_WRITER_GZIP,
    STREAM_WRITER_PLAIN, /* as it comes */
};

/* `fd` is borrowed; what is written follows its position. */
struct stream_writer *stream_writer_new(int fd, enum stream_writer_kind kind,
                                        struct error *err) MUST_CHECK;
void stream_writer_free(struct stream_writer *writer);
DEFINE_CLEANUP(stream_writer)
int stream_writer_add(struct stream_writer *writer, const void *data, size_t length,
                      struct error *err) MUST_CHECK;

/* Write what is left. Digest and size are of the compressed side. */
int stream_writer_finish(struct stream_writer *writer, char hex_out[HASH_SHA256_HEX_SIZE],
                         uint64_t *size_out, struct error *err) MUST_CHECK;
