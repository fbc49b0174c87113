/* SPDX-License-Identifier: MIT */

/*
 * A request to the supervisor, followed until it has had its effect
 */

#include "cli/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/background.h"
#include "cli/option.h"
#include "cli/remote.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

/* The block on a terminal has a clock; else this only bounds how late a lost event is noticed. */
#define TICK_BLOCK_MS 100
#define TICK_MS 1000

/* While a replica is replaced there are two of its name, and the new one speaks for both. */
static bool is_succeeded(const struct json *stack, const struct json *replica)
{
    const struct json *other = json_first(json_find(stack, "replicas"));

    if (json_find_bool(replica, "current", true))
        return false;
    for (; other; other = json_next(other))
        if (json_find_bool(other, "current", true) &&
            text_equal(json_find_text(other, "name", ""), json_find_text(replica, "name", "")))
            return true;
    return false;
}

void follow_show(const struct follow_request *request, const struct json *stack)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    for (; replica; replica = json_next(replica)) {
        AUTO_TEXT struct text name = { 0 };
        struct settle_step step;

        if (!settle_concerns(&request->settle, replica) || is_succeeded(stack, replica))
            continue;
        settle_replica(&request->settle, replica, &step);
        text_add_format(&name, "Container %s", json_find_text(replica, "name", ""));
        progress_update(request->progress, text_get(&name), step.state, step.status);
    }
}

/* "login-1 (health check: starting), map-1": what a timeout tells. */
static void add_waiting(const struct follow_request *request, const struct json *stack,
                        struct text *out)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    for (; replica && out->length < 300; replica = json_next(replica)) {
        struct settle_step step;

        if (!settle_concerns(&request->settle, replica))
            continue;
        settle_replica(&request->settle, replica, &step);
        if (step.state != PROGRESS_DONE)
            text_add_format(out, "%s%s (%s)", out->length ? ", " : "",
                            json_find_text(replica, "name", ""), step.status);
    }
}

static int report_timeout(const struct follow_request *request, const struct json *stack,
                          struct error *err)
{
    AUTO_TEXT struct text waiting = { 0 };
    char duration[32];

    parse_format_duration(request->timeout_ms, duration);
    add_waiting(request, stack, &waiting);
    return error_set(err, ERROR_TIMEOUT, "not done after %s; still waiting for %s", duration,
                     waiting.length ? text_get(&waiting) : "the supervisor");
}

/* It was given up, is being stopped for that, or was. */
static bool is_unhealthy(const struct json *replica)
{
    return strcmp(json_find_text(replica, "health", ""), "unhealthy") == 0 ||
           strcmp(json_find_text(replica, "step", ""), "failing") == 0 ||
           strcmp(json_find_text(replica, "exit_kind", ""), "unhealthy") == 0;
}

static void set_failure(const struct json *failed, struct follow_answer *out)
{
    out->end = FOLLOW_FAILED;
    if (!json_find(failed, "index")) {
        out->replica = alloc_text(json_find_text(failed, "name", ""));
        out->reason = alloc_format("its update is %s: %s", json_find_text(failed, "update", ""),
                                   json_find_text(failed, "update_reason", "no reason is known"));
        return;
    }
    out->replica = alloc_format("%s-%lld", json_find_text(failed, "service", ""),
                                (long long)json_find_int(failed, "index", 0));
    if (json_find_bool(failed, "blocked", false))
        out->reason = alloc_format("it waits for %s", json_find_text(failed, "waiting", ""));
    else if (is_unhealthy(failed))
        out->reason = alloc_text("its health check fails");
    else
        out->reason = alloc_text(json_find_text(failed, "exit_reason", "it keeps failing"));
}

/* Look once: true when it has ended. A state that cannot be had is asked for again later. */
static bool look(const struct follow_request *request, bool is_posted, struct json **stack,
                 struct follow_answer *out)
{
    const struct json *failed = NULL;
    struct error err = { 0 };
    struct json *now = NULL;
    enum settle_verdict verdict;

    if (remote_find_stack(request->project, &now, &err) < 0)
        return false;
    json_free(*stack);
    *stack = now;
    if (!now) {
        out->end = FOLLOW_GONE;
        return is_posted;
    }
    /* A stop takes its time to be answered; of other changes the old state says nothing. */
    if (is_posted || request->settle.goal == SETTLE_STOPPED)
        follow_show(request, now);
    if (!is_posted)
        return false;
    verdict = settle_decide(&request->settle, now, &failed);
    if (verdict == SETTLE_FAILED)
        set_failure(failed, out);
    else if (verdict == SETTLE_DONE)
        out->end = FOLLOW_DONE;
    return verdict != SETTLE_WORKING;
}

static void wait_for_news(const struct follow_request *request, int wake_fd, int64_t deadline_ms)
{
    struct pollfd fds[] = { { request->signal_fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
    int64_t tick_ms = request->progress->mode == PROGRESS_BLOCK ? TICK_BLOCK_MS : TICK_MS;
    int64_t left_ms = deadline_ms - clock_now_ms();

    if (poll(fds, ARRAY_SIZE(fds), (int)MAX(MIN(tick_ms, left_ms), INT64_C(0))) > 0)
        background_take_wake(wake_fd);
    progress_tick(request->progress);
}

/* A supervisor that ends while it answers `down` has done what it was asked to. */
static int forgive_end(const struct follow_request *request, struct follow_answer *out,
                       struct error *err)
{
    struct error ignored = { 0 };
    AUTO(json) struct json *stack = NULL;

    if (request->settle.goal != SETTLE_STOPPED ||
        remote_find_stack(request->project, &stack, &ignored) < 0 || stack)
        return -1;
    error_clear(err);
    out->end = FOLLOW_GONE;
    return 0;
}

static int follow_loop(struct follow_request *request, int wake_fd,
                       const struct background_post *post, struct follow_answer *out,
                       struct error *err)
{
    int64_t deadline_ms = INT64_MAX;
    AUTO(json) struct json *stack = NULL;

    if (request->timeout_ms != OPTION_UNSET)
        deadline_ms = clock_now_ms() + request->timeout_ms;
    for (;;) {
        bool is_posted = !post || background_post_is_done(post);

        if (post && is_posted && background_post_result(post, err) < 0)
            return forgive_end(request, out, err);
        if (look(request, is_posted, &stack, out))
            return 0;
        if (clock_now_ms() >= deadline_ms)
            return report_timeout(request, stack, err);
        wait_for_news(request, wake_fd, deadline_ms);
        if (background_take_signal(request->signal_fd)) {
            out->end = FOLLOW_INTERRUPTED;
            return 0;
        }
    }
}

int follow_run(struct follow_request *request, struct follow_answer *out, struct error *err)
{
    __attribute__((cleanup(background_post_cleanup))) struct background_post *post = NULL;
    struct json *body = STEAL_PTR(request->body);
    int wake_fd;

    *out = (struct follow_answer){ 0 };
    /* The threads write to it for as long as they live, and so it is not closed. */
    if (background_open_wake(&wake_fd, err) < 0 ||
        background_watch_events(request->project, wake_fd, err) < 0) {
        json_free(body);
        return -1;
    }
    if (request->path &&
        background_post_start(request->project, request->path, body, wake_fd, &post, err) < 0)
        return -1;
    return follow_loop(request, wake_fd, post, out, err);
}
