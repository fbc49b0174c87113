/* SPDX-License-Identifier: MIT */

/*
 * Attaching to a single container that is about to start
 *
 * The exit status is asked for with the start, so that none is missed; what the container writes
 * first is held back by its console until this command is connected.
 */

#include "cli/single_attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>

#include "cli/background.h"
#include "cli/console_client.h"
#include "cli/container_find.h"
#include "cli/detach_keys.h"
#include "cli/replica_wait.h"
#include "cli/signal_fd.h"
#include "cli/single_change.h"
#include "supervise/single.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/place.h"
#include "util/text.h"

/* The console is looked for this often even when no event comes. */
#define TICK_MS 1000
#define STATUS_UNKNOWN 125

static void pass_signal(void *context, int number)
{
    const char *name = context;
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;
    AUTO_CLOSE int pidfd = -1;
    struct error ignored = { 0 };

    if (single_change_look(name, &stack, &replica, &ignored) == 0 &&
        container_find_open_process(replica, &pidfd, &ignored) == 0)
        pidfd_send_signal(pidfd, number, NULL, 0);
}

/* In one request, so that no end is missed. */
static struct json *new_start(const char *name)
{
    struct json *body = json_new_object();

    json_set_text(body, "service", name);
    json_set_bool(body, "next", true);
    json_set_bool(body, "start", true);
    return body;
}

/* Until the console is there, or the run is over before it was. */
static int connect_to(struct console_client *client, const char *path,
                      const struct background_post *wait, int wake_fd, struct error *err)
{
    struct pollfd news = { .fd = wake_fd, .events = POLLIN };

    for (;;) {
        bool is_over = background_post_is_done(wait);

        if (console_client_connect(client, path, err) == 0)
            return 0;
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        if (is_over)
            return 0;
        if (poll(&news, 1, TICK_MS) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for the container");
        background_take_wake(wake_fd);
    }
}

static void await(const struct background_post *wait, int wake_fd)
{
    struct pollfd news = { .fd = wake_fd, .events = POLLIN };

    while (!background_post_is_done(wait)) {
        if (poll(&news, 1, TICK_MS) > 0)
            background_take_wake(wake_fd);
    }
}

/* The supervisor died with the question: the one that follows knows the container. */
static int ask_again(const char *name, const struct background_post *wait, int *status_out,
                     struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;

    if (single_change_look(name, &stack, &replica, err) < 0)
        return -1;
    if (json_find_int(replica, "pid", 0) == 0)
        return background_post_result(wait, err);
    return replica_wait_exit(SINGLE_PROJECT, replica, status_out, err);
}

static int find_status(const char *name, const struct background_post *wait, int *status_out,
                       struct error *err)
{
    const struct json *answer = background_post_answer(wait);

    if (!answer)
        return ask_again(name, wait, status_out, err);
    *status_out = (int)json_find_int(answer, "exit_code", STATUS_UNKNOWN);
    if (text_equal(json_find_text(answer, "exit_kind", ""), "start"))
        return error_set(err, ERROR_SYSTEM, "%s", json_find_text(answer, "exit_reason", ""));
    return 0;
}

static int start(const struct single_attach *attach, int wake_fd, struct background_post **wait,
                 struct error *err)
{
    if (background_watch_events(SINGLE_PROJECT, wake_fd, err) < 0)
        return -1;
    return background_post_start(SINGLE_PROJECT, "/v1/wait", new_start(attach->name), wake_fd, wait,
                                 err);
}

static int run(const struct single_attach *attach, struct detach_keys *keys, int *status_out,
               bool *detached_out, struct error *err)
{
    __attribute__((cleanup(background_post_cleanup))) struct background_post *wait = NULL;
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;
    AUTO_FREE char *path = NULL;
    enum console_client_end end = CONSOLE_CLIENT_ENDED;
    struct console_client client = {
        .fd = -1,
        .has_terminal = attach->has_terminal,
        .has_input = attach->has_input,
        .detach = keys,
        .pass_signal = attach->passes_signals ? pass_signal : NULL,
        .context = (void *)(uintptr_t)attach->name,
    };
    int wake_fd;

    /* The threads write to it for as long as they live, and so it is not closed. */
    if (single_change_look(attach->name, &stack, &replica, err) < 0 ||
        background_open_wake(&wake_fd, err) < 0 || start(attach, wake_fd, &wait, err) < 0)
        return -1;
    path = place_in_run("stacks/%s/consoles/%s.sock", SINGLE_PROJECT,
                        json_find_text(replica, "id", ""));
    if (connect_to(&client, path, wait, wake_fd, err) < 0 ||
        (client.fd >= 0 && console_client_run(&client, &end, err) < 0))
        return -1;
    *detached_out = end == CONSOLE_CLIENT_DETACHED;
    if (*detached_out)
        return 0;
    await(wait, wake_fd);
    return find_status(attach->name, wait, status_out, err);
}

int single_attach_run(const struct single_attach *attach, int *status_out, bool *detached_out,
                      struct error *err)
{
    static const int passed[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
    const char *text = attach->detach_keys ? attach->detach_keys : DETACH_KEYS_DEFAULT;
    struct detach_keys keys;
    AUTO_CLOSE int signal_fd = -1;

    /* Blocked before there are threads; the console's client takes them later. */
    if (detach_keys_parse(text, &keys, err) < 0 ||
        signal_fd_open(passed, attach->passes_signals ? ARRAY_SIZE(passed) : 1, &signal_fd, err) <
            0)
        return -1;
    return run(attach, &keys, status_out, detached_out, err);
}
