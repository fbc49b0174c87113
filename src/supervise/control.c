/* SPDX-License-Identifier: MIT */

/*
 * The client side of the control API
 *
 * One connection for one request, with plain blocking sockets: the commands have no event loop.
 * The answer is read to its end before it is looked at; only a stream of events is taken apart
 * as it comes.
 */

#include "supervise/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/local_socket.h"
#include "util/parse.h"
#include "util/place.h"
#include "util/text.h"

#define ANSWER_MAX (64u << 20)
#define CHUNK_MAX (8u << 20)

static int no_supervisor(const char *project, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND,
                     "stack '%s' is not running: start it with carte-stack up", project);
}

static int connect_to(const char *project, int *out, struct error *err)
{
    AUTO_FREE char *path = place_in_run("stacks/%s/control.sock", project);

    if (local_socket_connect(path, out, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return error_wrap(err, "connect to the supervisor of '%s'", project);
    error_clear(err);
    return no_supervisor(project, err);
}

/* Wait until `fd` is ready for `events`; deadline_ms 0: no end. */
static int await(int fd, short events, int64_t deadline_ms, struct error *err)
{
    for (;;) {
        struct pollfd poll_fd = { .fd = fd, .events = events };
        int64_t left_ms = deadline_ms - clock_now_ms();
        int ready = 0;

        if (deadline_ms != 0 && left_ms <= 0)
            return error_set(err, ERROR_TIMEOUT, "the supervisor has not answered in time");
        ready = poll(&poll_fd, 1, deadline_ms == 0 ? -1 : (int)MIN(left_ms, (int64_t)60000));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for the supervisor");
    }
}

static int send_all(int fd, const char *data, size_t length, int64_t deadline_ms, struct error *err)
{
    while (length > 0) {
        ssize_t sent = 0;

        if (await(fd, POLLOUT, deadline_ms, err) < 0)
            return -1;
        sent = send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return error_set_errno(err, errno, "send to the supervisor");
        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        }
    }
    return 0;
}

/* Read once; *ended_out is true at the end of the connection. */
static int receive(int fd, struct text *in, int64_t deadline_ms, bool *ended_out, struct error *err)
{
    char chunk[16384];
    ssize_t got = 0;

    do {
        if (await(fd, POLLIN, deadline_ms, err) < 0)
            return -1;
        got = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    } while (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got < 0 && errno != ECONNRESET)
        return error_set_errno(err, errno, "receive from the supervisor");
    *ended_out = got <= 0;
    if (got > 0)
        text_add_bytes(in, chunk, (size_t)got);
    return 0;
}

static int send_request(const char *project, const char *method, const char *path,
                        const struct json *body, int64_t deadline_ms, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    AUTO_FREE char *content = body ? json_print(body, false) : NULL;
    AUTO_TEXT struct text request = { 0 };

    if (connect_to(project, &fd, err) < 0)
        return -1;
    text_add_format(&request,
                    "%s %s HTTP/1.1\r\nHost: carte\r\nConnection: close\r\n"
                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                    method, path, content ? strlen(content) : 0, content ? content : "");
    if (send_all(fd, request.data, request.length, deadline_ms, err) < 0)
        return -1;
    return STEAL_FD(fd);
}

/*
 * Read the head of an answer: false while it has not come whole. Then *status_out is its
 * status and what follows it is left in `in`.
 */
static bool take_head(struct text *in, int *status_out, bool *chunked_out)
{
    const char *end = in->length > 0 ? strstr(in->data, "\r\n\r\n") : NULL;

    if (!end)
        return false;
    *status_out = 0;
    if (text_starts_with(in->data, "HTTP/1.") && in->length > strlen("HTTP/1.1 200"))
        *status_out = (int)strtol(in->data + strlen("HTTP/1.1 "), NULL, 10);
    *chunked_out = false;
    for (const char *line = strstr(in->data, "\r\n"); line && line < end;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "transfer-encoding: chunked", 26) == 0)
            *chunked_out = true;
    }
    text_drop_front(in, (size_t)(end - in->data) + strlen("\r\n\r\n"));
    return true;
}

static int fail_by_status(int status, const struct json *answer, struct error *err)
{
    static const struct {
        int status;
        enum error_code code;
    } codes[] = {
        /* "Not found" stays free for: there is no supervisor. */
        { 400, ERROR_INVALID }, { 404, ERROR_INVALID }, { 405, ERROR_INVALID },
        { 403, ERROR_DENIED },  { 409, ERROR_EXISTS },
    };
    enum error_code code = ERROR_SYSTEM;
    const char *text = json_find_text(answer, "error", NULL);

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (codes[i].status == status)
            code = codes[i].code;
    }
    if (text)
        return error_set(err, code, "%s", text);
    return error_set(err, code, "the supervisor answered with status %d", status);
}

