/* SPDX-License-Identifier: MIT */

/*
 * Stages that do not need each other are built at the same time
 */

#include "build/stage_workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build/build_run.h"
#include "image/digest_cache.h"
#include "runtime/process.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define WORKERS_MAX 16U
#define PENDING_MAX 65536U

/* From a worker: a step that begins, or how the stage failed. One datagram. */
struct message {
    bool is_failure, cached;
    struct stage_place place;
    struct error err;
    char instruction[1024];
};

struct worker {
    struct stage *stage;
    int pidfd;
    int messages, output;
    struct text pending; /* of the output: the line so far */
    bool has_failed;
};

struct crew {
    struct builder *builder;
    stage_workers_run_fn run;
    struct worker workers[WORKERS_MAX];
    size_t count, limit;
    int signals;
    sigset_t before;      /* the signals that were blocked without the crew */
    struct error failure; /* the first */
};

static bool has_all_needs(const struct stage *stage)
{
    for (size_t i = 0; i < stage->need_count; i++) {
        if (!stage->builder->stages[stage->needs[i]].is_done)
            return false;
    }
    return true;
}

static bool is_open(const struct stage *stage)
{
    return stage->is_needed && !stage->is_done;
}

/*
 * Whether two of the open stages do not need each other: then two of them have the same length
 * of the longest way down, and in a chain none have.
 */
static bool has_independent_stages(const struct builder *builder)
{
    AUTO_FREE size_t *depths = alloc_array(size_t, builder->stage_count);
    AUTO_FREE bool *taken = alloc_array(bool, builder->stage_count + 1);

    for (size_t i = 0; i < builder->stage_count; i++) {
        const struct stage *stage = &builder->stages[i];

        if (!is_open(stage))
            continue;
        for (size_t k = 0; k < stage->need_count; k++) {
            if (is_open(&builder->stages[stage->needs[k]]))
                depths[i] = MAX(depths[i], depths[stage->needs[k]] + 1);
        }
        if (taken[depths[i]])
            return true;
        taken[depths[i]] = true;
    }
    return false;
}

static int run_in_order(struct builder *builder, stage_workers_run_fn run, struct error *err)
{
    for (size_t i = 0; i < builder->stage_count; i++) {
        struct stage *stage = &builder->stages[i];

        if (!is_open(stage))
            continue;
        if (run(stage, err) < 0)
            return -1;
        stage->is_done = true;
    }
    return 0;
}

/* Reports of a stage that is tried: they count when it is found whole in the cache. */
static void keep_report(struct builder *builder, const struct stage *stage, const char *instruction,
                        bool cached)
{
    (void)stage;
    (void)cached;
    strings_add(&builder->reports, instruction);
}

static void report_nothing(struct builder *builder, const struct stage *stage,
                           const char *instruction, bool cached)
{
    (void)builder;
    (void)stage;
    (void)instruction;
    (void)cached;
}

static int try_stage(struct stage *stage, stage_workers_run_fn run, struct error *err)
{
    struct builder *builder = stage->builder;
    AUTO(manifest)
    struct manifest *before = stage->manifest ? manifest_copy(stage->manifest) : NULL;
    int result = 0;

    builder->report = keep_report;
    builder->stops_at_work = true;
    builder->has_work = false;
    result = run(stage, err);
    builder->report = NULL;
    builder->stops_at_work = false;
    if (result == 0) {
        for (size_t i = 0; i < builder->reports.count; i++)
            stage_report(stage, builder->reports.items[i], true);
        stage->is_done = true;
    } else if (builder->has_work) {
        error_clear(err);
        stage_reset(stage, STEAL_PTR(before));
        result = 0;
    }
    strings_done(&builder->reports);
    return result;
}

static int try_stages(struct builder *builder, stage_workers_run_fn run, struct error *err)
{
    for (size_t i = 0; i < builder->stage_count; i++) {
        struct stage *stage = &builder->stages[i];

        if (is_open(stage) && has_all_needs(stage) && try_stage(stage, run, err) < 0)
            return -1;
    }
    return 0;
}

static void send_message(const struct builder *builder, const struct message *message)
{
    /* Who does not listen any more has ended, and the signal of that is on its way. */
    (void)!send(builder->report_fd, message, sizeof(*message), MSG_NOSIGNAL);
}

static void send_report(struct builder *builder, const struct stage *stage, const char *instruction,
                        bool cached)
{
    struct message message = { .cached = cached };

    (void)stage;
    snprintf(message.instruction, sizeof(message.instruction), "%s", instruction);
    send_message(builder, &message);
}

