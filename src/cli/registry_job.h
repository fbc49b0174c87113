/* SPDX-License-Identifier: MIT */

/*
 * Pulling and pushing with progress: for `carte`, and for `pull`, `push` and `up` of stacks
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/progress.h"
#include "image/store.h"
#include "util/macro.h"
#include "util/strings.h"
#include "util/text.h"

struct error;

struct registry_job {
    struct store *store;
    struct progress *progress;
    const char *platform; /* of pulls; NULL: this machine's */
    bool insecure;
    bool gzip; /* of pushes, as in registry_push.h */
    uint64_t chunk_bytes;
};

/* Pull `name` and add the line "ID" to `out`; NULL: add nothing. */
int registry_job_pull(const struct registry_job *job, const char *name, struct text *out,
                      struct error *err) MUST_CHECK;

/*
 * Pull or push each of `names`, with progress of its own, in `mode` as for progress_init(). A push
 * adds the line "NAME@DIGEST" to `out`.
 */
int registry_job_pull_all(const struct registry_job *job, const struct strings *names,
                          const char *mode, struct text *out, struct error *err) MUST_CHECK;
int registry_job_push_all(const struct registry_job *job, const struct strings *names,
                          const char *mode, struct text *out, struct error *err) MUST_CHECK;

#define REGISTRY_JOB_INSECURE_OPTION(type)                                      \
    {                                                                           \
        .name = "insecure", OPTION(FLAG, type, insecure),                       \
        .doc = "Take any certificate, and plain HTTP where there is no HTTPS.", \
    }

extern const char *const registry_job_compressions[];
#define REGISTRY_JOB_COMPRESSION_OPTION(type)                                                      \
    {                                                                                              \
        .name = "compression", .argument = "KIND", OPTION(TEXT, type, compression),                \
        .fallback = "keep", .choices = registry_job_compressions,                                  \
        .doc = "Send layers as they are stored (keep), which is zstd for what was built here, or " \
               "as gzip for consumers that know nothing else; the digest is another then.",        \
    }
