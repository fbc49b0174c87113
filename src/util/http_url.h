/* SPDX-License-Identifier: MIT */

/*
 * URLs, for http.c
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;
struct http_library;

/* Of http or https. */
bool http_url_is_spoken(const char *url);

/* See http_show_url() and http_resolve_url(). */
char *http_url_show(const char *url) MUST_CHECK;
int http_url_resolve(const struct http_library *curl, const char *base, const char *reference,
                     char **out, struct error *err) MUST_CHECK;

/* The same scheme, host and port. */
bool http_url_is_same_host(const struct http_library *curl, const char *one, const char *two);
