/* SPDX-License-Identifier: MIT */

/*
 * The answer to GET /v1/stack (control.h)
 */

#pragma once

struct crew;
struct json;
struct state_replica;

struct json *status_format(const struct crew *crew);

/* The code, or 128 + the number of the signal. */
int status_exit_code(const struct state_replica *record);

/* How its last run ended, for people and programs: exit_code, exit_kind, exit_reason. */
void status_format_exit(const struct state_replica *record, struct json *json);
