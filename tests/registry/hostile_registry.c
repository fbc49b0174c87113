/* SPDX-License-Identifier: MIT */

/*
 * A registry that misbehaves
 *
 * Each of its repositories, "/v2/NAME/", is a row of the table below; what a row does not say is
 * done well. All serve the same small image, tag 1.
 *
 * Usage: hostile_registry PORT OTHER_PORT TLS_PORT CERT KEY
 *
 * OTHER_PORT is another host, where redirects lead to.
 */

#include <err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "garbage.h"
#include "hostile_image.h"
#include "serve.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/macro.h"

static struct {
    struct hostile_image image;
    const char *port, *other_port;
    atomic_int flaky, stalled, tokens;
} self;

typedef void (*reply_fn)(struct serve_connection *c, const struct serve_request *r);

/* An answer: made by a function, a manifest, or fixed. */
struct reply {
    reply_fn make;
    const struct hostile_says *says;
    int status;
    const char *headers; /* $PORT and $OTHER stand for the ports */
    const char *body;
};

#define SAYS(...)                            \
    {                                        \
        .says = &(const struct hostile_says) \
        {                                    \
            __VA_ARGS__                      \
        }                                    \
    }
#define MAKE(function)     \
    {                      \
        .make = (function) \
    }

static void answer_text(struct serve_connection *c, const char *type, const struct text *text)
{
    AUTO_FREE char *headers = alloc_format("Content-Type: %s\r\n", type);

    serve_answer(c, 200, headers, text_get(text), text->length);
}

static void answer_manifest(struct serve_connection *c, const struct hostile_says *says)
{
    AUTO_TEXT struct text text = { 0 };

    hostile_image_manifest(&self.image, says, &text);
    answer_text(c, HOSTILE_MANIFEST_TYPE, &text);
}

/* With the ports in their places. */
static void answer_fixed(struct serve_connection *c, const struct reply *reply)
{
    AUTO_TEXT struct text headers = { 0 };
    const char *body = reply->body ? reply->body : "{}";

    for (const char *p = reply->headers ? reply->headers : ""; *p; p++) {
        if (text_starts_with(p, "$PORT"))
            text_add(&headers, self.port), p += strlen("$PORT") - 1;
        else if (text_starts_with(p, "$OTHER"))
            text_add(&headers, self.other_port), p += strlen("$OTHER") - 1;
        else
            text_add_char(&headers, *p);
    }
    if (headers.length > 0)
        text_add(&headers, "\r\n");
    serve_answer(c, reply->status, text_get(&headers), body, strlen(body));
}

static void reply_with(struct serve_connection *c, const struct serve_request *r,
                       const struct reply *reply)
{
    if (reply->make)
        reply->make(c, r);
    else if (reply->says)
        answer_manifest(c, reply->says);
    else
        answer_fixed(c, reply);
}

/* Good answers */

static void answer_blob(struct serve_connection *c, const struct hostile_blob *blob,
                        const struct serve_request *r)
{
    unsigned long long start = 0;
    AUTO_FREE char *headers = NULL;

    if (sscanf(r->range, "bytes=%llu-", &start) != 1 || start >= blob->data.length) {
        serve_answer(c, 200, "", blob->data.data, blob->data.length);
        return;
    }
    headers = alloc_format("Content-Range: bytes %llu-%zu/%zu\r\n", start, blob->data.length - 1,
                           blob->data.length);
    serve_answer(c, 206, headers, blob->data.data + start, blob->data.length - start);
}

static void good_config(struct serve_connection *c, const struct serve_request *r)
{
    answer_blob(c, &self.image.config, r);
}

static void good_layer(struct serve_connection *c, const struct serve_request *r)
{
    answer_blob(c, &self.image.layer, r);
}

static void good_list(struct serve_connection *c, const struct serve_request *r)
{
    if (text_ends_with(r->path, self.image.manifest.digest))
        answer_manifest(c, &(struct hostile_says){ 0 });
    else
        answer_text(c, HOSTILE_INDEX_TYPE, &self.image.lists[0].data);
}

/* Bad documents */

static void other_type(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    answer_text(c, HOSTILE_INDEX_TYPE, &self.image.manifest.data);
}

static void nul_inside(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_TEXT struct text text = { 0 };

    (void)r;
    text_add(&text, text_get(&self.image.manifest.data));
    text_add_bytes(&text, "\0{}", 3);
    answer_text(c, HOSTILE_MANIFEST_TYPE, &text);
}

/* By tag the last list, by digest each; the image is at the bottom. */
static void list_of_lists(struct serve_connection *c, const struct serve_request *r)
{
    const struct hostile_blob *list = &self.image.lists[HOSTILE_DEEP - 1];

    for (size_t i = 0; i < HOSTILE_DEEP; i++) {
        if (text_ends_with(r->path, self.image.lists[i].digest))
            list = &self.image.lists[i];
    }
    answer_text(c, HOSTILE_INDEX_TYPE, &list->data);
}

