/* SPDX-License-Identifier: MIT */

/*
 * The read side of logs
 *
 * A source is one replica: its files form a chain from the oldest to the current one, walked
 * by inode, because a rotation may rename them at any time. After a renamed file has been read
 * to its end nothing is added to it any more, and the next younger one follows. A line without
 * its end is still being written: it is read again later.
 */

#include "supervise/log_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/log_line.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/place.h"

#define FILES_MAX 100

struct source {
    char *replica;
    char *service;
    char *path; /* of the current file */
    FILE *file; /* NULL: none yet */
    ino_t inode;
    char *line; /* buffer of getline() */
    size_t line_capacity;
    int64_t skip;        /* lines that are passed over */
    struct json *record; /* the next one, or NULL */
};

struct reading {
    const struct log_reader_query *query;
    char *folder;
    struct source *sources;
    size_t count;
};

static bool open_nth(struct source *source, uint32_t n)
{
    AUTO_FREE char *path = log_line_make_path(source->path, n);
    FILE *file = fopen(path, "re");
    struct stat status;

    if (!file || fstat(fileno(file), &status) < 0) {
        if (file)
            fclose(file);
        return false;
    }
    if (source->file)
        fclose(source->file);
    source->file = file;
    source->inode = status.st_ino;
    return true;
}

/* How many older files there are. */
static uint32_t count_older(const struct source *source)
{
    uint32_t n = 0;

    while (n + 1 < FILES_MAX) {
        AUTO_FREE char *path = log_line_make_path(source->path, n + 1);

        if (access(path, F_OK) < 0)
            break;
        n++;
    }
    return n;
}

/* The place of the open file in the chain: 0 is the current one. False: it has gone. */
static bool find_place(const struct source *source, uint32_t *out)
{
    for (uint32_t n = 0; n < FILES_MAX; n++) {
        AUTO_FREE char *path = log_line_make_path(source->path, n);
        struct stat status;

        if (stat(path, &status) == 0 && status.st_ino == source->inode) {
            *out = n;
            return true;
        }
        if (n > 0 && access(path, F_OK) < 0)
            return false;
    }
    return false;
}

/* A whole line of the open file into source->line; -1: there is none yet. */
static ssize_t read_line(struct source *source)
{
    off_t at = ftello(source->file);
    ssize_t length = getline(&source->line, &source->line_capacity, source->file);

    if (length > 0 && source->line[length - 1] == '\n')
        return length - 1;
    clearerr(source->file);
    if (fseeko(source->file, at, SEEK_SET) < 0)
        return -1;
    return -1;
}

/* The same, going on to younger files. */
static ssize_t read_chain(struct source *source)
{
    if (!source->file && !open_nth(source, count_older(source)))
        return -1;
    for (;;) {
        ssize_t length = read_line(source);
        uint32_t place = 0;
        bool found = false;

        if (length >= 0)
            return length;
        found = find_place(source, &place);
        if (found && place == 0)
            return -1;
        /* It was renamed: what was added before that is read first. */
        length = read_line(source);
        if (length >= 0)
            return length;
        if (!open_nth(source, found ? place - 1 : count_older(source)))
            return -1;
    }
}

/* Make source->record the next record, if there is one. */
static void advance(struct source *source, const char *since)
{
    ssize_t length = 0;

    while (!source->record && (length = read_chain(source)) >= 0) {
        struct error ignored = { 0 };
        const char *time = NULL;

        if (source->skip > 0) {
            source->skip--;
            continue;
        }
        source->record = json_parse(source->line, (size_t)length, &ignored);
        time = json_find_text(source->record, "time", NULL);
        if (!time || !json_find_text(source->record, "log", NULL) ||
            (since && strcmp(time, since) < 0)) {
            json_free(source->record);
            source->record = NULL;
        }
    }
}

static int64_t count_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    char chunk[16384];
    int64_t count = 0;
    size_t got = 0;

    if (!file)
        return 0;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        for (size_t i = 0; i < got; i++)
            count += chunk[i] == '\n';
    }
    fclose(file);
    return count;
}

static int64_t count_all_lines(const struct source *source)
{
    uint32_t older = count_older(source);
    int64_t count = 0;

    for (uint32_t n = 0; n <= older; n++) {
        AUTO_FREE char *path = log_line_make_path(source->path, n);

        count += count_lines(path);
    }
    return count;
}

/* "login-1" of "login-1.jsonl"; NULL for other files, also rotated ones. */
static char *parse_replica(const char *name)
{
    size_t length = strlen(name);
    size_t digits = 0;

    if (!text_ends_with(name, ".jsonl") || length == strlen(".jsonl"))
        return NULL;
    length -= strlen(".jsonl");
    while (digits < length && name[length - digits - 1] >= '0' && name[length - digits - 1] <= '9')
        digits++;
    if (digits > 0 && digits < length && name[length - digits - 1] == '.')
        return NULL;
    return alloc_text_part(name, length);
}

