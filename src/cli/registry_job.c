/* SPDX-License-Identifier: MIT */

/*
 * Pulling and pushing with progress
 */

#include "cli/registry_job.h"

#include <stdlib.h>
#include <string.h>

#include "cli/transfer.h"
#include "image/reference.h"
#include "image/registry_pull.h"
#include "image/registry_push.h"
#include "util/alloc.h"
#include "util/error.h"

const char *const registry_job_compressions[] = { "keep", "gzip", NULL };

int registry_job_pull(const struct registry_job *job, const char *name, struct text *out,
                      struct error *err)
{
    AUTO_FREE char *item = alloc_format("Image %s", name);
    struct transfer transfer = { .progress = job->progress };
    const struct registry_pull_settings settings = {
        .platform = job->platform,
        .insecure = job->insecure,
        .progress = transfer_progress(&transfer),
    };
    AUTO_REGISTRY_PULLED struct registry_pulled pulled = { 0 };

    progress_update(job->progress, item, PROGRESS_WORKING, "Pulling");
    if (registry_pull(job->store, name, &settings, &pulled, err) < 0) {
        progress_update(job->progress, item, PROGRESS_FAILED, "Error");
        return -1;
    }
    progress_update(job->progress, item, PROGRESS_DONE, pulled.is_new ? "Pulled" : "Up to date");
    if (out)
        text_add_format(out, "%s\n", pulled.id);
    return 0;
}

/* "host/name@sha256:..." for "host/name:tag". */
static int add_pinned(const char *name, const char *digest, struct text *out, struct error *err)
{
    AUTO_FREE char *full = NULL;
    const char *slash = NULL;

    if (reference_parse(name, &full, err) < 0)
        return -1;
    slash = strrchr(full, '/');
    full[(slash ? (size_t)(slash - full) : 0) + strcspn(slash ? slash : full, ":@")] = '\0';
    text_add_format(out, "%s@%s\n", full, digest);
    return 0;
}

static int push(const struct registry_job *job, const char *name, struct text *out,
                struct error *err)
{
    AUTO_FREE char *item = alloc_format("Image %s", name);
    struct transfer transfer = { .progress = job->progress };
    const struct registry_push_settings settings = {
        .insecure = job->insecure,
        .gzip = job->gzip,
        .chunk_bytes = job->chunk_bytes,
        .progress = transfer_progress(&transfer),
    };
    AUTO_FREE char *digest = NULL;

    progress_update(job->progress, item, PROGRESS_WORKING, "Pushing");
    if (registry_push(job->store, name, &settings, &digest, err) < 0) {
        progress_update(job->progress, item, PROGRESS_FAILED, "Error");
        return -1;
    }
    progress_update(job->progress, item, PROGRESS_DONE, "Pushed");
    return out ? add_pinned(name, digest, out, err) : 0;
}

typedef int (*move_fn)(const struct registry_job *job, const char *name, struct text *out,
                       struct error *err);

static int move_all(const struct registry_job *job, const struct strings *names, const char *mode,
                    move_fn move, struct text *out, struct error *err)
{
    struct progress progress;
    struct registry_job own = *job;
    int result = 0;

    own.progress = &progress;
    progress_init(&progress, mode, move == registry_job_pull ? "Pulling" : "Pushing");
    for (size_t i = 0; result == 0 && i < names->count; i++)
        result = move(&own, names->items[i], out, err);
    progress_done(&progress);
    return result;
}

int registry_job_pull_all(const struct registry_job *job, const struct strings *names,
                          const char *mode, struct text *out, struct error *err)
{
    return move_all(job, names, mode, registry_job_pull, out, err);
}

int registry_job_push_all(const struct registry_job *job, const struct strings *names,
                          const char *mode, struct text *out, struct error *err)
{
    return move_all(job, names, mode, push, out, err);
}
