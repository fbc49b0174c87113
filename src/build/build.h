/* SPDX-License-Identifier: MIT */

/*
 * A Cartefile becomes an image
 *
 * Each step's result is a layer in the store, found again by the digest of its inputs: a second
 * build with nothing changed does nothing. RUN steps are containers; who calls build_image()
 * gives the function that runs one, because it needs a network (docs/decisions).
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/store.h"
#include "runtime/spec.h"
#include "util/macro.h"
#include "util/strings.h"

struct diagnostics;
struct error;
struct text;

/*
 * Run the container of a RUN step and wait for it. `spec` is complete but for its network:
 * `network` is "default", "none" or "host". Output goes to spec->stdout_fd and stderr_fd.
 */
typedef int (*build_run_fn)(void *context, struct container_spec *spec, const char *network,
                            int *exit_status_out, struct error *err);

/* Told of each step: "[2/5] COPY . /app", then how it ended; `cached` when nothing was done. */
typedef void (*build_progress_fn)(void *context, size_t step, size_t step_count,
                                  const char *instruction, bool cached);

/* Put the image `name` into the store, which lacks it. */
typedef int (*build_pull_fn)(void *context, const char *name, struct error *err);

/* What RUN --mount=type=secret may read: a file, or a variable of our own environment. */
struct build_secret {
    const char *id;
    const char *file, *variable; /* one of the two is NULL */
};

struct build_request {
    const char *context_folder;
    const char *cartefile;      /* path, or NULL: Cartefile, else Dockerfile in the context */
    const char *cartefile_text; /* inline instead of a file, or NULL */
    const char *target;         /* stage, or NULL: the last */
    const char *network;        /* of RUN steps, or NULL */
    struct strings_map args, labels;
    struct strings names; /* to tag the image with */
    /* Borrowed: */
    struct strings_map contexts; /* name: a folder, or "docker-image://NAME" */
    struct strings_map ssh;      /* id: the socket of an agent */
    const struct build_secret *secrets;
    size_t secret_count;
    bool allow_insecure; /* RUN --security=insecure */
    bool no_cache;
    struct strings no_cache_stages;  /* names or numbers of stages */
    struct strings cache_from;       /* "type=local,src=FOLDER" */
    struct strings cache_to;         /* "type=local,dest=FOLDER" */
    int output_fd;                   /* of RUN steps; -1: dropped unless the step fails */
    struct diagnostics *diagnostics; /* gets mistakes and findings of the Cartefile; or NULL */
    struct text *excerpt;            /* gets the lines around a step that failed; or NULL */
    build_run_fn run;
    build_progress_fn progress; /* or NULL */
    build_pull_fn pull;         /* or NULL: an image that is missing is a mistake */
    void *callback_context;     /* of these functions */
};

/*
 * Build and tag. *image_out is the image, which the caller frees. Errors of the Cartefile are
 * ERROR_INVALID and name file, line and the nearest known word.
 */
int build_image(struct store *store, const struct build_request *request, struct image **image_out,
                struct error *err) MUST_CHECK;

/*
 * Only look at the Cartefile: mistakes and findings go to request->diagnostics, which must be
 * there. *findings_out is how many rules' findings there are.
 */
int build_check(struct store *store, const struct build_request *request, size_t *findings_out,
                struct error *err) MUST_CHECK;
