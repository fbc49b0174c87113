/* SPDX-License-Identifier: MIT */

/*
 * Whose a cgroup is, where the path alone does not say it
 *
 * Several containers may ask for the same path, one after the other. A mark names the folders
 * that were made for one of them by ids of the kernel, which no other folder has before the next
 * boot. As `const char *mark` it is one of three: the text of a mark; "", of a container that has
 * none yet and so never had a process in a cgroup; or NULL, whatever the path leads to.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct cgroup;
struct error;
struct text;

/* Add the mark of all folders that are open to `out`. */
int cgroup_mark_format(const struct cgroup *cgroup, struct text *out, struct error *err) MUST_CHECK;

/* Is the folder one of those that `mark` names? */
int cgroup_mark_has(const char *mark, int dirfd, bool *out, struct error *err) MUST_CHECK;

/* Close the folders that are not; is one left? */
int cgroup_mark_keep(const char *mark, struct cgroup *cgroup, bool *out,
                     struct error *err) MUST_CHECK;
