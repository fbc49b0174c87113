/* SPDX-License-Identifier: MIT */

/*
 * The names on a network that several stacks are on
 *
 * Each stack writes the names it has there to a file of its own, RUN/networks/NAME/names/
 * PROJECT.json, and reads those of the others; its name server then answers for all. A stack's
 * own name hides the same name of another. Files of stacks that are gone do not count.
 */

#pragma once

#include "util/macro.h"

struct dns_table;
struct error;

/* Write the project's names, unless the file says so already. */
int shared_names_publish(const char *network, const char *project, const struct dns_table *table,
                         struct error *err) MUST_CHECK;

/* Add the names of the others that the table does not have. What cannot be read is left out. */
void shared_names_gather(const char *network, const char *project, struct dns_table *table);

/* Forget the project's names. */
void shared_names_remove(const char *network, const char *project);

/* Have the inotify descriptor `watch` tell of changes. Idempotent. */
int shared_names_watch(const char *network, int watch, struct error *err) MUST_CHECK;
