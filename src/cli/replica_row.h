/* SPDX-License-Identifier: MIT */

/*
 * One replica of the control API's answer as `ps` shows it: as a row of a table or as JSON
 *
 * Pure. The members of the JSON object are compose's where it has them: ID, Name, Command,
 * Project, Service, State (created, running, restarting, stopping, exited), Health, ExitCode,
 * Publishers; and ours: Replica, Image, Pid, Restarts, Addresses, Status.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

struct table;

/* The columns of replica_row_add(), ended by NULL. */
extern const char *const replica_row_headings[];

/* Is the replica shown without --all? One that has ended on its own or on purpose is not. */
bool replica_row_is_alive(const struct json *replica);

void replica_row_add(const struct json *replica, int64_t wall_ms, struct table *table);

struct json *replica_row_json(const char *project, const struct json *replica,
                              int64_t wall_ms) MUST_CHECK;

/* "Up 2 minutes (healthy)", "Exited (1) 3 seconds ago", "Waiting for data to be healthy". */
void replica_row_status(const struct json *replica, int64_t wall_ms, struct text *out);

/* "5 seconds", "3 minutes", "2 days". */
void replica_row_age(int64_t ms, struct text *out);
