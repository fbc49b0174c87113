/* SPDX-License-Identifier: MIT */

/*
 * One request and its answer, for http.c: what libcurl is told and what it tells
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/http_library.h"
#include "util/macro.h"
#include "util/text.h"

struct error;
struct http_answer;
struct http_request;

struct http {
    struct http_library curl;
    CURL *handle;
    struct text ca; /* PEM, in place of the system's file; empty: that file */
    char *cert_file, *key_file;
    bool insecure;
    int64_t stall_ms;
};

/*
 * Ask `url`, which may be another one than the request's after a redirect, and add what comes to
 * *answer. Redirects are answers like others. See http_perform() for the errors.
 */
int http_exchange_perform(struct http *http, const struct http_request *request, const char *url,
                          struct http_answer *answer, struct error *err) MUST_CHECK;
