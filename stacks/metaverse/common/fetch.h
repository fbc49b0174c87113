/* SPDX-License-Identifier: MIT */

/*
 * Requests to other services
 *
 * HTTP over libevent; host names are resolved by libevent's own resolver from
 * /etc/resolv.conf and /etc/hosts, so that nothing of the C library's name service needs to
 * be in an image.
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;
struct evdns_base;
struct event_base;

struct fetch_request {
    const char *method; /* GET, HEAD, POST, PUT or DELETE */
    const char *url;    /* http://host[:port]/path */
    const char *body;   /* NULL: none */
    const char *bearer; /* a session token, or NULL */
    int timeout_ms;
};

/* What came back; borrowed for the time of the call. */
struct fetch_answer {
    int status; /* 0: no answer came */
    const char *body;
    size_t length;
    const char *replica; /* of the header X-Replica; empty when there is none */
};

typedef void fetch_fn(void *context, const struct fetch_answer *answer);

/* A resolver as /etc/resolv.conf asks for; never NULL. */
struct evdns_base *fetch_open_resolver(struct event_base *base);

/* Begin a request; `done` is called exactly once, later, unless this fails. */
int fetch_start(struct event_base *base, struct evdns_base *resolver,
                const struct fetch_request *request, fetch_fn *done, void *context,
                struct error *err) MUST_CHECK;

/* The loop has ended: tell all who still wait that no answer came, and free what is left. */
void fetch_give_up(void);

/* A request that waits for its answer, of which the caller frees `body`. For clients. */
struct fetch_result {
    int status;
    char *body;
    size_t length;
    char replica[80];
};
int fetch_wait(const struct fetch_request *request, struct fetch_result *result_out,
               struct error *err) MUST_CHECK;
