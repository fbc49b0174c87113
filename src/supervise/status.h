/* SPDX-License-Identifier: MIT */

/*
 * The answer to GET /v1/stack (control.h)
 */

#pragma once

struct crew;
struct json;
struct state_replica;

struct json *status_format(const struct crew *crew);

/* How its last run ended, for people and programs: exit_code, exit_kind, exit_reason. */
void status_format_exit(const struct state_replica *record, struct json *json);
