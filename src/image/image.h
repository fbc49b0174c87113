/* SPDX-License-Identifier: MIT */

/*
 * An image at rest: what it runs, and the unpacked trees of its layers
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/strings.h"

/* The `config` object of the OCI image configuration, with Docker's extensions. */
struct image_config {
    struct strings env, entrypoint, cmd;    /* env: "KEY=value" */
    char *user, *working_dir, *stop_signal; /* NULL or empty: none */
    struct strings volumes;                 /* paths */
    struct strings exposed;                 /* "8080/tcp" */
    struct strings_map labels;
    struct strings health_test; /* as in the file: CMD..., CMD-SHELL..., NONE; empty: none */
    int64_t health_interval_ms, health_timeout_ms, health_start_period_ms,
        health_start_interval_ms; /* 0: the default */
    int64_t health_retries;
    struct strings shell, on_build;
};

struct image {
    char *id;             /* "sha256:<hex>": digest of the configuration */
    char *digest;         /* of the manifest */
    struct strings names; /* "docker.io"-free references, as tagged: "login:latest" */
    char *created;        /* RFC 3339 */
    uint64_t size_bytes;  /* of the compressed layers */
    struct image_config config;
    struct strings layers;   /* absolute paths of the unpacked layers, TOPMOST FIRST */
    struct strings diff_ids; /* lowest first */
};

/*
 * Told how far long work is: `what` it is at, and how much of it (total_bytes 0: not known).
 * Done is total at its end. `tell` may be NULL.
 */
struct image_progress {
    void (*tell)(void *context, const char *what, uint64_t done_bytes, uint64_t total_bytes);
    void *context;
};
void image_progress_tell(const struct image_progress *progress, const char *what,
                         uint64_t done_bytes, uint64_t total_bytes);

void image_config_done(struct image_config *config);
void image_config_copy(struct image_config *to, const struct image_config *from);

void image_free(struct image *image);
DEFINE_CLEANUP(image)
