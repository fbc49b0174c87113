/* SPDX-License-Identifier: MIT */

/*
 * Compressed bytes, digested while they pass
 *
 * A writer compresses with zstd into a file; a reader takes any compression that libarchive
 * knows, or none. Both know the digest of the compressed side at their end.
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"

struct error;
struct stream_writer;
struct stream_reader;

struct stream_writer *stream_writer_new(int fd, struct error *err) MUST_CHECK;
void stream_writer_free(struct stream_writer *writer);
DEFINE_CLEANUP(stream_writer)
int stream_writer_add(struct stream_writer *writer, const void *data, size_t length,
                      struct error *err) MUST_CHECK;
int stream_writer_finish(struct stream_writer *writer, char hex_out[HASH_SHA256_HEX_SIZE],
                         uint64_t *size_out, struct error *err) MUST_CHECK;

/* `limit`: more bytes than that on the uncompressed side are refused. */
struct stream_reader *stream_reader_new(int fd, uint64_t limit, struct error *err) MUST_CHECK;
void stream_reader_free(struct stream_reader *reader);
DEFINE_CLEANUP(stream_reader)

/* How many bytes were read into *data_out, which is valid until the next call; 0 at the end. */
ssize_t stream_reader_next(struct stream_reader *reader, const void **data_out,
                           struct error *err) MUST_CHECK;

/* Read what follows the end of the compressed stream, so that the digest is of the whole. */
int stream_reader_finish(struct stream_reader *reader, char hex_out[HASH_SHA256_HEX_SIZE],
                         struct error *err) MUST_CHECK;
