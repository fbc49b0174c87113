/* SPDX-License-Identifier: MIT */

/*
 * A stored stack becomes what the crew is to bring about
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct crew;
struct crew_service;
struct error;

/*
 * Make the present revision on disk the wanted one. Services that did not change keep their
 * replicas; with `force` all are replaced. On failure the crew goes on as before.
 */
int apply_current(struct crew *crew, bool force, struct error *err) MUST_CHECK;

/* Is the present revision on disk the one that the crew brings about? */
bool apply_is_current(const struct crew *crew);

/* Point the services that were read back from crew.json to their definitions again. */
void apply_resume(struct crew *crew);

/* The service goes back to the definition it had before. False: there is none. */
bool apply_rollback(struct crew *crew, struct crew_service *service);