static void list_other_child(struct serve_connection *c, const struct serve_request *r)
{
    if (text_ends_with(r->path, "/1"))
        answer_text(c, HOSTILE_INDEX_TYPE, &self.image.lists[0].data);
    else
        answer_manifest(c, &(struct hostile_says){ .layer_bytes = 7 });
}

static void answer_list(struct serve_connection *c, const char *architecture, size_t size)
{
    AUTO_TEXT struct text text = { 0 };

    hostile_image_list(&(struct hostile_item){ HOSTILE_MANIFEST_TYPE, self.image.manifest.digest,
                                               architecture, size },
                       &text);
    answer_text(c, HOSTILE_INDEX_TYPE, &text);
}

static void list_other_size(struct serve_connection *c, const struct serve_request *r)
{
    if (text_ends_with(r->path, "/1"))
        answer_list(c, "amd64", 7);
    else
        answer_manifest(c, &(struct hostile_says){ 0 });
}

static void list_other_platform(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    answer_list(c, "s390x", self.image.manifest.data.length);
}

static void manifest_of_escape(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    answer_manifest(
        c, &(struct hostile_says){ .layer_digest = self.image.escape.digest,
                                   .layer_bytes = (long long)self.image.escape.data.length });
}

static void manifest_of_odd(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    answer_manifest(
        c, &(struct hostile_says){ .config_digest = self.image.odd_config.digest,
                                   .config_bytes = (long long)self.image.odd_config.data.length });
}

/* Bad blobs */

static void escape_layer(struct serve_connection *c, const struct serve_request *r)
{
    answer_blob(c, &self.image.escape, r);
}

static void odd_config(struct serve_connection *c, const struct serve_request *r)
{
    answer_blob(c, &self.image.odd_config, r);
}

static void other_blob(struct serve_connection *c, const struct serve_request *r)
{
    bool is_layer = text_ends_with(r->path, self.image.layer.digest);
    size_t length = (is_layer ? self.image.layer : self.image.config).data.length;
    AUTO_TEXT struct text text = { 0 };

    while (text.length < length)
        text_add_char(&text, 'z');
    serve_answer(c, 200, "", text.data, text.length);
}

static void short_body(struct serve_connection *c, const struct serve_request *r)
{
    (void)r;
    serve_print(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\nonly this",
                self.image.layer.data.length);
}

static void long_body(struct serve_connection *c, const struct serve_request *r)
{
    AUTO_TEXT struct text text = { 0 };

    (void)r;
    text_add_bytes(&text, self.image.layer.data.data, self.image.layer.data.length);
    text_add(&text, "and more");
    serve_answer(c, 200, "", text.data, text.length);
}

static void flaky_layer(struct serve_connection *c, const struct serve_request *r)
{
    if (atomic_fetch_add(&self.flaky, 1) < 2)
        serve_answer(c, 503, "Retry-After: 0\r\n", "", 0);
    else
        good_layer(c, r);
}

