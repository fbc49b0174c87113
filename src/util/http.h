/* SPDX-License-Identifier: MIT */

/*
 * HTTP, as a client
 *
 * A synchronous face over libcurl, which is loaded when the first client is made: programs that
 * fetch nothing do not pay for it (docs/decisions/0025). Only http:// and https:// are spoken.
 * The variables http_proxy, https_proxy, no_proxy, SSL_CERT_FILE and SSL_CERT_DIR are honoured.
 *
 *     AUTO(http) struct http *http = http_new(&settings, err);
 *     AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
 *     struct http_request request = { .method = "GET", .url = url, .sink = write, ... };
 *
 *     if (http_perform(http, &request, &answer, err) < 0)
 *         return -1;
 *     if (answer.status != 200)
 *         return http_refuse(&request, &answer, err);
 *
 * Redirects are followed for GET and HEAD, at most ten of them: from https to https alone, and
 * without the authorization once host or port are others.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"
#include "util/text.h"

struct error;
struct http; /* connections that are kept; for one thread at a time */

/* How long a transfer may stand still, or be slower than 1000 bytes a second. */
#define HTTP_STALL_MS 60000
/* What is kept of a body that has no sink. */
#define HTTP_BODY_MAX (64U << 10)

struct http_settings {
    const struct strings *ca_files;   /* PEM; trusted besides the system's. NULL: none */
    const char *cert_file, *key_file; /* PEM; who we are. NULL: nobody */
    bool insecure;                    /* any certificate will do, and https may lead to http */
    int64_t stall_ms;                 /* 0: HTTP_STALL_MS */
};

/* Takes a piece of the body. Status and headers of the answer are known by then. */
typedef int (*http_sink_fn)(void *context, const void *data, size_t length, struct error *err);
/* Gives the next piece of the body; 0 at its end. */
typedef ssize_t (*http_source_fn)(void *context, void *buffer, size_t size, struct error *err);

struct http_request {
    const char *method, *url;
    const char *authorization;     /* value of the header; NULL: none */
    const struct strings *headers; /* "Name: value"; NULL: none */

    http_source_fn source; /* NULL: no body */
    void *source_context;
    uint64_t source_bytes;

    /* The body of a 2xx answer; without a sink it goes to answer.body, as others do. */
    http_sink_fn sink;
    void *sink_context;
    uint64_t limit_bytes; /* a longer one is refused; 0: HTTP_BODY_MAX */
    int64_t timeout_ms;   /* of the whole; 0: as long as it moves */
};

struct http_answer {
    int status;
    char *url;                  /* that answered, after redirects */
    struct strings_map headers; /* names in lower case; those given again joined by ", " */
    struct text body;           /* of what is not 2xx, at most HTTP_BODY_MAX bytes */
    bool is_other_host;         /* a redirect led away: authorization was not sent */
    bool transient; /* a failure that may pass: no connection, 429, 5xx; see http_retry.h */
};

void http_answer_done(struct http_answer *answer);
#define AUTO_HTTP_ANSWER __attribute__((cleanup(http_answer_done)))

/* ERROR_UNSUPPORTED: libcurl is not installed. */
struct http *http_new(const struct http_settings *settings, struct error *err) MUST_CHECK;
void http_free(struct http *http);
DEFINE_CLEANUP(http)

/*
 * Ask, and fill *out, which must be empty, with the answer; any status is one. After a failure
 * out->transient holds, and a sink may have taken a part of the body. What the errors mean:
 * ERROR_TIMEOUT: too slow; ERROR_INVALID: the URL or the answer breaks a rule; ERROR_SYSTEM: no
 * connection. The text names the URL without its query and its password.
 */
int http_perform(struct http *http, const struct http_request *request, struct http_answer *out,
                 struct error *err) MUST_CHECK;

/* The error of an answer that is not the one wanted: ERROR_NOT_FOUND, ERROR_DENIED, ... */
int http_refuse(const struct http_request *request, const struct http_answer *answer,
                struct error *err);

const char *http_find_header(const struct http_answer *answer, const char *name);

/* `reference` (absolute or not) as seen from `base`. ERROR_INVALID: neither http nor https. */
int http_resolve_url(struct http *http, const char *base, const char *reference, char **out,
                     struct error *err) MUST_CHECK;

/* Whether both have the same scheme, host and port. */
bool http_is_same_host(const struct http *http, const char *one, const char *two);

/* `url` for people: without password, query and fragment. */
char *http_show_url(const char *url) MUST_CHECK;
