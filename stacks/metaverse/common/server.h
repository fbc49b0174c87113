/* SPDX-License-Identifier: MIT */

/*
 * A server: HTTP in front, a database behind
 *
 * One loop thread reads requests and writes answers; handlers run on worker threads, each
 * with a database connection of its own. Every answer bears the header X-Replica.
 *
 * Every server also answers
 *
 *     GET /healthz      200 while the loop turns
 *     GET /readyz       200 when requests can be served; 503 while the database is down, and
 *                       from the moment the server was asked to stop
 *     GET /v1/session   whom the session token of the request belongs to, or 401
 *     GET /v1/peers     the health of the other services, each asked by its name
 *
 * SIGTERM and SIGINT end it gracefully: it goes on accepting for a moment, so that nobody is
 * refused who was on the way, tells every client to close, finishes what it has begun, and
 * returns from server_run().
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "common/database.h"
#include "common/request.h"
#include "util/macro.h"

struct error;
struct event_base;
struct evdns_base;
struct server;

/* What the environment says; the rows are server_config_rows. */
struct server_config {
    int64_t port;
    const char *bind;
    const char *data_folder;
    const char *key_folder;
    int64_t workers;
    int64_t queue_max;
    int64_t body_max;
    int64_t idle_s;
    int64_t drain_ms;
    int64_t rate;
    const char *peers;
};
extern const struct config_row server_config_rows[];

/* `database` is the worker's own; NULL when the server has no schema. */
typedef void server_fn(void *context, struct database *database, const struct request *request,
                       struct reply *reply);

struct server_route {
    const char *method;
    const char *path; /* one that ends in a slash stands for all below it */
    server_fn *run;
    bool needs_user; /* a valid session token is required */
};

struct server_options {
    const char *service;
    const struct server_config *config;
    const struct server_route *routes;              /* ended by a row without a path; NULL: none */
    const struct database_schema *schema;           /* NULL: no database */
    void *context;                                  /* of the handlers, shared by all threads */
    int (*check)(void *context, struct error *err); /* ready? on the loop's thread; or NULL */
    void (*stop)(void *context);                    /* the server begins to stop; or NULL */
};

int server_open(const struct server_options *options, struct server **server_out,
                struct error *err) MUST_CHECK;
void server_close(struct server *server);

/* Serve until asked to stop and until what was begun is finished. */
void server_run(struct server *server);

/* Open, run until told to stop, close: all that a server does which is nothing but HTTP. */
int server_serve(const struct server_options *options, struct error *err) MUST_CHECK;

/* For servers that do more than HTTP: the loop, and a resolver for fetch_start(). */
struct event_base *server_get_base(struct server *server);
struct evdns_base *server_get_resolver(struct server *server);

/* Verify a session token. ERROR_DENIED: it is not good; another code: it cannot be known. */
int server_verify(struct server *server, const char *token, struct token_claims *claims_out,
                  struct error *err) MUST_CHECK;
