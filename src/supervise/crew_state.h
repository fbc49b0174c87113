/* SPDX-License-Identifier: MIT */

/*
 * crew.json: what belongs to the stack as a whole and must outlive the supervisor
 */

#pragma once

#include "util/macro.h"

struct crew;
struct error;

/* Write RUN/stacks/PROJECT/crew.json: counts, networks, ports, serial. */
int crew_state_save(struct crew *crew, struct error *err) MUST_CHECK;

/* Read it back; nothing happens when there is none. */
int crew_state_load(struct crew *crew, struct error *err) MUST_CHECK;