/* Receive the one answer that comes on `fd`, and what the supervisor means by it. */
static int take_answer(int fd, int64_t deadline_ms, struct json **out, struct error *err)
{
    AUTO_TEXT struct text in = { 0 };
    AUTO(json) struct json *answer = NULL;
    bool ended = false;
    bool chunked = false;
    int status = 0;

    while (!ended) {
        if (receive(fd, &in, deadline_ms, &ended, err) < 0)
            return -1;
        if (in.length > ANSWER_MAX)
            return error_set(err, ERROR_SYSTEM, "the supervisor's answer is too long");
    }
    if (!take_head(&in, &status, &chunked) || chunked)
        return error_set(err, ERROR_SYSTEM, "the supervisor ended before it answered");
    if (status < 200 || status > 299) {
        struct error ignored = { 0 };

        answer = json_parse(text_get(&in), in.length, &ignored);
        return fail_by_status(status, answer, err);
    }
    answer = json_parse(text_get(&in), in.length, err);
    if (!answer)
        return error_wrap(err, "answer of the supervisor");
    *out = STEAL_PTR(answer);
    return 0;
}

int control_get(const char *project, const char *path, int64_t timeout_ms, struct json **out,
                struct error *err)
{
    int64_t deadline_ms = clock_now_ms() + timeout_ms;
    AUTO_CLOSE int fd = send_request(project, "GET", path, NULL, deadline_ms, err);

    return fd < 0 ? -1 : take_answer(fd, deadline_ms, out, err);
}

int control_post(const char *project, const char *path, const struct json *body, struct json **out,
                 struct error *err)
{
    AUTO_CLOSE int fd = send_request(project, "POST", path, body, 0, err);

    return fd < 0 ? -1 : take_answer(fd, 0, out, err);
}

/* Move whole chunks from `in` to `out`. *ended_out: the last one has come. */
static int take_chunks(struct text *in, struct text *out, bool *ended_out, struct error *err)
{
    for (;;) {
        char *end = in->length > 0 ? strstr(in->data, "\r\n") : NULL;
        size_t head = 0;
        unsigned long length = 0;

        if (!end)
            return 0;
        length = strtoul(in->data, NULL, 16);
        head = (size_t)(end - in->data) + 2;
        if (length > CHUNK_MAX)
            return error_set(err, ERROR_SYSTEM, "an event is too long");
        if (in->length < head + length + 2)
            return 0;
        if (length == 0) {
            *ended_out = true;
            return 0;
        }
        text_add_bytes(out, in->data + head, length);
        text_drop_front(in, head + length + 2);
    }
}

/* Call `each` for the events among the whole lines of `lines`; false: it wants no more. */
static bool take_events(struct text *lines, control_event_fn each, void *context)
{
    size_t done = 0;
    bool more = true;

    while (more && done < lines->length) {
        char *line = lines->data + done;
        char *end = strchr(line, '\n');
        struct error ignored = { 0 };
        AUTO(json) struct json *event = NULL;

        if (!end)
            break;
        done = (size_t)(end - lines->data) + 1;
        if (!text_starts_with(line, "data: "))
            continue;
        event = json_parse(line + 6, (size_t)(end - line) - 6, &ignored);
        if (event)
            more = each(context, event);
    }
    text_drop_front(lines, done);
    return more;
}

int control_follow(const char *project, uint64_t since, control_event_fn each, void *context,
                   struct error *err)
{
    char path[64];
    AUTO_CLOSE int fd = -1;
    AUTO_TEXT struct text in = { 0 };
    AUTO_TEXT struct text lines = { 0 };
    bool in_head = true;
    bool chunked = false;
    bool ended = false;
    int status = 0;

    snprintf(path, sizeof(path), "/v1/events?since=%llu", (unsigned long long)since);
    fd = send_request(project, "GET", path, NULL, 0, err);
    if (fd < 0)
        return -1;
    while (!ended) {
        if (receive(fd, &in, 0, &ended, err) < 0)
            return -1;
        if (in_head && !take_head(&in, &status, &chunked))
            continue;
        in_head = false;
        if (status != 200 || !chunked)
            return fail_by_status(status, NULL, err);
        if (take_chunks(&in, &lines, &ended, err) < 0)
            return -1;
        if (!take_events(&lines, each, context))
            return 0;
    }
    return 0;
}
