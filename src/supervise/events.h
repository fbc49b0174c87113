/* SPDX-License-Identifier: MIT */

/*
 * Events: what happened to a stack and why
 *
 * An append-only file of JSON lines, ROOT/stacks/PROJECT/events.jsonl, each with a number that
 * only grows and outlives the supervisor:
 *     {"seq":17,"time":"...","type":"replica_exited","service":"login","replica":"login-1",
 *      "text":"exited with status 1", ...}
 * When it exceeds its limit it becomes events.1.jsonl and a new one begins. Subscribers get
 * each event as it happens; older ones are read back by number.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/json.h"
#include "util/macro.h"

struct error;
struct events;

#define EVENTS_FILE_BYTES (4u << 20)
#define EVENTS_SUBSCRIBERS_MAX 64

/* Open or make the file `path` in an existing folder; max_bytes 0: the default. */
int events_open(const char *path, uint64_t max_bytes, struct events **out,
                struct error *err) MUST_CHECK;
void events_close(struct events *events); /* NULL is fine */

/*
 * Append an event and tell the subscribers. `service` and `replica` may be NULL. Returns its
 * number. A file that cannot be written does not stop the supervisor: the event is then told
 * and the failure logged once.
 */
uint64_t events_emit(struct events *events, const char *type, const char *service,
                     const char *replica, const char *format, ...) PRINTF_LIKE(5, 6);

/* The same with members of your own; `members` (an object) belongs to events from then on. */
uint64_t events_emit_json(struct events *events, const char *type, struct json *members);

/* The number of the last event; 0: there was none. */
uint64_t events_last(const struct events *events);

/* Called with the event and its text on one line. It must not emit or unsubscribe others. */
typedef void (*events_fn)(void *context, const struct json *event, const char *line);

/* Returns a token for events_unsubscribe(), 0 when there are too many subscribers. */
uint64_t events_subscribe(struct events *events, events_fn each, void *context) MUST_CHECK;
void events_unsubscribe(struct events *events, uint64_t token);

/* Read the kept events with a number above `since`, in order. */
int events_replay(const struct events *events, uint64_t since, events_fn each, void *context,
                  struct error *err) MUST_CHECK;