__attribute__((noreturn)) static void work(const struct crew *crew, struct stage *stage,
                                           pid_t parent, int messages, int output)
{
    struct builder *builder = crew->builder;
    struct build_request request = *builder->request;
    struct message message = { .is_failure = true };

    process_reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    request.output_fd = output;
    builder->request = &request;
    builder->report = send_report;
    builder->report_fd = messages;
    if (store_begin_child(builder->store, &builder->session, &message.err) < 0 ||
        crew->run(stage, &message.err) < 0) {
        message.place = stage->failed;
        send_message(builder, &message);
    }
    stage_unlock(stage);
    digest_cache_close(builder->digests);
    store_close(builder->store);
    _exit(message.err.code == ERROR_NONE ? 0 : 1);
}

static int start_worker(struct crew *crew, struct stage *stage, struct error *err)
{
    bool has_output = crew->builder->request->output_fd >= 0;
    AUTO_CLOSE int near = -1;
    AUTO_CLOSE int far = -1;
    AUTO_CLOSE int output = -1;
    AUTO_CLOSE int written = -1;
    int ends[2], flow[2];
    int pidfd = -1;
    pid_t parent = getpid();
    pid_t pid = 0;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set_errno(err, errno, "make a channel to a worker");
    near = ends[0];
    far = ends[1];
    if (has_output && pipe2(flow, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe for a worker");
    if (has_output) {
        output = flow[0];
        written = flow[1];
        fcntl(output, F_SETFL, O_NONBLOCK);
    }
    pid = process_fork(0, -1, false, &pidfd, err);
    if (pid == 0)
        work(crew, stage, parent, far, written);
    if (pid < 0)
        return error_wrap(err, "start a worker");
    stage->is_running = true;
    crew->workers[crew->count++] = (struct worker){
        .stage = stage,
        .pidfd = pidfd,
        .messages = STEAL_FD(near),
        .output = STEAL_FD(output),
    };
    return 0;
}

static void stop_workers(const struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        syscall(SYS_pidfd_send_signal, crew->workers[i].pidfd, SIGTERM, NULL, 0);
}

static void note_failure(struct crew *crew, const struct error *err)
{
    if (crew->failure.code != ERROR_NONE)
        return;
    crew->failure = *err;
    stop_workers(crew);
}

/* One whole line in one piece, so that lines of several stages do not mix. */
static void print_lines(struct worker *worker, bool is_end)
{
    struct builder *builder = worker->stage->builder;

    while (worker->pending.length > 0) {
        const char *data = text_get(&worker->pending);
        const char *newline = memchr(data, '\n', worker->pending.length);
        size_t length = newline ? (size_t)(newline - data) : worker->pending.length;
        AUTO_FREE char *name = stage_describe(worker->stage);
        AUTO_TEXT struct text line = { 0 };
        struct error ignored = { 0 };

        if (!newline && !is_end && length < PENDING_MAX)
            return;
        text_add_format(&line, "%s | ", name);
        text_add_bytes(&line, data, length);
        text_add_char(&line, '\n');
        if (file_write_all(builder->request->output_fd, text_get(&line), line.length, &ignored) < 0)
            error_clear(&ignored);
        text_drop_front(&worker->pending, length + (newline != NULL));
    }
}

static void read_output(struct worker *worker, bool is_end)
{
    char chunk[4096];
    ssize_t got = 0;

    while (worker->output >= 0 && (got = read(worker->output, chunk, sizeof(chunk))) > 0) {
        text_add_bytes(&worker->pending, chunk, (size_t)got);
        print_lines(worker, false);
    }
    if (is_end || got == 0)
        print_lines(worker, true);
    if (worker->output >= 0 && got == 0) {
        close(worker->output);
        worker->output = -1;
    }
}

/* The worker's end: its exit status, and what it left in the cache becomes the stage's. */
static void finish_worker(struct crew *crew, size_t number)
{
    struct worker worker = crew->workers[number];
    struct stage *stage = worker.stage;
    struct builder *builder = crew->builder;
    AUTO_FREE char *name = stage_describe(stage);
    struct error err = { 0 };
    siginfo_t info = { 0 };

    read_output(&worker, true);
    while (waitid(P_PIDFD, (id_t)worker.pidfd, &info, WEXITED) < 0 && errno == EINTR)
        continue;
    close(worker.pidfd);
    close(worker.messages);
    if (worker.output >= 0)
        close(worker.output);
    text_done(&worker.pending);
    crew->workers[number] = crew->workers[--crew->count];
    stage->is_running = false;
    if (crew->failure.code != ERROR_NONE)
        return;
    if (info.si_code != CLD_EXITED || info.si_status != 0) {
        error_set(&err, ERROR_SYSTEM, "the worker of %s ended with %s %d", name,
                  info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
        note_failure(crew, &err);
        return;
    }
    builder->digests = digest_cache_renew(builder->digests);
    builder->report = report_nothing;
    stage->is_fresh = false;
    if (crew->run(stage, &err) < 0)
        note_failure(crew, &err);
    builder->report = NULL;
    stage->is_done = stage->changed = true;
}

static void hear_worker(struct crew *crew, size_t number)
{
    struct worker *worker = &crew->workers[number];
    struct message message;
    ssize_t got = recv(worker->messages, &message, sizeof(message), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got != sizeof(message)) {
        finish_worker(crew, number);
        return;
    }
    if (message.is_failure && crew->failure.code == ERROR_NONE) {
        worker->stage->failed = message.place;
        note_failure(crew, &message.err);
    } else if (!message.is_failure) {
        AUTO_FREE char *name = stage_describe(worker->stage);
        AUTO_FREE char *line = alloc_format("%s: %s", name, message.instruction);

        read_output(worker, false);
        stage_report(worker->stage, line, message.cached);
    }
}

static void wait_for_workers(struct crew *crew)
{
    struct pollfd fds[1 + 2 * WORKERS_MAX] = { { .fd = crew->signals, .events = POLLIN } };
    struct signalfd_siginfo signal_info;
    struct error interrupted = { 0 };

    for (size_t i = 0; i < crew->count; i++) {
        fds[1 + 2 * i] = (struct pollfd){ .fd = crew->workers[i].messages, .events = POLLIN };
        fds[2 + 2 * i] = (struct pollfd){ .fd = crew->workers[i].output, .events = POLLIN };
    }
    if (poll(fds, 1 + 2 * crew->count, -1) < 0)
        return;
    if (fds[0].revents && read(crew->signals, &signal_info, sizeof(signal_info)) > 0) {
        error_set(&interrupted, ERROR_SYSTEM, "interrupted");
        note_failure(crew, &interrupted);
        stop_workers(crew);
    }
    /* Downwards, because one that ends gives its place to the last. */
    for (size_t i = crew->count; i > 0; i--) {
        if (fds[2 * i].revents)
            read_output(&crew->workers[i - 1], false);
        if (fds[2 * i - 1].revents)
            hear_worker(crew, i - 1);
    }
}

/* In this process. There is no worker to be stopped, so signals end it as they end any build. */
static int run_alone(const struct crew *crew, struct stage *stage, struct error *err)
{
    sigset_t blocked;

    sigprocmask(SIG_SETMASK, &crew->before, &blocked);
    stage->is_done = crew->run(stage, err) == 0;
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    return stage->is_done ? 0 : -1;
}

/* Give work to all who can have some. A stage that is alone needs no worker. */
static int start_workers(struct crew *crew, struct error *err)
{
    struct builder *builder = crew->builder;
    size_t ready = 0;
    struct stage *only = NULL;

    for (size_t i = 0; i < builder->stage_count; i++) {
        struct stage *stage = &builder->stages[i];

        if (is_open(stage) && !stage->is_running && has_all_needs(stage)) {
            only = stage;
            ready++;
        }
    }
    if (ready == 1 && crew->count == 0)
        return run_alone(crew, only, err) < 0 ? -1 : start_workers(crew, err);
    for (size_t i = 0; i < builder->stage_count && crew->count < crew->limit; i++) {
        struct stage *stage = &builder->stages[i];

        if (is_open(stage) && !stage->is_running && has_all_needs(stage) &&
            start_worker(crew, stage, err) < 0)
            return -1;
    }
    return 0;
}

static int run_crew(struct crew *crew, struct error *err)
{
    if (start_workers(crew, &crew->failure) < 0)
        stop_workers(crew);
    while (crew->count > 0) {
        wait_for_workers(crew);
        if (crew->failure.code == ERROR_NONE && start_workers(crew, &crew->failure) < 0)
            stop_workers(crew);
    }
    if (crew->failure.code == ERROR_NONE)
        return 0;
    *err = crew->failure;
    return -1;
}

int stage_workers_run(struct builder *builder, stage_workers_run_fn run, struct error *err)
{
    struct crew crew = { .builder = builder, .run = run, .signals = -1 };
    struct error ignored = { 0 };
    sigset_t stopping;
    int result = 0;

    if (!has_independent_stages(builder))
        return run_in_order(builder, run, err);
    if (try_stages(builder, run, err) < 0)
        return -1;
    if (!has_independent_stages(builder))
        return run_in_order(builder, run, err);
    builder->digests = digest_cache_renew(builder->digests);
    crew.limit = (size_t)MIN(MAX(sysconf(_SC_NPROCESSORS_ONLN), 4), (long)WORKERS_MAX);
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGHUP);
    sigprocmask(SIG_BLOCK, &stopping, &crew.before);
    crew.signals = signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK);
    result = run_crew(&crew, err);
    if (crew.signals >= 0)
        close(crew.signals);
    sigprocmask(SIG_SETMASK, &crew.before, NULL);
    /* A worker that was killed has left its container and its place in the store. */
    if (result < 0 &&
        (build_run_sweep(builder, &ignored) < 0 || session_sweep(builder->store_fd, &ignored) < 0))
        error_clear(&ignored);
    return result;
}
