/* SPDX-License-Identifier: MIT */

/*
 * Logs: the collector of one replica
 *
 * Three places hold a byte on its way, and each hand-over survives a kill:
 *   FIFO -> held file   one splice(); the held file's size says how much has come
 *   held file -> log    one append, then a commit: how far the held file is done and how long
 *                       the log is; what the log has beyond its commit is cut off at the start
 *   held file           emptied when all is done; a done part of it that grows is punched out
 * The commit is a page in a mapped file with two slots, of which `active` says which counts: a
 * single store switches both numbers at once. All of it lies in RUN and ends with the boot.
 */

#include "supervise/logs.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/log_flood.h"
#include "supervise/log_line.h"
#include "supervise/log_pipe.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/place.h"
#include "util/text.h"

#define SPLICE_BYTES (256u << 10)
#define READ_BYTES (LOGS_LINE_MAX * 2)
#define PUNCH_BYTES (4u << 20)
#define ROUNDS_MAX 16
#define COMMIT_MAGIC UINT64_C(0x31676f6c74726163)

struct commit_slot {
    uint64_t log_inode;
    uint64_t log_bytes;
    uint64_t done[LOGS_STREAM_COUNT]; /* of the held files */
};

struct commit {
    uint64_t magic;
    uint64_t active; /* slot 0 or 1 */
    struct commit_slot slots[2];
};

struct stream {
    struct logs *logs;
    enum logs_stream which;
    char *fifo_path, *held_path;
    int fifo, held;
    uint64_t held_bytes; /* the size of the held file */
    uint64_t punched;    /* the part of it that has no blocks any more */
    struct event *readable;
};

struct logs {
    size_t users;
    char *replica;
    char *log_path, *commit_path;
    struct logs_limits limits;
    struct stream streams[LOGS_STREAM_COUNT];
    struct commit *commit;
    struct commit_slot now; /* the active slot, with what is done since */
    int log;
    struct log_flood flood;
    bool reported; /* that the log cannot be written */
};

static const char *const stream_names[LOGS_STREAM_COUNT] = { "stdout", "stderr" };

static void commit(struct logs *logs)
{
    uint64_t next = !logs->commit->active;

    logs->commit->slots[next] = logs->now;
    __atomic_store_n(&logs->commit->active, next, __ATOMIC_RELEASE);
}

