/* SPDX-License-Identifier: MIT */

/*
 * Waiting for the process of a replica to end
 */

#include "cli/replica_wait.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "cli/background.h"
#include "cli/remote.h"
#include "util/error.h"
#include "util/text.h"

/* The state is looked at this often even when no event comes. */
#define TICK_MS 1000

/* As the commands of others have it when nobody knows. */
#define EXIT_UNKNOWN 125

static const struct json *find_replica(const struct json *stack, const char *id)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));

    while (replica && !text_equal(json_find_text(replica, "id", ""), id))
        replica = json_next(replica);
    return replica;
}

/* Has the run that `before` shows ended? Then *status_out tells how. */
static bool has_ended(const struct json *stack, const struct json *before, int *status_out)
{
    const struct json *now = find_replica(stack, json_find_text(before, "id", ""));

    if (now && json_find_int(now, "pid", 0) == json_find_int(before, "pid", 0) &&
        json_find_int(now, "start_time", 0) == json_find_int(before, "start_time", 0))
        return false;
    /* Its policy may have started it again already, which leaves the code of the run before. */
    *status_out = (int)json_find_int(now, "last_exit_code", EXIT_UNKNOWN);
    if (text_equal(json_find_text(now, "exit_kind", ""), "unknown"))
        *status_out = EXIT_UNKNOWN;
    return true;
}

int replica_wait_exit(const char *project, const struct json *replica, int *status_out,
                      struct error *err)
{
    struct pollfd news = { .events = POLLIN };

    /* The thread writes to it for as long as it lives, and so it is not closed. */
    if (background_open_wake(&news.fd, err) < 0 ||
        background_watch_events(project, news.fd, err) < 0)
        return -1;
    for (;;) {
        AUTO(json) struct json *stack = NULL;

        if (remote_find_stack(project, &stack, err) < 0)
            return -1;
        if (has_ended(stack, replica, status_out))
            return 0;
        if (poll(&news, 1, TICK_MS) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for the container");
        background_take_wake(news.fd);
    }
}
