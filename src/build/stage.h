/* SPDX-License-Identifier: MIT */

/*
 * A stage of a build: the image as it stands after the instructions so far
 *
 * Steps that only change the configuration are done anew each time; a step that makes a layer
 * first asks the cache. What is private to build/ stands here.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "build/build.h"
#include "build/cache_layout.h"
#include "build/ignore.h"
#include "image/cartefile.h"
#include "image/manifest.h"
#include "image/merged.h"
#include "image/session.h"
#include "util/diagnostic.h"
#include "util/hash.h"

struct builder;

struct stage {
    struct builder *builder;
    char *name;              /* after AS, or NULL */
    char *base;              /* what FROM names, expanded */
    size_t first, end;       /* instructions, FROM included */
    bool is_needed, changed; /* changed: a layer had to be made */
    bool has_cmd;            /* CMD stands in this stage */
    size_t *needs;           /* numbers of the stages that it is made from; when is_needed */
    size_t need_count;
    bool is_fresh, is_imported; /* no step is from the cache; the one found is from elsewhere */
    bool is_running, is_done;   /* by a worker; its manifest is complete */
    struct cartefile *triggers; /* of the image below, for this one; when is_needed */
    struct stage_place {
        size_t line, column, last_line;
    } failed; /* the instruction that failed; line 0: none */
    struct manifest *manifest;
    struct strings layers; /* unpacked, topmost first */
    struct strings_map args;
    char *locked_key; /* the step that is being made, and its lock; NULL: none */
    int lock;
};

/* Who is told of each step. */
typedef void (*stage_report_fn)(struct builder *builder, const struct stage *stage,
                                const char *instruction, bool cached);

struct builder {
    struct store *store;
    int store_fd;
    struct session *session;
    const struct build_request *request;
    struct diagnostics *diagnostics; /* of the request, or else our own */
    struct diagnostics own_diagnostics;
    struct cartefile *cartefile;
    char *path;                   /* of the Cartefile; NULL: it is inline */
    struct merged *context;       /* NULL: there is none */
    struct digest_cache *digests; /* of the context's files; NULL as well */
    struct ignore ignore;
    char *ignore_name;       /* NULL: there is no ignore file */
    struct strings_map args; /* before the first FROM */
    struct stage *stages;
    size_t stage_count;
    size_t step, step_count, import_count;
    int64_t epoch;                /* time of all files, seconds since 1970 */
    struct cache_layout *imports; /* cached steps of other machines */
    struct cache_layout exports;  /* the steps of this build */
    stage_report_fn report;       /* NULL: the request's */
    int report_fd;                /* of a worker: to the process that started it */
    struct strings reports;       /* of a stage that is tried */
    bool stops_at_work, has_work; /* a step that is not in the cache fails; there was one */
};

/* A layer in the making. */
struct stage_layer {
    char *work;
    int tree; /* the folder, open */
};

void stage_done(struct stage *stage);

/* As before its first step, with `base` (owned from then on) to begin from. */
void stage_reset(struct stage *stage, struct manifest *base);

/* "build", or "stage 2" when it has no name; the caller frees it. */
char *stage_describe(const struct stage *stage) MUST_CHECK;

/* Tell of a step. */
void stage_report(struct stage *stage, const char *instruction, bool cached);

/* Keep the place of an instruction that failed, unless one is kept already. Returns -1. */
int stage_fail(struct stage *stage, const struct cartefile_instruction *at);

/* The same with the place of a part of it, which is put before the text of *err, too. */
int stage_fail_at(struct stage *stage, const struct cartefile_instruction *at,
                  const struct cartefile_place *place, struct error *err);

/* What FROM scratch begins with: no layer, and the usual PATH. */
#define STAGE_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
struct manifest *stage_new_scratch(void) MUST_CHECK;

/* The value of a variable in a stage, or NULL. `context` is the struct stage. */
const char *stage_find_variable(void *context, const char *name);

/* An absolute path: `path` itself, or below the working folder. */
char *stage_path(const struct stage *stage, const char *path) MUST_CHECK;

/* Begin the key of a step: what it stands on, and its name. */
void stage_begin_key(const struct stage *stage, const struct cartefile_instruction *at,
                     struct hash_sha256 *hash);
/* The same of a step whose layer does not depend on those below. */
void stage_begin_free_key(const struct stage *stage, const struct cartefile_instruction *at,
                          struct hash_sha256 *hash);

/*
 * Take the layer of that key from the cache, if it is there; *done_out says so. If not, this
 * process makes it: others that want it wait until stage_commit_layer() or stage_unlock(). In
 * either case the step is reported, so it comes right before the work.
 */
int stage_reuse(struct stage *stage, const struct cartefile_instruction *at, const char *key_hex,
                bool *done_out, struct error *err) MUST_CHECK;
void stage_unlock(struct stage *stage);
/* A new layer, whose root has the owner and mode of the one below, or (free) is plain. */
int stage_begin_free_layer(struct stage *stage, struct stage_layer *layer,
                           struct error *err) MUST_CHECK;
int stage_begin_layer(struct stage *stage, struct stage_layer *layer, struct error *err) MUST_CHECK;
void stage_layer_done(struct stage_layer *layer);
#define AUTO_STAGE_LAYER __attribute__((cleanup(stage_layer_done)))

/* The finished layer comes on top of the stage and into the cache. */
int stage_commit_layer(struct stage *stage, const struct cartefile_instruction *at,
                       const char *key_hex, struct stage_layer *layer,
                       struct error *err) MUST_CHECK;

/* Report a step that makes no layer, and note it in the history. */
void stage_note(struct stage *stage, const struct cartefile_instruction *at);
