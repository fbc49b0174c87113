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
struct strings;

/* Zero: every service is brought up. */
struct apply_options {
    bool force;                 /* all replicas are replaced */
    const struct strings *only; /* services that are brought up; the others stay as they are */
    bool created;               /* those stay stopped */
    bool awaited; /* the first output of their consoles waits for who is about to attach */
};

/*
 * Make the present revision on disk the wanted one. Services that did not change keep their
 * replicas. On failure the crew goes on as before.
 */
int apply_current(struct crew *crew, const struct apply_options *options,
                  struct error *err) MUST_CHECK;

/* Is the present revision on disk the one that the crew brings about? */
bool apply_is_current(const struct crew *crew);

/* Point the services that were read back from crew.json to their definitions again. */
void apply_resume(struct crew *crew);

/* The service goes back to the definition it had before. False: there is none. */
bool apply_rollback(struct crew *crew, struct crew_service *service);