static bool is_wanted(const struct log_reader_query *query, const char *replica,
                      const char *service)
{
    if (!query->services || query->services->count == 0)
        return true;
    return strings_has(query->services, replica) || strings_has(query->services, service);
}

static void add_source(struct reading *reading, const char *name, bool at_begin)
{
    AUTO_FREE char *replica = parse_replica(name);
    AUTO_FREE char *service = NULL;
    struct source *source = NULL;

    if (!replica)
        return;
    for (size_t i = 0; i < reading->count; i++) {
        if (strcmp(reading->sources[i].replica, replica) == 0)
            return;
    }
    service = alloc_text_part(replica, log_line_service_length(replica));
    if (!is_wanted(reading->query, replica, service))
        return;
    source = ALLOC_APPEND(reading->sources, reading->count);
    source->replica = STEAL_PTR(replica);
    source->service = STEAL_PTR(service);
    source->path = alloc_format("%s/%s", reading->folder, name);
    if (at_begin && reading->query->tail >= 0)
        source->skip = MAX(count_all_lines(source) - reading->query->tail, INT64_C(0));
}

static int compare_sources(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->replica, ((const struct source *)b)->replica);
}

static int scan(struct reading *reading, bool at_begin, struct error *err)
{
    DIR *folder = opendir(reading->folder);

    if (!folder && errno == ENOENT)
        return 0;
    if (!folder)
        return error_set_errno(err, errno, "open '%s'", reading->folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        add_source(reading, entry->d_name, at_begin);
    closedir(folder);
    if (reading->count > 1)
        qsort(reading->sources, reading->count, sizeof(*reading->sources), compare_sources);
    return 0;
}

static bool give(const struct source *source, log_reader_fn each, void *context)
{
    const char *text = json_find_text(source->record, "log", "");
    const struct log_reader_record record = {
        .replica = source->replica,
        .service = source->service,
        .time = json_find_text(source->record, "time", ""),
        .text = text,
        .length = strlen(text),
        .is_stderr = strcmp(json_find_text(source->record, "stream", ""), "stderr") == 0,
        .is_partial = json_find_bool(source->record, "partial", false),
    };

    return each(context, &record);
}

/* Give all records there are, merged by time; false: no more are wanted. */
static bool drain(struct reading *reading, log_reader_fn each, void *context)
{
    for (;;) {
        struct source *first = NULL;
        bool more = false;

        for (size_t i = 0; i < reading->count; i++) {
            struct source *source = &reading->sources[i];

            advance(source, reading->query->since);
            if (source->record && (!first || strcmp(json_find_text(source->record, "time", ""),
                                                    json_find_text(first->record, "time", "")) < 0))
                first = source;
        }
        if (!first)
            return true;
        more = give(first, each, context);
        json_free(STEAL_PTR(first->record));
        if (!more)
            return false;
    }
}

static int open_watch(const struct reading *reading, int *out, struct error *err)
{
    AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0)
        return error_set_errno(err, errno, "watch the logs");
    if (file_make_folders(reading->folder, 0700, err) < 0)
        return -1;
    if (inotify_add_watch(fd, reading->folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
        return error_set_errno(err, errno, "watch '%s'", reading->folder);
    *out = STEAL_FD(fd);
    return 0;
}

/* Wait for news; *stop_out: the caller wants an end. */
static int await_news(int watch, int stop_fd, bool *stop_out, struct error *err)
{
    struct pollfd fds[] = {
        { .fd = watch, .events = POLLIN },
        { .fd = stop_fd, .events = POLLIN },
    };
    char ignored[4096] __attribute__((aligned(8)));

    if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
        return error_set_errno(err, errno, "wait for log lines");
    while (read(watch, ignored, sizeof(ignored)) > 0)
        ;
    *stop_out = fds[1].revents != 0;
    return 0;
}

static int read_all(struct reading *reading, log_reader_fn each, void *context, struct error *err)
{
    AUTO_CLOSE int watch = -1;
    bool stop = !reading->query->follow;

    if (!stop && open_watch(reading, &watch, err) < 0)
        return -1;
    if (scan(reading, true, err) < 0)
        return -1;
    while (drain(reading, each, context) && !stop) {
        if (await_news(watch, reading->query->stop_fd, &stop, err) < 0 ||
            scan(reading, false, err) < 0)
            return -1;
    }
    return 0;
}

int log_reader_each(const struct log_reader_query *query, log_reader_fn each, void *context,
                    struct error *err)
{
    struct reading reading = {
        .query = query,
        .folder = place_in_root("stacks/%s/logs", query->project),
    };
    int result = read_all(&reading, each, context, err);

    for (size_t i = 0; i < reading.count; i++) {
        struct source *source = &reading.sources[i];

        if (source->file)
            fclose(source->file);
        json_free(source->record);
        free(source->line);
        free(source->path);
        free(source->replica);
        free(source->service);
    }
    free(reading.sources);
    free(reading.folder);
    return result;
}
