/* SPDX-License-Identifier: MIT */

/*
 * `up` in the foreground
 */

#include "cli/attach.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "cli/background.h"
#include "cli/command.h"
#include "cli/log_printer.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/settle.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

/* A state is looked at this often even when no event comes. */
#define TICK_MS 1000

/* The thread that prints the logs. */
struct printing {
    struct log_reader_query query;
    struct log_printer printer;
    struct error write_error;
    struct error err;
    pthread_t thread;
    char since[32];
};

/* How far the stop has come. */
struct stopping {
    unsigned signals;
    struct background_post *posts[2]; /* the graceful one and the kill */
};

static bool print_record(void *context, const struct log_reader_record *record)
{
    struct printing *printing = context;

    return log_printer_write(&printing->printer, record, &printing->write_error) == 0;
}

static void *print_logs(void *argument)
{
    struct printing *printing = argument;

    if (log_reader_each(&printing->query, print_record, printing, &printing->err) < 0)
        output_message("warning", OUTPUT_YELLOW, "the logs cannot be shown: %s",
                       printing->err.text);
    return NULL;
}

static const struct json *find_replica(const struct json *stack, const char *id)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    while (replica && strcmp(json_find_text(replica, "id", ""), id) != 0)
        replica = json_next(replica);
    return replica;
}

static bool has_ended(const struct json *replica)
{
    const char *state = json_find_text(replica, "state", "");

    return text_equal(state, "completed") || text_equal(state, "failed") ||
           text_equal(state, "stopped");
}

void attach_find_exits(const struct json *before, const struct json *after, struct strings *out)
{
    const struct json *replica = json_first(json_find(after, "replicas"));

    for (; replica; replica = json_next(replica)) {
        const struct json *old = find_replica(before, json_find_text(replica, "id", ""));
        bool restarted;

        if (!old)
            continue;
        restarted = json_find_int(replica, "restarts", 0) > json_find_int(old, "restarts", 0);
        if (!restarted && (has_ended(old) || !has_ended(replica)))
            continue;
        strings_take(out, alloc_format("%s-%" PRId64 " exited with code %" PRId64 "%s",
                                       json_find_text(replica, "service", ""),
                                       json_find_int(replica, "index", 0),
                                       json_find_int(replica, "exit_code", 0),
                                       restarted ? " (restarting)" : ""));
    }
}

static void print_exits(const struct json *before, const struct json *after)
{
    AUTO_STRINGS struct strings exits = { 0 };

    attach_find_exits(before, after, &exits);
    for (size_t i = 0; i < exits.count; i++) {
        AUTO_FREE char *clean = output_clean(exits.items[i]);

        output_message(NULL, OUTPUT_PLAIN, "%s", clean);
    }
}

/* Look once; true when nothing runs any more. */
static bool look(const struct attach *attach, struct json **stack)
{
    struct settle_request request = { .goal = SETTLE_STOPPED };
    const struct json *failed = NULL;
    struct error err = { 0 };
    struct json *now = NULL;

    if (remote_find_stack(attach->project, &now, &err) < 0)
        return false;
    print_exits(*stack, now);
    json_free(*stack);
    *stack = now;
    return !now || settle_decide(&request, now, &failed) == SETTLE_DONE;
}

static int stop(const struct attach *attach, struct stopping *stopping, int wake_fd,
                struct error *err)
{
    static const struct strings all = { 0 };
    bool kill = stopping->signals > 0;
    int64_t timeout_ms = kill ? 0 : attach->timeout_ms;

    if (stopping->signals >= ARRAY_SIZE(stopping->posts))
        return 0;
    output_message(NULL, OUTPUT_PLAIN, "%s",
                   kill ? "killing" : "stopping gracefully; press Ctrl-C again to kill");
    return background_post_start(attach->project, "/v1/stop", remote_new_body(&all, timeout_ms),
                                 wake_fd, &stopping->posts[stopping->signals++], err);
}

static int loop(const struct attach *attach, struct stopping *stopping, int wake_fd,
                struct error *err)
{
    struct pollfd fds[] = { { attach->signal_fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
    AUTO(json) struct json *stack = NULL;

    if (attach->stop_at_once && stop(attach, stopping, wake_fd, err) < 0)
        return -1;
    for (;;) {
        const struct background_post *post =
            stopping->signals ? stopping->posts[stopping->signals - 1] : NULL;
        bool is_posted = !post || background_post_is_done(post);

        if (post && is_posted && background_post_result(post, err) < 0)
            return error_wrap(err, "stop stack '%s'", attach->project);
        if (look(attach, &stack) && is_posted)
            return 0;
        if (poll(fds, ARRAY_SIZE(fds), TICK_MS) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for events");
        background_take_wake(wake_fd);
        if (background_take_signal(attach->signal_fd) && stop(attach, stopping, wake_fd, err) < 0)
            return -1;
    }
}

static int start_printing(const struct attach *attach, int stop_fd, struct printing *printing,
                          struct error *err)
{
    int number;

    clock_format_wall(attach->begin_ms, printing->since);
    log_printer_init(&printing->printer, attach->prefix, attach->timestamps);
    printing->query = (struct log_reader_query){
        .project = attach->project,
        .services = attach->services,
        .tail = -1,
        .follow = true,
        .since = printing->since,
        .stop_fd = stop_fd,
    };
    number = pthread_create(&printing->thread, NULL, print_logs, printing);
    return number ? error_set_errno(err, number, "start a thread") : 0;
}

int attach_run(struct command_call *call, const struct attach *attach, struct error *err)
{
    struct printing printing = { 0 };
    struct stopping stopping = { 0 };
    AUTO_CLOSE int stop_fd = -1;
    uint64_t one = 1;
    int wake_fd, result;

    /* The threads write to wake_fd for as long as they live, and so it is not closed. */
    if (background_open_wake(&stop_fd, err) < 0 || background_open_wake(&wake_fd, err) < 0 ||
        background_watch_events(attach->project, wake_fd, err) < 0 ||
        start_printing(attach, stop_fd, &printing, err) < 0)
        return -1;
    result = loop(attach, &stopping, wake_fd, err);
    if (write(stop_fd, &one, sizeof(one)) < 0 && result == 0)
        result = error_set_errno(err, errno, "stop showing the logs");
    pthread_join(printing.thread, NULL);
    log_printer_done(&printing.printer);
    for (size_t i = 0; i < ARRAY_SIZE(stopping.posts); i++)
        background_post_free(stopping.posts[i]);
    if (result == 0 && stopping.signals > 1)
        call->exit_status = COMMAND_EXIT_INTERRUPTED;
    return result;
}
