/* SPDX-License-Identifier: MIT */

/*
 * The supervisor and its keeper: what commands call
 */

#include "supervise/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise/control.h"
#include "supervise/keeper_start.h"
#include "supervise/revisions.h"
#include "supervise/supervisor_loop.h"
#include "supervise/sweep.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/place.h"
#include "util/text.h"

#define ANSWER_TIMEOUT_MS 10000
#define START_TIMEOUT_MS 60000
#define LOOK_MS 50
#define MESSAGE_LIMIT 4096

int supervisor_store_stack(const struct stack *stack, uint64_t *revision_out, struct error *err)
{
    return revisions_store(stack, revision_out, err);
}

/* FNV-1a: short, stable, and no secret depends on it. */
static uint32_t add_to_hash(uint32_t hash, const char *text)
{
    do {
        hash ^= (uint8_t)*text;
        hash *= UINT32_C(16777619);
    } while (*text++);
    return hash;
}

void supervisor_object_name(const char *project, char out[16])
{
    AUTO_FREE char *root = realpath(place_root(), NULL);
    uint32_t hash = UINT32_C(2166136261);

    hash = add_to_hash(hash, root ? root : place_root());
    hash = add_to_hash(hash, project);
    snprintf(out, 16, "carte%08x", hash);
}

/* Does a supervisor answer? 0: no, 1: yes, -1: it failed. */
static int look_for_answer(const char *project, struct error *err)
{
    AUTO(json) struct json *answer = NULL;

    if (control_get(project, "/v1/stack", ANSWER_TIMEOUT_MS, &answer, err) == 0)
        return 1;
    if (err->code == ERROR_DENIED || err->code == ERROR_TIMEOUT)
        return -1;
    /* None listens, or one ended in the middle of its answer and is about to be followed. */
    error_clear(err);
    return 0;
}

/* Why the supervisor could not be run, as it left it behind. */
static int report_refusal(const char *project, struct error *err)
{
    AUTO_FREE char *path = place_in_run("stacks/%s/failed", project);
    AUTO_FREE char *folder = place_in_run("stacks/%s", project);
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (file_read(AT_FDCWD, path, MESSAGE_LIMIT, &text, &ignored) < 0)
        return error_set(err, ERROR_SYSTEM,
                         "the supervisor of stack '%s' ended at once: see "
                         "%s/stacks/%s/supervisor.log",
                         project, place_root(), project);
    unlink(path);
    if (rmdir(folder) < 0)
        errno = 0;
    return error_set(err, ERROR_SYSTEM, "%s", text_get(&text));
}

/* Wait for a change of the run folder or the end of the keeper. */
static void wait_for_change(int watch, pid_t keeper)
{
    AUTO_CLOSE int pidfd = keeper > 0 ? pidfd_open(keeper, 0) : -1;
    struct pollfd fds[] = { { .fd = watch, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
    char events[4096];

    if (poll(fds, ARRAY_SIZE(fds), LOOK_MS) > 0 && fds[0].revents & POLLIN &&
        read(watch, events, sizeof(events)) < 0)
        errno = 0;
}

static int watch_folder(const char *project)
{
    AUTO_FREE char *folder = place_in_run("stacks/%s", project);
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0 && inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO) < 0)
        errno = 0;
    return fd;
}

/*
 * Reap the keeper if it has ended. 1: it took the stack for lost and said why; 0: it runs, or
 * ended because the stack has, or a moment ago had, another keeper.
 */
static int look_at_keeper(pid_t *keeper)
{
    int status = 0;

    if (*keeper <= 0 || waitpid(*keeper, &status, WNOHANG) != *keeper)
        return 0;
    *keeper = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/*
 * Until a supervisor answers. A keeper that found another one's lock may have met the last
 * moments of a dying one: as long as nobody answers and no keeper is there, one is started.
 */
static int start_and_wait(const char *project, struct error *err)
{
    AUTO_CLOSE int watch = watch_folder(project);
    int64_t until_ms = clock_now_ms() + START_TIMEOUT_MS;
    pid_t keeper = 0;

    while (clock_now_ms() < until_ms) {
        int answer = look_for_answer(project, err);

        if (answer != 0)
            return answer < 0 ? -1 : 0;
        if (keeper == 0 && !keeper_start_is_kept(project) &&
            keeper_start_new(project, &keeper, err) < 0)
            return -1;
        wait_for_change(watch, keeper);
        if (look_at_keeper(&keeper))
            return report_refusal(project, err);
    }
    return error_set(err, ERROR_TIMEOUT,
                     "the supervisor of stack '%s' did not answer within %d s: see "
                     "%s/stacks/%s/supervisor.log",
                     project, START_TIMEOUT_MS / 1000, place_root(), project);
}

int supervisor_ensure(const char *project, struct error *err)
{
    AUTO_FREE char *failed = place_in_run("stacks/%s/failed", project);
    int answer = look_for_answer(project, err);

    if (answer != 0)
        return answer < 0 ? -1 : 0;
    if (keeper_start_folders(project, err) < 0)
        return -1;
    unlink(failed);
    return start_and_wait(project, err);
}

int supervisor_run(const char *project)
{
    return supervisor_loop_run(project);
}

int supervisor_sweep(const char *project, struct error *err)
{
    AUTO_FREE char *folder = place_in_run("stacks/%s", project);
    AUTO_CLOSE int lock = -1;

    if (file_exists(AT_FDCWD, folder)) {
        if (keeper_start_is_kept(project))
            return error_set(err, ERROR_EXISTS,
                             "stack '%s' has a supervisor: run `carte-stack down`", project);
        if (supervisor_loop_lock(project, false, &lock, err) < 0)
            return -1;
    }
    return sweep_stack(project, err);
}
