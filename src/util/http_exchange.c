/* SPDX-License-Identifier: MIT */

/*
 * One request and its answer
 */

#include "util/http_exchange.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/http.h"

#define HEADER_BYTES_MAX (64U << 10)
#define CONNECT_MS 30000L
#define BUFFER_BYTES 131072L
#define SLOW_BYTES_PER_SECOND 1000L

/* The state between the callbacks. */
struct exchange {
    struct http *http;
    const struct http_request *request;
    struct http_answer *answer;
    size_t header_bytes;
    uint64_t received_bytes;
    bool is_cut; /* enough of a body that only explains */
    struct error failure;
    char curl_text[CURL_ERROR_SIZE];
};

/* Callbacks of libcurl */

static void add_header(struct http_answer *answer, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    AUTO_FREE char *name = colon ? alloc_text_part(line, (size_t)(colon - line)) : NULL;
    AUTO_FREE char *value = NULL;
    AUTO_FREE char *joined = NULL;
    const char *before = NULL;
    const char *start = colon ? colon + 1 : NULL;
    const char *end = line + length;

    if (!colon)
        return;
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    value = alloc_text_part(start, (size_t)(end - start));
    before = http_find_header(answer, name);
    if (before)
        joined = alloc_format("%s, %s", before, value);
    strings_map_set(&answer->headers, name, joined ? joined : value);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;

    exchange->header_bytes += length;
    if (exchange->header_bytes > HEADER_BYTES_MAX) {
        error_set(&exchange->failure, ERROR_INVALID, "the answer has more than %u bytes of headers",
                  HEADER_BYTES_MAX);
        return 0;
    }
    /* A new block: those before it were of an interim answer. */
    if (length >= 5 && memcmp(data, "HTTP/", 5) == 0)
        strings_map_done(&exchange->answer->headers);
    else
        add_header(exchange->answer, data, length);
    return length;
}

