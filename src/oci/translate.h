/* SPDX-License-Identifier: MIT */

/*
 * What config.json says, as the input of the runtime
 *
 * Pure: whether a path of the bundle is there is the runtime's to find out.
 */

#pragma once

#include "oci/config.h"
#include "runtime/program.h"
#include "runtime/resources.h"
#include "runtime/spec.h"
#include "runtime/syscall_profile.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct error;

/* What a struct container_program points to. */
struct translate_program {
    struct container_ids ids;
    mode_t umask;
    struct container_capabilities capabilities;
    int oom_score_adj;
    struct container_scheduler scheduler;
    struct container_io_priority io_priority;
    struct syscall_profile syscalls;
};

/* Everything borrows from the config, and from itself: it does not move. */
struct translate {
    struct container_spec spec;
    struct translate_program program;
    struct container_resources resources;
    struct container_time_offset monotonic, boottime;
    struct shape_store store;
    struct strings warnings; /* of what is ignored, as the specification demands */
    struct text *texts;      /* of the mounts */
    size_t text_count;
};

/* Where a container is made. */
struct translate_place {
    const char *id, *bundle, *cgroup;
};

struct translate *translate_new(const struct config *config, const struct translate_place *place,
                                struct error *err) MUST_CHECK;
void translate_free(struct translate *translate);
DEFINE_CLEANUP(translate)

/*
 * A process alone, for `exec`: `process` and the filter of `config`. `out` borrows from both and
 * from `memory`, which does not move.
 */
void translate_process(const struct config_process *process, const struct config *config,
                       struct translate *memory, struct container_program *out);

/* Warn of each capability that is asked for and not among `held`: it cannot be granted. */
void translate_warn_of_rights(struct translate *memory, uint64_t held);

/* Tell the program of the first `count` descriptors behind the standard ones (sd_listen_fds(3)). */
void translate_listen(unsigned count, struct translate *memory, struct container_program *program);

void translate_resources(const struct config_resources *from, struct shape_store *store,
                         struct container_resources *out);

/* `cgroupsPath`, or "/carte-oci/ID" where it is missing; the caller frees it. */
int translate_cgroup(const struct config *config, const char *id, char **out,
                     struct error *err) MUST_CHECK;
