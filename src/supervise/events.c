/* SPDX-License-Identifier: MIT */

/*
 * Events: what happened to a stack and why
 *
 * An event is one write() to a file opened for appending. What a kill or a power cut left of a
 * last line is cut off when the file is opened, and the numbers go on after the last whole line.
 */

#include "supervise/events.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

#define EVENTS_TEXT_MAX 512
#define EVENTS_LINE_MAX (256u << 10)

struct subscriber {
    uint64_t token; /* 0: the place is free */
    events_fn each;
    void *context;
};

struct events {
    char *path;
    char *old_path; /* of the file before */
    int fd;
    uint64_t bytes, max_bytes;
    uint64_t last;
    uint64_t last_token;
    bool reported; /* that the file cannot be written */
    struct subscriber subscribers[EVENTS_SUBSCRIBERS_MAX];
};

/* "events.jsonl" becomes "events.1.jsonl". */
static char *make_old_path(const char *path)
{
    size_t length = strlen(path);

    if (text_ends_with(path, ".jsonl"))
        return alloc_format("%.*s.1.jsonl", (int)(length - strlen(".jsonl")), path);
    return alloc_format("%s.1", path);
}

static int open_file(struct events *events, struct error *err)
{
    struct stat status;
    int fd = open(events->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", events->path);
    if (events->fd >= 0)
        close(events->fd);
    events->fd = fd;
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "look at '%s'", events->path);
    events->bytes = (uint64_t)status.st_size;
    return 0;
}

/* The number in the last whole line of `text`, which is cut after it; 0 if there is none. */
static uint64_t read_last_number(struct text *text)
{
    while (text->length > 0) {
        char *line = NULL;
        struct error ignored = { 0 };
        AUTO(json) struct json *event = NULL;

        while (text->length > 0 && text->data[text->length - 1] != '\n')
            text->data[--text->length] = '\0';
        if (text->length == 0)
            break;
        text->data[text->length - 1] = '\0';
        line = strrchr(text->data, '\n');
        line = line ? line + 1 : text->data;
        event = json_parse(line, strlen(line), &ignored);
        text->data[text->length - 1] = '\n';
        if (json_find_int(event, "seq", 0) > 0)
            return (uint64_t)json_find_int(event, "seq", 0);
        text->length = (size_t)(line - text->data);
        text->data[text->length] = '\0';
    }
    return 0;
}

/* Cut what is torn off the end of the file and find the last number. */
static int recover(struct events *events, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    uint64_t limit = events->max_bytes + EVENTS_LINE_MAX;
    struct error ignored = { 0 };

    if (events->bytes > limit || file_read(AT_FDCWD, events->path, limit, &text, err) < 0) {
        return events->bytes > limit
                   ? error_set(err, ERROR_INVALID, "'%s' is too large: move it away", events->path)
                   : -1;
    }
    events->last = read_last_number(&text);
    if (text.length < events->bytes && ftruncate(events->fd, (off_t)text.length) < 0)
        return error_set_errno(err, errno, "cut '%s'", events->path);
    events->bytes = text.length;
    text_clear(&text);
    if (events->last == 0 && file_read(AT_FDCWD, events->old_path, limit, &text, &ignored) == 0)
        events->last = read_last_number(&text);
    return 0;
}

int events_open(const char *path, uint64_t max_bytes, struct events **out, struct error *err)
{
    struct events *events = alloc_new(struct events);

    events->path = alloc_text(path);
    events->old_path = make_old_path(path);
    events->fd = -1;
    events->max_bytes = max_bytes ? max_bytes : EVENTS_FILE_BYTES;
    if (open_file(events, err) < 0 || recover(events, err) < 0) {
        events_close(events);
        return error_wrap(err, "open the events");
    }
    *out = events;
    return 0;
}

void events_close(struct events *events)
{
    if (!events)
        return;
    if (events->fd >= 0)
        close(events->fd);
    free(events->path);
    free(events->old_path);
    free(events);
}

