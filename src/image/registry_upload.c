/* SPDX-License-Identifier: MIT */

/*
 * A blob goes from a file to a registry
 *
 * An upload is a session at the registry, named by a URL that may change with each answer.
 */

#include "image/registry_upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry.h"
#include "image/registry_manifest.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/http_retry.h"
#include "util/parse.h"

#define CHUNK_MAX (INT64_C(1) << 40)

struct session {
    const struct registry_upload *upload;
    const struct registry_upload_blob *blob;
    struct http *http;
    char *scope;
    char *url;            /* where the next request goes; NULL: not begun */
    uint64_t done_bytes;  /* what the registry has, of an upload in pieces */
    uint64_t least_bytes; /* of a piece, as the registry wants it */
};

static void session_done(struct session *session)
{
    free(session->scope);
    free(session->url);
}

static struct registry_request request_of(const struct session *session, const char *method,
                                          const char *url)
{
    return (struct registry_request){
        .method = method,
        .url = url,
        .scope = session->scope,
        .once = true,
    };
}

static int perform(const struct session *session, const struct registry_request *request,
                   struct http_answer *answer, struct error *err)
{
    return registry_perform(session->upload->registry, session->http, request, answer, err);
}

static int refuse(const struct session *session, const struct registry_request *request,
                  const struct http_answer *answer, struct error *err)
{
    return registry_refuse(session->upload->registry, request, answer, err);
}

static void tell(const struct session *session, uint64_t done_bytes)
{
    image_progress_tell(&session->upload->progress, session->blob->digest, done_bytes,
                        session->blob->size_bytes);
}

/* Of the content of a request. */
static int tell_sent(void *context, uint64_t bytes, struct error *err)
{
    const struct session *session = context;

    if (atomic_load(&session->upload->stop))
        return error_set(err, ERROR_SYSTEM, "stopped, since another blob has failed");
    /* The end is told when the registry has agreed. */
    if (session->done_bytes + bytes < session->blob->size_bytes)
        tell(session, session->done_bytes + bytes);
    return 0;
}

static int has_blob(const struct session *session, struct http_answer *answer, bool *out,
                    struct error *err)
{
    AUTO_FREE char *url =
        alloc_format("/v2/%s/blobs/%s", session->upload->repository, session->blob->digest);
    struct registry_request request = request_of(session, "HEAD", url);

    request.once = false;
    if (perform(session, &request, answer, err) < 0)
        return -1;
    if (answer->status != 200 && answer->status != 404)
        return refuse(session, &request, answer, err);
    *out = answer->status == 200;
    return 0;
}

/* Take the address of the session, and what it says of pieces, out of an answer. */
static int take_location(struct session *session, const struct http_answer *answer,
                         struct error *err)
{
    const char *location = http_find_header(answer, "location");
    const char *least = http_find_header(answer, "oci-chunk-min-length");
    struct error ignored = { 0 };
    int64_t bytes = 0;
    char *url = NULL;

    if (!location)
        return error_set(err, ERROR_INVALID, "the registry does not say where to upload to");
    if (http_resolve_url(session->http, answer->url, location, &url, err) < 0)
        return error_wrap(err, "where to upload to");
    free(session->url);
    session->url = url;
    if (least && parse_int(least, 0, CHUNK_MAX, &bytes, &ignored) == 0)
        session->least_bytes = (uint64_t)bytes;
    return 0;
}

/* Ask for the blob of another repository. Whatever goes wrong, it can be sent. */
static bool mount_blob(struct session *session, struct http_answer *answer)
{
    const struct registry_upload *upload = session->upload;
    AUTO_FREE char *url = alloc_format("/v2/%s/blobs/uploads/?mount=%s&from=%s", upload->repository,
                                       session->blob->digest, session->blob->from);
    AUTO_FREE char *from_scope = registry_manifest_scope(session->blob->from, "pull");
    AUTO_FREE char *scope = alloc_format("%s %s", session->scope, from_scope);
    struct registry_request request = request_of(session, "POST", url);
    struct error ignored = { 0 };

    request.scope = scope;
    if (perform(session, &request, answer, &ignored) < 0)
        return false;
    /* 202: not mounted, but an upload has begun. */
    if (answer->status == 202 && take_location(session, answer, &ignored) < 0)
        return false;
    return answer->status == 201;
}

static int begin(struct session *session, struct http_answer *answer, struct error *err)
{
    AUTO_FREE char *url = alloc_format("/v2/%s/blobs/uploads/", session->upload->repository);
    const struct registry_request request = request_of(session, "POST", url);

    session->done_bytes = 0;
    if (perform(session, &request, answer, err) < 0)
        return -1;
    if (answer->status != 202)
        return refuse(session, &request, answer, err);
    return take_location(session, answer, err);
}

/* The last request, with the digest: of the whole content, or of none behind pieces. */
static int finish(struct session *session, bool with_content, struct http_answer *answer,
                  struct error *err)
{
    const char *where = text_is_empty(session->url) ? "" : session->url;
    AUTO_FREE char *url =
        alloc_format("%s%cdigest=%s", where, strchr(where, '?') ? '&' : '?', session->blob->digest);
    AUTO_STRINGS struct strings headers = { 0 };
    struct registry_request request = request_of(session, "PUT", url);