static int open_log(struct logs *logs, struct stat *status, struct error *err)
{
    int fd = open(logs->log_path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", logs->log_path);
    if (logs->log >= 0)
        close(logs->log);
    logs->log = fd;
    if (fstat(fd, status) < 0)
        return error_set_errno(err, errno, "look at '%s'", logs->log_path);
    return 0;
}

/* login-1.jsonl becomes login-1.1.jsonl, and so on; the oldest goes. */
static int rotate(struct logs *logs, struct error *err)
{
    struct stat status = { 0 };

    for (uint32_t n = logs->limits.files - 1; n > 0; n--) {
        AUTO_FREE char *from = log_line_make_path(logs->log_path, n - 1);
        AUTO_FREE char *to = log_line_make_path(logs->log_path, n);

        if (rename(from, to) < 0 && errno != ENOENT)
            return error_set_errno(err, errno, "rename '%s'", from);
    }
    if (logs->limits.files == 1 && unlink(logs->log_path) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove '%s'", logs->log_path);
    if (open_log(logs, &status, err) < 0)
        return -1;
    logs->now.log_inode = status.st_ino;
    logs->now.log_bytes = (uint64_t)status.st_size;
    commit(logs);
    return 0;
}

static int append(struct logs *logs, const struct text *lines, struct error *err)
{
    if (lines->length == 0)
        return 0;
    if (logs->now.log_bytes > 0 && logs->now.log_bytes + lines->length > logs->limits.file_bytes &&
        rotate(logs, err) < 0)
        return -1;
    if (file_write_all(logs->log, lines->data, lines->length, err) < 0) {
        if (ftruncate(logs->log, (off_t)logs->now.log_bytes) < 0)
            return error_wrap(err, "cut off a torn line");
        return -1;
    }
    logs->now.log_bytes += lines->length;
    log_flood_spend(&logs->flood, lines->length);
    return 0;
}

/* A full disk must not stop the replica: lines are lost then, and it is said once. */
static void report_loss(struct logs *logs, const struct error *err)
{
    if (logs->reported)
        return;
    logs->reported = true;
    log_warn("log lines are lost", LOG_TEXT("replica", logs->replica),
             LOG_TEXT("error", err->text));
}

/* Give back what is done of the held file. */
static void shrink(struct stream *stream)
{
    uint64_t *done = &stream->logs->now.done[stream->which];

    if (*done == stream->held_bytes && stream->held_bytes > 0) {
        if (ftruncate(stream->held, 0) < 0)
            return;
        stream->held_bytes = 0;
        stream->punched = 0;
        *done = 0;
        commit(stream->logs);
    } else if (*done > stream->punched + PUNCH_BYTES) {
        off_t length = (off_t)(*done - stream->punched) & ~(off_t)4095;

        if (fallocate(stream->held, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      (off_t)stream->punched, length) == 0)
            stream->punched += (uint64_t)length;
    }
}

/* Make lines of what is held; true when there was something to do. */
static bool write_lines(struct stream *stream, bool ended)
{
    struct logs *logs = stream->logs;
    uint64_t *done = &logs->now.done[stream->which];
    AUTO_FREE char *bytes = NULL;
    AUTO_TEXT struct text lines = { 0 };
    struct error err = { 0 };
    size_t want = 0;
    ssize_t got = 0;
    size_t used = 0;
    char time[32];

    if (*done >= stream->held_bytes)
        return false;
    want = MIN((size_t)(stream->held_bytes - *done), (size_t)READ_BYTES);
    bytes = alloc_array(char, want);
    got = pread(stream->held, bytes, want, (off_t)*done);
    if (got <= 0)
        return false;
    clock_format_wall(clock_wall_ms(), time);
    /* The end counts only when all that is left was read. */
    used = log_line_split(bytes, (size_t)got, ended && *done + (size_t)got == stream->held_bytes,
                          &(struct log_line_head){ time, stream_names[stream->which] }, &lines);
    if (used == 0)
        return false;
    if (append(logs, &lines, &err) < 0)
        report_loss(logs, &err);
    *done += used;
    commit(logs);
    shrink(stream);
    return true;
}

/* What cannot be held is dropped; the pipe must not stay full. False: it was empty. */
static bool discard(struct stream *stream, int number)
{
    struct error err = { 0 };

    error_set_errno(&err, number, "hold output in '%s'", stream->held_path);
    report_loss(stream->logs, &err);
    return log_flood_drop(&stream->logs->flood, stream->fifo);
}

/* A record of our own between those of the replica. */
static void say_flood(struct logs *logs)
{
    AUTO_TEXT struct text line = { 0 };
    struct error err = { 0 };
    char time[32];
    char words[96];

    log_flood_format(&logs->flood, words);
    clock_format_wall(clock_wall_ms(), time);
    log_line_format(words, strlen(words), false,
                    &(struct log_line_head){ time, stream_names[LOGS_STDERR] }, &line);
    if (append(logs, &line, &err) < 0)
        report_loss(logs, &err);
    commit(logs);
}

static void end_flood(struct logs *logs)
{
    logs->flood.is_dropping = false;
    if (logs->flood.dropped_bytes > 0)
        say_flood(logs);
    logs->flood.dropped_bytes = 0;
}

/* More output than is kept goes nowhere: true while it does. */
static bool is_flooded(struct stream *stream)
{
    struct log_flood *flood = &stream->logs->flood;
    bool was_dropping = flood->is_dropping;

    if (!log_flood_decide(flood, clock_now_ms())) {
        end_flood(stream->logs);
    } else if (!was_dropping) {
        /* What follows does not belong to the beginning of a line that is held. */
        while (write_lines(stream, true))
            ;
        say_flood(stream->logs);
    }
    return flood->is_dropping;
}

/* Move what is in the pipe to where it belongs; false: it was empty. */
static bool take(struct stream *stream)
{
    off_t at = (off_t)stream->held_bytes;
    ssize_t moved = 0;
    bool has_more = false;

    if (is_flooded(stream))
        return log_flood_drop(&stream->logs->flood, stream->fifo);
    moved = splice(stream->fifo, NULL, stream->held, &at, SPLICE_BYTES,
                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved < 0 && errno == EINTR)
        return true;
    has_more = moved > 0;
    if (moved > 0)
        stream->held_bytes += (uint64_t)moved;
    else if (moved < 0 && errno != EAGAIN)
        has_more = discard(stream, errno);
    while (write_lines(stream, false))
        ;
    return has_more;
}

static void collect(struct stream *stream, bool ended)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (!take(stream))
            break;
    }
    while (ended && write_lines(stream, true))
        ;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    collect(context, false);
}

