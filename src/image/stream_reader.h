/* SPDX-License-Identifier: MIT */

/*
 * Decompressing a file, with a digest of what is read
 *
 * gzip, zstd, bzip2 and xz are known by their first bytes; anything else is taken as it comes.
 * From the second piece on, a thread of the reader's own reads ahead, so that the caller's work
 * and the decompression overlap.
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/cleanup.h"
#include "util/hash.h"
#include "util/macro.h"

struct archive;
struct error;
struct stream_reader;

/* Let libarchive read the four compressions, all by itself. */
int stream_reader_support(struct archive *archive, struct error *err) MUST_CHECK;

/*
 * `fd` is borrowed and the reader's alone until it is freed; `limit`: more bytes than that on
 * the uncompressed side are refused (ERROR_INVALID).
 */
struct stream_reader *stream_reader_new(int fd, uint64_t limit, struct error *err) MUST_CHECK;
void stream_reader_free(struct stream_reader *reader);
DEFINE_CLEANUP(stream_reader)

/* How many bytes were read into *data_out, which is valid until the next call; 0 at the end. */
ssize_t stream_reader_next(struct stream_reader *reader, const void **data_out,
                           struct error *err) MUST_CHECK;

/*
 * Read on to the end of the file, also past the end of the compressed stream, so that the digest
 * is of the whole.
 */
int stream_reader_finish(struct stream_reader *reader, char hex_out[HASH_SHA256_HEX_SIZE],
                         struct error *err) MUST_CHECK;
