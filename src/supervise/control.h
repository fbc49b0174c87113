/* SPDX-License-Identifier: MIT */

/*
 * The control API: HTTP and JSON on the Unix socket RUN/stacks/PROJECT/control.sock (0600)
 *
 *   GET  /v1/stack                    the whole state, see below
 *   POST /v1/apply                    load ROOT/stacks/PROJECT/stack.yaml again and make it so
 *                                     {"force_recreate": false, "only": [services that are
 *                                     brought up; the others stay as they are], "created": these
 *                                     stay stopped, "awaited": their consoles wait for a client}
 *   POST /v1/scale                    {"services": {"login": 5}}
 *   POST /v1/pause, /v1/unpause       {"services": [...]}; none: all
 *   POST /v1/start, /v1/stop, /v1/restart   {"services": [...], "timeout_ms": 10000}; none: all
 *   POST /v1/wait                     {"service": name, "next": bool, "start": bool}: answers when
 *                                     the service's replica has ended: {"exit_code","exit_kind",
 *                                     "exit_reason"}; with "next" a run that ended before does
 *                                     not count; with "start" it is started first, and with
 *                                     "started" that is waited for instead: {} then
 *   POST /v1/down                     {"timeout_ms": 10000}: stop everything, then answer and end
 *   GET  /v1/events?since=N           server-sent events, one JSON object each
 *
 * GET /v1/stack answers
 *   {"name","revision","state","settled":bool,
 *    "services":[{"name","image","desired","running","healthy","ready","min","max","update"}],
 *    "replicas":[{"name","service","index","state","health","pid","start_time","restarts",
 *       "image","command","created_ms","started_ms","exit_code","exit_reason","last_exit_code",
 *       "addresses":{network: address}, "ports":[{"host_ip","published","target","protocol"}],
 *       "paused","tty","stdin_open": bool,"id","cgroup_parent","netns","waiting": text or absent,
 *       "blocked": bool, what it waits for has failed and does not come back by itself,
 *       "current": bool, false for one that is to be replaced or removed,
 *       "env":[...],"cwd","user","capabilities": number,"allow_new_privileges","privileged",
 *       "seccomp_unconfined" (the last six: as in the container's spec, for exec)}],
 *    "networks":[{"key","name","bridge","subnet","gateway"}],
 *    "ports":[{"service","host_ip","published","target","protocol"}]}
 * `settled` is true when every replica is as wanted: running (and healthy where there is a
 * check), completed, or stopped on purpose; a replica's "waiting" says what it waits for, "state"
 * is one of pending, running, stopping, stopped, completed, failed; "health" one of starting,
 * healthy, unhealthy, or empty without a check; times are wall time. A failed request answers
 * {"error": "..."} with 400, 404, 409 or 500.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"

struct error;

/*
 * Client side: ask for `path`, and wait for the answer for at most `timeout_ms`.
 * ERROR_NOT_FOUND: no supervisor listens for this project. ERROR_TIMEOUT: it did not answer.
 */
int control_get(const char *project, const char *path, int64_t timeout_ms, struct json **out,
                struct error *err) MUST_CHECK;

/*
 * Client side: have something done, and wait for the answer until the supervisor gives it or
 * ends. `body` may be NULL. ERROR_NOT_FOUND: no supervisor listens for this project.
 */
int control_post(const char *project, const char *path, const struct json *body, struct json **out,
                 struct error *err) MUST_CHECK;

/*
 * Client side of /v1/events: `each` is called for every event until it returns false or the
 * supervisor ends.
 */
typedef bool (*control_event_fn)(void *context, const struct json *event);
int control_follow(const char *project, uint64_t since, control_event_fn each, void *context,
                   struct error *err) MUST_CHECK;