static int open_stream(struct stream *stream, struct event_base *base, struct error *err)
{
    struct stat status;

    if (log_pipe_open(stream->fifo_path, &stream->fifo, err) < 0)
        return -1;
    stream->held = open(stream->held_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (stream->held < 0 || fstat(stream->held, &status) < 0)
        return error_set_errno(err, errno, "open '%s'", stream->held_path);
    stream->held_bytes = (uint64_t)status.st_size;
    if (!base)
        return 0;
    stream->readable = event_new(base, stream->fifo, EV_READ | EV_PERSIST, on_readable, stream);
    event_add(stream->readable, NULL);
    return 0;
}

static int map_commit(struct logs *logs, struct error *err)
{
    AUTO_CLOSE int fd = open(logs->commit_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    void *page = NULL;

    if (fd < 0 || ftruncate(fd, sizeof(struct commit)) < 0)
        return error_set_errno(err, errno, "open '%s'", logs->commit_path);
    page = mmap(NULL, sizeof(struct commit), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return error_set_errno(err, errno, "map '%s'", logs->commit_path);
    logs->commit = page;
    /* A child of the supervisor has no business there. */
    (void)madvise(page, sizeof(struct commit), MADV_DONTFORK);
    return 0;
}

/* Go back to the last commit: the log is cut to it, what is done of the held files is skipped. */
static int recover(struct logs *logs, struct error *err)
{
    struct commit *kept = logs->commit;
    struct stat status = { 0 };

    if (open_log(logs, &status, err) < 0)
        return -1;
    if (kept->magic == COMMIT_MAGIC && kept->active <= 1)
        logs->now = kept->slots[kept->active];
    if (logs->now.log_inode != status.st_ino || logs->now.log_bytes > (uint64_t)status.st_size) {
        logs->now.log_inode = status.st_ino;
        logs->now.log_bytes = log_line_find_end(logs->log, (uint64_t)status.st_size);
    }
    if (logs->now.log_bytes < (uint64_t)status.st_size &&
        ftruncate(logs->log, (off_t)logs->now.log_bytes) < 0)
        return error_set_errno(err, errno, "cut '%s'", logs->log_path);
    /* A held file that is shorter was emptied just before the end. */
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++) {
        if (logs->now.done[i] > logs->streams[i].held_bytes)
            logs->now.done[i] = 0;
    }
    commit(logs);
    kept->magic = COMMIT_MAGIC;
    return 0;
}

static int set_up(struct logs *logs, struct event_base *base, const char *project,
                  struct error *err)
{
    AUTO_FREE char *run = place_in_run("stacks/%s/logs", project);
    AUTO_FREE char *root = place_in_root("stacks/%s/logs", project);

    if (file_make_folders(run, 0700, err) < 0 || file_make_folders(root, 0700, err) < 0)
        return -1;
    logs->log_path = alloc_format("%s/%s.jsonl", root, logs->replica);
    logs->commit_path = alloc_format("%s/%s.commit", run, logs->replica);
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++) {
        struct stream *stream = &logs->streams[i];

        stream->fifo_path = alloc_format("%s/%s.%s", run, logs->replica, stream_names[i]);
        stream->held_path = alloc_format("%s.held", stream->fifo_path);
    }
    if (map_commit(logs, err) < 0)
        return -1;
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++) {
        if (open_stream(&logs->streams[i], base, err) < 0)
            return -1;
    }
    return recover(logs, err);
}

int logs_open(struct event_base *base, const char *project, const char *replica,
              const struct logs_limits *limits, struct logs **out, struct error *err)
{
    struct logs *logs = alloc_new(struct logs);

    logs->users = 1;
    logs->replica = alloc_text(replica);
    logs->log = -1;
    logs->limits.file_bytes = limits && limits->file_bytes ? limits->file_bytes : LOGS_FILE_BYTES;
    logs->limits.files = limits && limits->files ? limits->files : LOGS_FILES;
    if (limits)
        logs->flood = limits->flood;
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++) {
        logs->streams[i] = (struct stream){
            .logs = logs,
            .which = (enum logs_stream)i,
            .fifo = -1,
            .held = -1,
        };
    }
    if (set_up(logs, base, project, err) < 0) {
        logs_close(logs);
        return error_wrap(err, "collect the output of '%s'", replica);
    }
    *out = logs;
    return 0;
}

struct logs *logs_share(struct logs *logs)
{
    logs->users++;
    return logs;
}

int logs_open_writer(const struct logs *logs, enum logs_stream stream, int *fd_out,
                     struct error *err)
{
    return log_pipe_open_writer(logs->streams[stream].fifo_path, fd_out, err);
}

void logs_collect(struct logs *logs, bool ended)
{
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++)
        collect(&logs->streams[i], ended);
    if (ended)
        end_flood(logs);
}

void logs_close(struct logs *logs)
{
    if (!logs || --logs->users > 0)
        return;
    for (size_t i = 0; i < LOGS_STREAM_COUNT; i++) {
        struct stream *stream = &logs->streams[i];

        if (stream->readable)
            event_free(stream->readable);
        if (stream->fifo >= 0)
            close(stream->fifo);
        if (stream->held >= 0)
            close(stream->held);
        free(stream->fifo_path);
        free(stream->held_path);
    }
    if (logs->log >= 0)
        close(logs->log);
    if (logs->commit)
        munmap(logs->commit, sizeof(struct commit));
    free(logs->log_path);
    free(logs->commit_path);
    free(logs->replica);
    free(logs);
}

void logs_remove(struct logs *logs)
{
    logs_collect(logs, true);
    for (size_t i = 0; logs->users == 1 && i < LOGS_STREAM_COUNT; i++) {
        unlink(logs->streams[i].fifo_path);
        unlink(logs->streams[i].held_path);
    }
    if (logs->users == 1)
        unlink(logs->commit_path);
    logs_close(logs);
}

void logs_forget(const char *project, const char *replica)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/logs/%s.jsonl", project, replica);

    /* The oldest first: what is left after a kill is found again by the name of the newest. */
    for (uint32_t n = LOGS_FILES; n > 0; n--) {
        AUTO_FREE char *rotated = log_line_make_path(path, n - 1);

        unlink(rotated);
    }
}
