/* SPDX-License-Identifier: MIT */

/*
 * One request and its answer
 *
 * begin (loop) → run (worker) → finish (loop); a request that needs no worker goes from
 * begin to finish at once.
 */

#pragma once

#include "common/work.h"

struct evhttp_request;
struct exchange;
struct reply;
struct server;

void exchange_begin(struct evhttp_request *http, void *server);
void exchange_run(void *server, void **slot, struct work_item *item);
void exchange_release(void *server, void *slot);
void exchange_finish(void *server, struct work_item *item);

/* For answers that come later without a worker: fill the reply, then finish. */
struct reply *exchange_get_reply(struct exchange *exchange);
struct server *exchange_get_server(struct exchange *exchange);
void exchange_send(struct exchange *exchange);
