/* SPDX-License-Identifier: MIT */

/*
 * What a client asks and what it is answered
 *
 * The handlers of a server are functions from a request to a reply. They know nothing of
 * sockets and run on any thread.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/token.h"
#include "util/json.h"

struct evkeyvalq;

struct request {
    const char *method; /* a HEAD request is a GET here */
    const char *path;
    const char *peer;          /* the client's address */
    const char *if_none_match; /* NULL: not asked */
    const char *body;          /* ended by a NUL that `length` does not count */
    size_t length;
    struct evkeyvalq *query;
    bool has_user; /* a valid session token came along */
    struct token_claims user;
};

/* The value of a query parameter, decoded, or NULL. */
const char *request_find(const struct request *request, const char *key);

/*
 * The number of a query parameter, which is `fallback` when it is missing; false when it is
 * no integer between `min` and `max`.
 */
bool request_find_int(const struct request *request, const char *key, const int64_t range[2],
                      int64_t *number_out);

/* The body as a JSON object, checked strictly; NULL when it is none. */
struct json *request_parse(const struct request *request);

struct reply {
    int status;
    const char *type; /* NULL: JSON */
    char *body;       /* owned */
    size_t length;
    char etag[80]; /* with its quotes; empty: none */
    char next[32]; /* the cursor of the next page; empty: none */
    int retry_after_s;
};

/* Answer with `json`, which is taken over. */
void reply_json(struct reply *reply, int status, struct json *json);

/* Answer {"code":…,"message":…}. */
void reply_code(struct reply *reply, int status, int code, const char *message);

/* Answer with `body`, which is taken over; `type` must be a literal. */
void reply_bytes(struct reply *reply, const char *type, char *body, size_t length);

/* The store failed: say so to the log, and to the client that it may try again. */
struct error;
void reply_unavailable(struct reply *reply, const struct error *err);

void reply_done(struct reply *reply);
