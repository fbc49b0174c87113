/* SPDX-License-Identifier: MIT */

/*
 * The cgroup of a container: one folder carte/PARENT/ID in each hierarchy
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/cgroup_layout.h"
#include "util/macro.h"

struct error;

#define CGROUP_PATH_MAX 512

struct cgroup {
    const struct cgroup_layout *layout;
    char path[CGROUP_PATH_MAX]; /* below each mount point */
    int dirfd[CGROUP_HIERARCHY_MAX];
};

#define CGROUP_NONE                                        \
    {                                                      \
        .dirfd = { [0 ... CGROUP_HIERARCHY_MAX - 1] = -1 } \
    }
#define AUTO_CGROUP __attribute__((cleanup(cgroup_close)))

/*
 * The path of carte/PARENT/ID (either may be NULL), or PARENT alone where that begins with "/".
 * ERROR_INVALID: a path that is too long or leaves its root.
 */
int cgroup_format_path(const char *parent, const char *id, char out[CGROUP_PATH_MAX],
                       struct error *err) MUST_CHECK;

/*
 * Make it in all hierarchies, of those with nothing but optional controllers only where one of
 * `wanted` (bit n: controller n) is; a dead one of the same name is replaced. ERROR_EXISTS: it
 * lives. After a failure nothing that was made is left.
 */
int cgroup_create(const char *parent, const char *id, unsigned wanted, struct cgroup *out,
                  struct error *err) MUST_CHECK;

/* ERROR_NOT_FOUND: there is none in any hierarchy. Folders that are missing have no descriptor. */
int cgroup_open(const char *parent, const char *id, struct cgroup *out,
                struct error *err) MUST_CHECK;
void cgroup_close(struct cgroup *cgroup);

/* One below `cgroup`, in the hierarchies that have it. ERROR_NOT_FOUND: none has. */
int cgroup_open_below(const struct cgroup *cgroup, const char *path, struct cgroup *out,
                      struct error *err) MUST_CHECK;

/* The folder of the hierarchy that owns `controller`; -1: this host has no such controller. */
int cgroup_get_folder(const struct cgroup *cgroup, enum cgroup_controller controller);
enum cgroup_version cgroup_get_version(const struct cgroup *cgroup,
                                       enum cgroup_controller controller);

/* The folder of version 2 for clone3(CLONE_INTO_CGROUP), or -1. */
int cgroup_get_unified(const struct cgroup *cgroup);

/*
 * Put the calling process, which has one thread, into the version 1 hierarchies: all but that
 * of `devices`, or that one alone.
 */
int cgroup_join(const struct cgroup *cgroup, bool devices, struct error *err) MUST_CHECK;

/* All processes in it and below, each once; `out` is to be freed. */
int cgroup_list(const struct cgroup *cgroup, pid_t **out, size_t *count_out,
                struct error *err) MUST_CHECK;

/* Does the process, whose pidfd the caller holds, live in it or below, in some hierarchy? */
bool cgroup_list_has(const struct cgroup *cgroup, pid_t pid);

/* Put the process `pid`, which has one thread, into all of them. */
int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct error *err) MUST_CHECK;

/* Kill all that is in it and below; ERROR_TIMEOUT: some process does not go. */
int cgroup_kill(const struct cgroup *cgroup, int64_t timeout_ms, struct error *err) MUST_CHECK;

/*
 * Remove carte/PARENT/ID (`id` NULL: carte/PARENT) with all below it in every hierarchy, and
 * `carte` itself when it is empty then; or the path PARENT alone, with parents that are empty
 * and begin with "carte". It is no error when it does not exist. Only what `mark` (cgroup_mark.h)
 * names is removed, and with "" only what is empty.
 */
int cgroup_remove(const char *parent, const char *id, const char *mark,
                  struct error *err) MUST_CHECK;