static int append(struct events *events, const char *line, size_t length, struct error *err)
{
    if (events->bytes > 0 && events->bytes + length > events->max_bytes) {
        if (rename(events->path, events->old_path) < 0)
            return error_set_errno(err, errno, "rename '%s'", events->path);
        if (open_file(events, err) < 0)
            return -1;
    }
    if (file_write_all(events->fd, line, length, err) < 0) {
        /* What was written of the line would spoil the next one. */
        if (ftruncate(events->fd, (off_t)events->bytes) < 0)
            return error_wrap(err, "cut off a torn line");
        return -1;
    }
    events->bytes += length;
    return 0;
}

static void publish(struct events *events, const struct json *event)
{
    AUTO_FREE char *text = json_print(event, false);
    AUTO_FREE char *line = alloc_format("%s\n", text);
    struct error err = { 0 };

    if (append(events, line, strlen(line), &err) < 0 && !events->reported) {
        events->reported = true;
        log_warn("events are not kept", LOG_TEXT("error", err.text));
    }
    for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++) {
        const struct subscriber *subscriber = &events->subscribers[i];

        if (subscriber->token != 0)
            subscriber->each(subscriber->context, event, text);
    }
}

uint64_t events_emit_json(struct events *events, const char *type, struct json *members)
{
    AUTO(json) struct json *owned = members;
    AUTO(json) struct json *event = json_new_object();
    char time[32];

    clock_format_wall(clock_wall_ms(), time);
    json_set_int(event, "seq", (int64_t)++events->last);
    json_set_text(event, "time", time);
    json_set_text(event, "type", type);
    for (const struct json *m = owned ? json_first(owned) : NULL; m; m = json_next(m))
        json_set(event, json_key(m), json_copy(m));
    publish(events, event);
    return events->last;
}

uint64_t events_emit(struct events *events, const char *type, const char *service,
                     const char *replica, const char *format, ...)
{
    struct json *members = json_new_object();
    char text[EVENTS_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (service)
        json_set_text(members, "service", service);
    if (replica)
        json_set_text(members, "replica", replica);
    json_set_text(members, "text", text);
    return events_emit_json(events, type, members);
}

uint64_t events_last(const struct events *events)
{
    return events->last;
}

uint64_t events_subscribe(struct events *events, events_fn each, void *context)
{
    for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX; i++) {
        if (events->subscribers[i].token == 0) {
            events->subscribers[i] = (struct subscriber){ ++events->last_token, each, context };
            return events->last_token;
        }
    }
    return 0;
}

void events_unsubscribe(struct events *events, uint64_t token)
{
    for (size_t i = 0; i < EVENTS_SUBSCRIBERS_MAX && token != 0; i++) {
        if (events->subscribers[i].token == token)
            events->subscribers[i] = (struct subscriber){ 0 };
    }
}

/* Call `each` for the events in `text` above `since`, which is raised to the last one. */
static void replay_text(char *text, uint64_t *since, events_fn each, void *context)
{
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        struct error ignored = { 0 };
        AUTO(json) struct json *event = NULL;
        int64_t seq = 0;

        if (!end)
            return;
        *end = '\0';
        event = json_parse(line, (size_t)(end - line), &ignored);
        seq = json_find_int(event, "seq", 0);
        if (seq > 0 && (uint64_t)seq > *since) {
            *since = (uint64_t)seq;
            each(context, event, line);
        }
        line = end + 1;
    }
}

int events_replay(const struct events *events, uint64_t since, events_fn each, void *context,
                  struct error *err)
{
    const char *const paths[] = { events->old_path, events->path };

    if (since >= events->last)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        AUTO_TEXT struct text text = { 0 };
        struct error problem = { 0 };

        if (file_read(AT_FDCWD, paths[i], events->max_bytes + EVENTS_LINE_MAX, &text, &problem) <
            0) {
            if (problem.code == ERROR_NOT_FOUND)
                continue;
            *err = problem;
            return error_wrap(err, "read the events");
        }
        replay_text(text.data, &since, each, context);
    }
    return 0;
}