static int status_of(const struct exchange *exchange)
{
    long status = 0;

    exchange->http->curl.easy_getinfo(exchange->http->handle, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

/* How long the body is going to be, as far as it is known before it comes. */
static uint64_t announced_bytes(const struct exchange *exchange)
{
    curl_off_t length = -1;

    exchange->http->curl.easy_getinfo(exchange->http->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                                      &length);
    return length < 0 ? 0 : (uint64_t)length;
}

static size_t take_explanation(struct exchange *exchange, const char *data, size_t length)
{
    size_t room = HTTP_BODY_MAX - exchange->answer->body.length;

    text_add_bytes(&exchange->answer->body, data, MIN(length, room));
    exchange->is_cut = length > room;
    return exchange->is_cut ? 0 : length;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_request *request = exchange->request;
    uint64_t limit = request->limit_bytes > 0 ? request->limit_bytes : HTTP_BODY_MAX;
    size_t length = size * count;

    exchange->answer->status = status_of(exchange);
    if (exchange->answer->status < 200 || exchange->answer->status > 299)
        return take_explanation(exchange, data, length);
    exchange->received_bytes += length;
    if (exchange->received_bytes > limit || announced_bytes(exchange) > limit) {
        error_set(&exchange->failure, ERROR_INVALID, "the answer is longer than %llu bytes",
                  (unsigned long long)limit);
        return 0;
    }
    if (!request->sink) {
        text_add_bytes(&exchange->answer->body, data, length);
        return length;
    }
    return request->sink(request->sink_context, data, length, &exchange->failure) < 0 ? 0 : length;
}

static size_t on_source(char *buffer, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_request *request = exchange->request;
    ssize_t got = 0;

    if (request->source)
        got = request->source(request->source_context, buffer, size * count, &exchange->failure);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* Options, by the types that libcurl reads from its variable arguments */

static void set_long(const struct http *http, CURLoption option, long value)
{
    http->curl.easy_setopt(http->handle, option, value);
}

static void set_text(const struct http *http, CURLoption option, const char *value)
{
    http->curl.easy_setopt(http->handle, option, value);
}

static void set_pointer(const struct http *http, CURLoption option, void *value)
{
    http->curl.easy_setopt(http->handle, option, value);
}

static void set_callback(const struct http *http, CURLoption option,
                         size_t (*value)(char *, size_t, size_t, void *))
{
    http->curl.easy_setopt(http->handle, option, value);
}

static void set_trust(struct http *http)
{
    struct curl_blob ca = { http->ca.data, http->ca.length, CURL_BLOB_NOCOPY };

    set_long(http, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_long(http, CURLOPT_SSL_VERIFYPEER, !http->insecure);
    set_long(http, CURLOPT_SSL_VERIFYHOST, http->insecure ? 0 : 2);
    if (http->ca.length > 0)
        set_pointer(http, CURLOPT_CAINFO_BLOB, &ca);
    if (!text_is_empty(getenv("SSL_CERT_DIR")))
        set_text(http, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
    if (http->cert_file)
        set_text(http, CURLOPT_SSLCERT, http->cert_file);
    if (http->key_file)
        set_text(http, CURLOPT_SSLKEY, http->key_file);
}

static void set_limits(const struct http *http, const struct http_request *request)
{
    /* Who has got a large body may think about it before answering. */
    int64_t stall_ms = request->source_bytes > 0 ? 5 * http->stall_ms : http->stall_ms;

    set_long(http, CURLOPT_CONNECTTIMEOUT_MS, MIN(CONNECT_MS, (long)http->stall_ms));
    set_long(http, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_SECOND);
    set_long(http, CURLOPT_LOW_SPEED_TIME, (long)MAX(stall_ms / 1000, INT64_C(1)));
    set_long(http, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    set_long(http, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    set_long(http, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
}

/* As in programs of others, but not where a web server hands a header on as HTTP_PROXY. */
static void set_proxy(const struct http *http, const char *url)
{
    const char *proxy = getenv("HTTP_PROXY");

    set_long(http, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    if (!text_is_empty(proxy) && !getenv("http_proxy") && !getenv("REQUEST_METHOD") &&
        strncasecmp(url, "http:", 5) == 0)
        set_text(http, CURLOPT_PROXY, proxy);
}

static void set_method(const struct http *http, const struct http_request *request)
{
    set_text(http, CURLOPT_CUSTOMREQUEST, request->method);
    if (strcmp(request->method, "HEAD") == 0)
        set_long(http, CURLOPT_NOBODY, 1);
    if (strcmp(request->method, "POST") != 0 && strcmp(request->method, "PUT") != 0 &&
        strcmp(request->method, "PATCH") != 0)
        return;
    set_long(http, CURLOPT_UPLOAD, 1);
    http->curl.easy_setopt(http->handle, CURLOPT_INFILESIZE_LARGE,
                           (curl_off_t)request->source_bytes);
}

static struct curl_slist *make_headers(const struct http *http, const struct http_request *request,
                                       bool is_other_host)
{
    AUTO_FREE char *authorization =
        alloc_format("Authorization: %s", request->authorization ? request->authorization : "");
    /* Servers that do not know "Expect: 100-continue" cost a second for each body. */
    struct curl_slist *list = http->curl.slist_append(NULL, "Expect:");

    if (request->authorization && !is_other_host)
        list = http->curl.slist_append(list, authorization);
    for (size_t i = 0; request->headers && i < request->headers->count; i++)
        list = http->curl.slist_append(list, request->headers->items[i]);
    return list;
}

static void set_request(struct exchange *exchange, const char *url, struct curl_slist *headers)
{
    struct http *http = exchange->http;

    http->curl.easy_reset(http->handle);
    set_text(http, CURLOPT_URL, url);
    set_text(http, CURLOPT_PROTOCOLS_STR, "http,https");
    set_text(http, CURLOPT_USERAGENT, "carte/" CARTE_VERSION);
    set_long(http, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_long(http, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
    set_long(http, CURLOPT_NOSIGNAL, 1);
    set_long(http, CURLOPT_TCP_KEEPALIVE, 1);
    set_trust(http);
    set_limits(http, exchange->request);
    set_proxy(http, url);
    set_method(http, exchange->request);
    set_pointer(http, CURLOPT_HTTPHEADER, headers);
    set_pointer(http, CURLOPT_ERRORBUFFER, exchange->curl_text);
    set_callback(http, CURLOPT_HEADERFUNCTION, on_header);
    set_pointer(http, CURLOPT_HEADERDATA, exchange);
    set_callback(http, CURLOPT_WRITEFUNCTION, on_body);
    set_pointer(http, CURLOPT_WRITEDATA, exchange);
    set_callback(http, CURLOPT_READFUNCTION, on_source);
    set_pointer(http, CURLOPT_READDATA, exchange);
}

/* What failures of libcurl mean here; others are broken answers. */
static const struct {
    CURLcode curl;
    enum error_code code;
    bool transient;
    const char *cure;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, ERROR_NOT_FOUND, true, "" },
    { CURLE_COULDNT_RESOLVE_PROXY, ERROR_NOT_FOUND, true, "" },
    { CURLE_COULDNT_CONNECT, ERROR_SYSTEM, true, "" },
    { CURLE_GOT_NOTHING, ERROR_SYSTEM, true, "" },
    { CURLE_PARTIAL_FILE, ERROR_SYSTEM, true, "" },
    { CURLE_RECV_ERROR, ERROR_SYSTEM, true, "" },
    { CURLE_SEND_ERROR, ERROR_SYSTEM, true, "" },
    { CURLE_OPERATION_TIMEDOUT, ERROR_TIMEOUT, true, "" },
    { CURLE_SSL_CONNECT_ERROR, ERROR_SYSTEM, false, "; does the server speak TLS there?" },
    { CURLE_PEER_FAILED_VERIFICATION, ERROR_DENIED, false,
      "; name the file of its CA in SSL_CERT_FILE" },
    { CURLE_LOGIN_DENIED, ERROR_INVALID, false, "; a password does not belong in a URL" },
};

static int fail(struct exchange *exchange, CURLcode code, const char *url, struct error *err)
{
    const struct http *http = exchange->http;
    AUTO_FREE char *shown = http_show_url(url);
    const char *text =
        exchange->curl_text[0] ? exchange->curl_text : http->curl.easy_strerror(code);

    if (exchange->failure.code != ERROR_NONE) {
        *err = exchange->failure;
        return error_wrap(err, "%s %s", exchange->request->method, shown);
    }
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        if (failures[i].curl != code)
            continue;
        exchange->answer->transient = failures[i].transient;
        return error_set(err, failures[i].code, "%s %s: %s%s", exchange->request->method, shown,
                         text, failures[i].cure);
    }
    return error_set(err, ERROR_INVALID, "%s %s: %s", exchange->request->method, shown, text);
}

int http_exchange_perform(struct http *http, const struct http_request *request, const char *url,
                          struct http_answer *answer, struct error *err)
{
    struct exchange exchange = { .http = http, .request = request, .answer = answer };
    struct curl_slist *headers = make_headers(http, request, answer->is_other_host);
    CURLcode code = CURLE_OK;

    set_request(&exchange, url, headers);
    code = http->curl.easy_perform(http->handle);
    http->curl.slist_free_all(headers);
    if (code != CURLE_OK && !exchange.is_cut)
        return fail(&exchange, code, url, err);
    answer->status = status_of(&exchange);
    answer->transient = answer->status == 408 || answer->status == 429 || answer->status >= 500;
    free(answer->url);
    answer->url = alloc_text(url);
    return 0;
}
