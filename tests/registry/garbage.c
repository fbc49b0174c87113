/* SPDX-License-Identifier: MIT */

/*
 * Answers without an end, a head or sense
 */

#include "garbage.h"

#include <string.h>
#include <time.h>

#include "hostile_image.h"
#include "util/alloc.h"
#include "util/cleanup.h"

void garbage_endless(struct serve_connection *c, const struct serve_request *r)
{
    char chunk[65536];

    (void)r;
    memset(chunk, 'x', sizeof(chunk));
    serve_print(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (serve_print(c, "%zx\r\n", sizeof(chunk)) && serve_write(c, chunk, sizeof(chunk)))
        serve_print(c, "\r\n");
}

void garbage_endless_headers(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; serve_print(c, "X-%d: %0100d\r\n", i, i); i++)
        continue;
}

/* One byte of a header at a time. */
void garbage_drip(struct serve_connection *c, const struct serve_request *r)
{
    const struct timespec pause = { .tv_nsec = 50000000 };

    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\nX: ");
    while (serve_print(c, "x"))
        nanosleep(&pause, NULL);
}

void garbage_no_answer(struct serve_connection *c, const struct serve_request *r)
{
    (void)c;
    (void)r;
}

void garbage_no_http(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "220 mail.example ESMTP\r\n250 OK\r\n");
}

void garbage_claims_10_gb(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\nx");
}

void garbage_garbled_chunks(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n");
}

void garbage_redirect_loop(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_FREE char *headers = alloc_format("Location: %s\r\n", r->path);

    serve_answer(c, 307, headers, "", 0);
}

void garbage_deep_json(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_TEXT struct text text = { 0 };

    (void)r;
    for (int i = 0; i < 500000; i++)
        text_add(&text, "{\"a\":[");
    serve_answer(c, 200, "Content-Type: " HOSTILE_MANIFEST_TYPE "\r\n", text.data, text.length);
}

void garbage_huge_document(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_TEXT struct text text = { 0 };

    (void)r;
    while (text.length < 5U << 20)
        text_add(&text, "                                                                ");
    serve_answer(c, 200, "Content-Type: " HOSTILE_MANIFEST_TYPE "\r\n", text.data, text.length);
}

void garbage_short_chunks(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n0\r\n\r\n");
}

void garbage_many_layers(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_TEXT struct text text = { 0 };
    const char *digest = HOSTILE_NO_DIGEST;

    (void)r;
    text_add_format(&text, "{\"config\":{\"digest\":\"%s\",\"size\":2},\"layers\":[", digest);
    for (int i = 0; i < 20000; i++)
        text_add_format(&text, "%s{\"digest\":\"%s\",\"size\":1}", i ? "," : "", digest);
    text_add(&text, "]}");
    serve_answer(c, 200, "Content-Type: " HOSTILE_MANIFEST_TYPE "\r\n", text.data, text.length);
}
