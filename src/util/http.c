/* SPDX-License-Identifier: MIT */

/*
 * HTTP, as a client
 *
 * Redirects are followed here and not by libcurl: what may be sent where is ours to decide. Each
 * hop is an exchange (http_exchange.h).
 */

#include "util/http.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/http_exchange.h"
#include "util/http_url.h"

#define HOPS_MAX 10
#define CA_BYTES_MAX (8U << 20)

void http_answer_done(struct http_answer *answer)
{
    free(answer->url);
    strings_map_done(&answer->headers);
    text_done(&answer->body);
    *answer = (struct http_answer){ 0 };
}

static int add_ca(struct http *http, const char *file, struct error *err)
{
    if (file_read(AT_FDCWD, file, CA_BYTES_MAX, &http->ca, err) < 0)
        return error_wrap(err, "certificates to trust");
    text_add_char(&http->ca, '\n');
    return 0;
}

struct http *http_new(const struct http_settings *settings, struct error *err)
{
    AUTO(http) struct http *http = alloc_new(struct http);
    const char *system_file = getenv("SSL_CERT_FILE");

    if (http_library_load(&http->curl, err) < 0)
        return NULL;
    http->handle = http->curl.easy_init();
    if (!http->handle) {
        error_set(err, ERROR_SYSTEM, "libcurl does not start");
        return NULL;
    }
    http->cert_file = alloc_text(settings->cert_file);
    http->key_file = alloc_text(settings->key_file);
    http->insecure = settings->insecure;
    http->stall_ms = settings->stall_ms > 0 ? settings->stall_ms : HTTP_STALL_MS;
    if (!text_is_empty(system_file) && add_ca(http, system_file, err) < 0)
        return NULL;
    for (size_t i = 0; settings->ca_files && i < settings->ca_files->count; i++) {
        if (add_ca(http, settings->ca_files->items[i], err) < 0)
            return NULL;
    }
    return STEAL_PTR(http);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    if (http->handle)
        http->curl.easy_cleanup(http->handle);
    text_done(&http->ca);
    free(http->cert_file);
    free(http->key_file);
    free(http);
}

char *http_show_url(const char *url)
{
    return http_url_show(url);
}

int http_resolve_url(struct http *http, const char *base, const char *reference, char **out,
                     struct error *err)
{
    return http_url_resolve(&http->curl, base, reference, out, err);
}

bool http_is_same_host(const struct http *http, const char *one, const char *two)
{
    return http_url_is_same_host(&http->curl, one, two);
}

const char *http_find_header(const struct http_answer *answer, const char *name)
{
    const struct strings_pair *pair = strings_map_find(&answer->headers, name);

    return pair ? pair->value : NULL;
}

static bool is_redirect(const struct http_request *request, const struct http_answer *answer)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };

    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        if (answer->status == statuses[i])
            return http_find_header(answer, "location") != NULL;
    }
    return false;
}

/* Where the redirect leads, if it may be followed; *url is replaced. */
static int follow(struct http *http, struct http_answer *answer, char **url, struct error *err)
{
    AUTO_FREE char *next = NULL;

    if (http_resolve_url(http, *url, http_find_header(answer, "location"), &next, err) < 0)
        return -1;
    if (strncasecmp(*url, "https:", 6) == 0 && strncasecmp(next, "https:", 6) != 0 &&
        !http->insecure)
        return error_set(err, ERROR_DENIED, "it leads from https to '%s'", next);
    answer->is_other_host = answer->is_other_host || !http_is_same_host(http, *url, next);
    strings_map_done(&answer->headers);
    text_clear(&answer->body);
    free(*url);
    *url = STEAL_PTR(next);
    return 0;
}

int http_perform(struct http *http, const struct http_request *request, struct http_answer *out,
                 struct error *err)
{
    AUTO_FREE char *url = alloc_text(request->url);
    AUTO_FREE char *shown = http_show_url(request->url);

    if (!http_url_is_spoken(url))
        return error_set(err, ERROR_INVALID, "'%s' is no URL of http or https", shown);
    for (int hops = 0; hops <= HOPS_MAX; hops++) {
        if (http_exchange_perform(http, request, url, out, err) < 0)
            return -1;
        if (!is_redirect(request, out))
            return 0;
        if (follow(http, out, &url, err) < 0)
            return error_wrap(err, "%s %s: redirect", request->method, shown);
    }
    return error_set(err, ERROR_INVALID, "%s %s: more than %d redirects", request->method, shown,
                     HOPS_MAX);
}

int http_refuse(const struct http_request *request, const struct http_answer *answer,
                struct error *err)
{
    static const struct {
        int status;
        enum error_code code;
        const char *text;
    } rows[] = {
        { 400, ERROR_INVALID, "bad request" },
        { 401, ERROR_DENIED, "login required" },
        { 403, ERROR_DENIED, "forbidden" },
        { 404, ERROR_NOT_FOUND, "not found" },
        { 405, ERROR_UNSUPPORTED, "not allowed" },
        { 408, ERROR_TIMEOUT, "timed out" },
        { 410, ERROR_NOT_FOUND, "gone" },
        { 416, ERROR_INVALID, "no such range" },
        { 429, ERROR_SYSTEM, "too many requests" },
        { 500, ERROR_SYSTEM, "internal error" },
        { 502, ERROR_SYSTEM, "bad gateway" },
        { 503, ERROR_SYSTEM, "unavailable" },
        { 504, ERROR_TIMEOUT, "gateway timed out" },
    };
    AUTO_FREE char *shown = http_show_url(answer->url ? answer->url : request->url);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].status == answer->status)
            return error_set(err, rows[i].code, "%s %s: status %d, %s", request->method, shown,
                             answer->status, rows[i].text);
    }
    return error_set(err, answer->status >= 500 ? ERROR_SYSTEM : ERROR_INVALID,
                     "%s %s: unexpected status %d", request->method, shown, answer->status);
}