/* Half of it for the first who asks, until he goes away. */
static void stalling_layer(struct serve_connection *c, const struct serve_request *r)
{
    if (atomic_fetch_add(&self.stalled, 1) > 0) {
        good_layer(c, r);
        return;
    }
    serve_print(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", self.image.layer.data.length);
    serve_write(c, self.image.layer.data.data, self.image.layer.data.length / 2);
    serve_wait(c);
}

/* A token is good for two requests. */
static void short_token(struct serve_connection *c, const struct serve_request *r)
{
    static const struct reply ask = {
        .status = 401,
        .headers = "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:$PORT/token/good\"",
    };

    if (!r->authorization[0] || atomic_fetch_add(&self.tokens, 1) % 3 == 2)
        answer_fixed(c, &ask);
    else if (strstr(r->path, "/manifests/"))
        answer_manifest(c, &(struct hostile_says){ 0 });
    else if (text_ends_with(r->path, self.image.config.digest))
        good_config(c, r);
    else
        good_layer(c, r);
}

/* An upload that the registry sends to `reply`; nobody has the blob yet. */
static void answer_upload(struct serve_connection *c, const struct serve_request *r,
                          const char *headers)
{
    const struct reply begun = { .status = 202, .headers = headers };
    const struct reply failed = { .status = 500, .headers = "Retry-After: 0" };
    const struct reply missing = { .status = 404 };

    answer_fixed(c, strcmp(r->method, "POST") == 0   ? &begun
                    : strcmp(r->method, "HEAD") == 0 ? &missing
                                                     : &failed);
}

static void upload_nowhere(struct serve_connection *c, const struct serve_request *r)
{
    answer_upload(c, r, NULL);
}

static void upload_file(struct serve_connection *c, const struct serve_request *r)
{
    answer_upload(c, r, "Location: file:///tmp/x");
}

static void upload_elsewhere(struct serve_connection *c, const struct serve_request *r)
{
    answer_upload(c, r, "Location: http://127.0.0.1:$OTHER/upload");
}

static void upload_fails(struct serve_connection *c, const struct serve_request *r)
{
    answer_upload(c, r, "Location: /v2/upload-fails/here?state=1");
}

/* The table */

#define ASKS(realm)                                                              \
    {                                                                            \
        .status = 401, .headers = "WWW-Authenticate: Bearer realm=\"" realm "\"" \
    }
#define LEADS_TO(where)                              \
    {                                                \
        .status = 307, .headers = "Location: " where \
    }

static const struct behaviour {
    const char *name;
    struct reply any;                     /* to every request of the repository, or */
    struct reply manifest, config, layer; /* to these; empty: the good one */
} behaviours[] = {
    { .name = "good" },
    { .name = "list", .manifest = MAKE(good_list) },
    { .name = "flaky", .layer = MAKE(flaky_layer) },
    { .name = "stalls", .layer = MAKE(stalling_layer) },
    { .name = "short-token", .any = MAKE(short_token) },
    { .name = "elsewhere", .layer = LEADS_TO("http://127.0.0.1:$OTHER/elsewhere") },

    { .name = "manifest-redirect-file", .manifest = LEADS_TO("file:///etc/passwd") },
    { .name = "manifest-redirect-garbage", .manifest = LEADS_TO("http://[:::/") },
    { .name = "manifest-redirect-loop", .manifest = MAKE(garbage_redirect_loop) },
    { .name = "manifest-endless", .manifest = MAKE(garbage_endless) },
    { .name = "manifest-10-gb", .manifest = MAKE(garbage_claims_10_gb) },
    { .name = "manifest-endless-headers", .manifest = MAKE(garbage_endless_headers) },
    { .name = "manifest-no-answer", .manifest = MAKE(garbage_no_answer) },
    { .name = "manifest-no-http", .manifest = MAKE(garbage_no_http) },
    { .name = "manifest-drip", .manifest = MAKE(garbage_drip) },
    { .name = "manifest-500", .manifest = { .status = 500, .headers = "Retry-After: 0" } },
    { .name = "manifest-403",
      .manifest = { .status = 403,
                    .body = "{\"errors\":[{\"message\":\"not \\u001b[31myou\"}]}" } },
    { .name = "manifest-garbled-chunks", .manifest = MAKE(garbage_garbled_chunks) },
    { .name = "manifest-not-json", .manifest = { .status = 200, .body = "<html>" } },
    { .name = "manifest-deep", .manifest = MAKE(garbage_deep_json) },
    { .name = "manifest-huge", .manifest = MAKE(garbage_huge_document) },
    { .name = "manifest-other-digest",
      .manifest = { .status = 200, .headers = "Docker-Content-Digest: " HOSTILE_NO_DIGEST } },
    { .name = "manifest-other-type", .manifest = MAKE(other_type) },
    { .name = "manifest-list-and-image", .manifest = SAYS(.more = ",\"manifests\":[]") },
    { .name = "manifest-first-version",
      .manifest = { .status = 200, .body = "{\"schemaVersion\":1,\"fsLayers\":[]}" } },
    { .name = "manifest-path-as-digest", .manifest = SAYS(.layer_digest = "sha256:../../../x") },
    { .name = "manifest-path-as-config", .manifest = SAYS(.config_digest = "sha256:../../../x") },
    { .name = "manifest-negative-size", .manifest = SAYS(.layer_bytes = -5) },
    { .name = "manifest-petabyte", .manifest = SAYS(.layer_bytes = 1LL << 50) },
    { .name = "manifest-big-config", .manifest = SAYS(.config_bytes = 1LL << 40) },
    { .name = "manifest-many-layers", .manifest = MAKE(garbage_many_layers) },
    { .name = "manifest-artifact",
      .manifest = SAYS(.config_type = "application/vnd.cncf.helm.config.v1+json") },
    { .name = "manifest-nul", .manifest = MAKE(nul_inside) },
    { .name = "list-of-lists", .manifest = MAKE(list_of_lists) },
    { .name = "list-other-child", .manifest = MAKE(list_other_child) },
    { .name = "list-other-size", .manifest = MAKE(list_other_size) },
    { .name = "list-other-platform", .manifest = MAKE(list_other_platform) },

    { .name = "asks-forever", .any = ASKS("http://127.0.0.1:$PORT/token/good") },
    { .name = "asks-injection", .any = ASKS("http://127.0.0.1:$PORT/token/injection") },
    { .name = "asks-huge", .any = ASKS("http://127.0.0.1:$PORT/token/huge") },
    { .name = "asks-file", .any = ASKS("file:///etc/passwd") },
    { .name = "asks-basic-forever",
      .any = { .status = 401, .headers = "WWW-Authenticate: Basic realm=\"x\"" } },
    { .name = "asks-garbage",
      .any = { .status = 401, .headers = "WWW-Authenticate: Bearer realm=\"x" } },

    { .name = "blob-redirect-file", .layer = LEADS_TO("file:///etc/passwd") },
    { .name = "blob-redirect-loop", .layer = MAKE(garbage_redirect_loop) },
    { .name = "blob-redirect-asking", .layer = LEADS_TO("http://127.0.0.1:$OTHER/asks") },
    { .name = "blob-other", .layer = MAKE(other_blob) },
    { .name = "blob-short", .layer = MAKE(short_body) },
    { .name = "blob-short-chunks", .layer = MAKE(garbage_short_chunks) },
    { .name = "blob-long", .layer = MAKE(long_body) },
    { .name = "blob-endless", .layer = MAKE(garbage_endless) },
    { .name = "blob-10-gb", .layer = MAKE(garbage_claims_10_gb) },
    { .name = "blob-drip", .layer = MAKE(garbage_drip) },
    { .name = "blob-other-range",
      .layer = { .status = 206, .headers = "Content-Range: bytes 5-6/10" } },
    { .name = "blob-escape", .manifest = MAKE(manifest_of_escape), .layer = MAKE(escape_layer) },
    { .name = "config-other", .config = MAKE(other_blob) },
    { .name = "config-odd", .manifest = MAKE(manifest_of_odd), .config = MAKE(odd_config) },

    { .name = "upload-nowhere", .any = MAKE(upload_nowhere) },
    { .name = "upload-file", .any = MAKE(upload_file) },
    { .name = "upload-elsewhere", .any = MAKE(upload_elsewhere) },
    { .name = "upload-fails", .any = MAKE(upload_fails) },
};

static const struct reply good_ones[] = { SAYS(0), MAKE(good_config), MAKE(good_layer) };

static bool is_empty(const struct reply *reply)
{
    return !reply->make && !reply->says && reply->status == 0;
}

static void answer_as(struct serve_connection *c, const struct serve_request *r,
                      const struct behaviour *b)
{
    const struct reply *theirs[] = { &b->manifest, &b->config, &b->layer };
    size_t kind = strstr(r->path, "/manifests/") ? 0
                  : text_ends_with(r->path, self.image.config.digest) ||
                          text_ends_with(r->path, self.image.odd_config.digest)
                      ? 1
                      : 2;

    if (!is_empty(&b->any))
        reply_with(c, r, &b->any);
    else
        reply_with(c, r, is_empty(theirs[kind]) ? &good_ones[kind] : theirs[kind]);
}

static void answer_token(struct serve_connection *c, const struct serve_request *r)
{
    const struct reply good = { .status = 200, .body = "{\"token\":\"abc\",\"expires_in\":300}" };
    const struct reply bad = { .status = 200, .body = "{\"token\":\"a\\r\\nX-Evil: 1\"}" };

    if (text_starts_with(r->path, "/token/huge"))
        garbage_huge_document(c, r);
    else
        answer_fixed(c, text_starts_with(r->path, "/token/injection") ? &bad : &good);
}

static void answer(struct serve_connection *c, const struct serve_request *r)
{
    char name[64] = "";

    sscanf(r->path, "/v2/%63[^/]/", name);
    for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++) {
        if (strcmp(behaviours[i].name, name) == 0) {
            answer_as(c, r, &behaviours[i]);
            return;
        }
    }
    if (text_starts_with(r->path, "/token/"))
        answer_token(c, r);
    else
        serve_answer(c, strcmp(r->path, "/v2/") == 0 ? 200 : 404, "", "{}", 2);
}

/* The other host has the layer for whoever asks, and is no registry. */
static void answer_other(struct serve_connection *c, const struct serve_request *r)
{
    const struct reply ask = { .status = 401, .headers = "WWW-Authenticate: Basic realm=\"x\"" };

    if (strcmp(r->path, "/elsewhere") == 0)
        good_layer(c, r);
    else if (strcmp(r->path, "/asks") == 0)
        answer_fixed(c, &ask);
    else
        garbage_no_http(c, r);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        errx(64, "usage: hostile_registry PORT OTHER_PORT TLS_PORT CERT KEY");
    self.port = argv[1];
    self.other_port = argv[2];
    hostile_image_make(&self.image);
    serve_start(atoi(self.other_port), NULL, NULL, answer_other);
    serve_start(atoi(argv[3]), argv[4], argv[5], answer);
    serve_start(atoi(self.port), NULL, NULL, answer);
    for (;;)
        pause();
}
