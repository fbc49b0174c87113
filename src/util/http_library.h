/* SPDX-License-Identifier: MIT */

/*
 * libcurl, loaded when it is needed
 *
 * Linked, it and the thirty libraries behind it would cost each start of each program several
 * milliseconds and megabytes (docs/decisions/0025).
 */

#pragma once

#include <curl/curl.h>

#include "util/macro.h"

struct error;

/* The functions that are called, by their names in libcurl without "curl_". */
#define HTTP_LIBRARY_FUNCTIONS(ROW) \
    ROW(easy_init)                  \
    ROW(easy_cleanup)               \
    ROW(easy_reset)                 \
    ROW(easy_perform)               \
    ROW(easy_setopt)                \
    ROW(easy_getinfo)               \
    ROW(easy_strerror)              \
    ROW(slist_append)               \
    ROW(slist_free_all)             \
    ROW(url)                        \
    ROW(url_cleanup)                \
    ROW(url_set)                    \
    ROW(url_get)                    \
    ROW(free)

struct http_library {
#define HTTP_LIBRARY_MEMBER(name) __typeof__(curl_##name) *name;
    HTTP_LIBRARY_FUNCTIONS(HTTP_LIBRARY_MEMBER)
#undef HTTP_LIBRARY_MEMBER
};

/* It stays loaded until the process ends. ERROR_UNSUPPORTED: there is none. */
int http_library_load(struct http_library *out, struct error *err) MUST_CHECK;