    strings_add(&headers, "Content-Type: application/octet-stream");
    request.headers = &headers;
    if (with_content) {
        request.content_fd = session->blob->fd;
        request.content_bytes = session->blob->size_bytes;
        request.sent = tell_sent;
        request.sent_context = session;
    }
    if (perform(session, &request, answer, err) < 0)
        return -1;
    return answer->status == 201 ? 0 : refuse(session, &request, answer, err);
}

/* One try of http_retry(). */
static int try_at_once(void *context, struct http_answer *answer, struct error *err)
{
    struct session *session = context;

    if (!session->url && begin(session, answer, err) < 0)
        return -1;
    if (finish(session, true, answer, err) == 0)
        return 0;
    free(session->url);
    session->url = NULL;
    return -1;
}

/* "0-1023": what the registry has, inclusive. None is "0-0", like a single byte. */
static uint64_t parse_range(const char *range)
{
    uint64_t last = 0;

    if (range && text_starts_with(range, "bytes="))
        range += strlen("bytes=");
    return range && sscanf(range, "0-%" SCNu64, &last) == 1 && last > 0 ? last + 1 : 0;
}

/* Where the session has got to; one that is gone is begun anew. */
static int ask_where(struct session *session, struct http_answer *answer, struct error *err)
{
    struct registry_request request = request_of(session, "GET", session->url);

    if (perform(session, &request, answer, err) < 0)
        return -1;
    if (answer->status == 404)
        return begin(session, answer, err);
    if (answer->status != 204 && answer->status != 200)
        return refuse(session, &request, answer, err);
    session->done_bytes = parse_range(http_find_header(answer, "range"));
    if (session->done_bytes > session->blob->size_bytes)
        return error_set(err, ERROR_INVALID, "the registry has more of it than there is");
    return http_find_header(answer, "location") ? take_location(session, answer, err) : 0;
}

static int send_piece(struct session *session, struct http_answer *answer, struct error *err)
{
    uint64_t left = session->blob->size_bytes - session->done_bytes;
    uint64_t length = MIN(left, MAX(session->upload->chunk_bytes, session->least_bytes));
    AUTO_FREE char *url = alloc_text(session->url);
    AUTO_STRINGS struct strings headers = { 0 };
    struct registry_request request = request_of(session, "PATCH", url);

    strings_add(&headers, "Content-Type: application/octet-stream");
    strings_take(&headers, alloc_format("Content-Range: %" PRIu64 "-%" PRIu64, session->done_bytes,
                                        session->done_bytes + length - 1));
    request.headers = &headers;
    request.content_fd = session->blob->fd;
    request.content_offset = (off_t)session->done_bytes;
    request.content_bytes = length;
    request.sent = tell_sent;
    request.sent_context = session;
    if (perform(session, &request, answer, err) < 0)
        return -1;
    if (answer->status != 202 && answer->status != 201) {
        /* Another piece is wanted than the one that was sent: ask which. */
        answer->transient = answer->transient || answer->status == 416;
        return refuse(session, &request, answer, err);
    }
    session->done_bytes += length;
    return take_location(session, answer, err);
}

/* One try of http_retry(). */
static int try_in_pieces(void *context, struct http_answer *answer, struct error *err)
{
    struct session *session = context;

    if ((session->url ? ask_where(session, answer, err) : begin(session, answer, err)) < 0)
        return -1;
    while (session->done_bytes < session->blob->size_bytes) {
        if (send_piece(session, answer, err) < 0)
            return -1;
    }
    return finish(session, false, answer, err);
}

/* What was begun is of no use; whether the registry forgets it now or later is its business. */
static void cancel(struct session *session, struct http_answer *answer)
{
    const struct registry_request request = request_of(session, "DELETE", session->url);
    struct error ignored = { 0 };

    if (perform(session, &request, answer, &ignored) < 0)
        error_clear(&ignored);
}

static int send_blob(struct session *session, struct http_answer *answer, struct error *err)
{
    int result = 0;

    if (session->upload->chunk_bytes > 0)
        result = http_retry(try_in_pieces, session, answer, err);
    else
        result = http_retry(try_at_once, session, answer, err);
    if (result < 0 && session->url)
        cancel(session, answer);
    return result;
}

int registry_upload_blob(const struct registry_upload *upload, struct http *http,
                         const struct registry_upload_blob *blob, struct error *err)
{
    __attribute__((cleanup(session_done))) struct session session = {
        .upload = upload,
        .blob = blob,
        .http = http,
        .scope = registry_manifest_scope(upload->repository, "pull,push"),
    };
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    bool is_there = false;

    if (has_blob(&session, &answer, &is_there, err) < 0)
        return error_wrap(err, "blob %s", blob->digest);
    if (is_there || (blob->from && mount_blob(&session, &answer)))
        return 0;
    tell(&session, 0);
    if (send_blob(&session, &answer, err) < 0)
        return error_wrap(err, "blob %s", blob->digest);
    tell(&session, blob->size_bytes);
    return 0;
}
