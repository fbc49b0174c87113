/* SPDX-License-Identifier: MIT */

/*
 * The supervisor's process: set up, loop, end
 *
 * It may be killed at any instant: the keeper starts it again and it adopts what runs. When the
 * keeper is killed instead, it starts a new one and ends, and the new keeper's supervisor takes
 * over: so there is one way only in which a supervisor begins.
 */

#include "supervise/supervisor_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/rules.h"
#include "supervise/adopt.h"
#include "supervise/apply.h"
#include "supervise/commands.h"
#include "supervise/crew.h"
#include "supervise/keeper.h"
#include "supervise/keeper_start.h"
#include "supervise/network_front.h"
#include "supervise/replica.h"
#include "supervise/scaling.h"
#include "supervise/single_step.h"
#include "supervise/supervisor.h"
#include "supervise/sweep.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/place.h"

#define HANDED_OVER 75 /* any status that is neither of the keeper's */

int supervisor_loop_lock(const char *project, bool wait, int *fd_out, struct error *err)
{
    AUTO_FREE char *path = place_in_run("stacks/%s/lock", project);
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if (fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) < 0) {
        if (errno == EAGAIN || errno == EACCES)
            return error_set(err, ERROR_EXISTS, "a supervisor works on stack '%s'", project);
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock %s", path);
    }
    *fd_out = STEAL_FD(fd);
    return 0;
}

#define RULES_CHECK_S 2

static void handle_step(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    crew_step(context);
}

static void handle_second(evutil_socket_t fd, short what, void *context)
{
    struct crew *crew = context;

    (void)fd;
    (void)what;
    scaling_tick(crew);
    if (crew->seconds++ % RULES_CHECK_S == 0)
        network_front_check_rules(crew);
    /* Loading stacks and writing rules takes memory for a moment; at rest little is needed. */
    if (crew->has_stepped) {
        crew->is_at_rest = false;
    } else if (!crew->is_at_rest) {
        rules_rest();
        malloc_trim(0);
        crew->is_at_rest = true;
    }
    crew->has_stepped = false;
}

/* The keeper has recorded an exit. */
static void handle_record(evutil_socket_t fd, short what, void *context)
{
    char events[4096];

    (void)what;
    while (read(fd, events, sizeof(events)) > 0)
        continue;
    crew_touch(context);
}

static int watch_exits(struct crew *crew, struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/exits", crew->run_folder);

    crew->exits_fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    crew->exits_watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (crew->exits_fd < 0 || crew->exits_watch < 0 ||
        inotify_add_watch(crew->exits_watch, path, IN_MODIFY) < 0)
        return error_set_errno(err, errno, "watch %s", path);
    crew->exits_event =
        event_new(crew->base, crew->exits_watch, EV_READ | EV_PERSIST, handle_record, crew);
    event_add(crew->exits_event, NULL);
    return 0;
}

static struct crew *make_crew(const char *project)
{
    struct crew *crew = alloc_new(struct crew);

    crew->project = alloc_text(project);
    supervisor_object_name(project, crew->object_name);
    crew->run_folder = place_in_run("stacks/%s", project);
    crew->data_folder = place_in_root("stacks/%s", project);
    crew->exits_fd = crew->exits_watch = crew->names_watch = -1;
    crew->exit_status = HANDED_OVER;
    crew->base = event_base_new();
    crew->step_event = event_new(crew->base, -1, 0, handle_step, crew);
    crew->second_event = event_new(crew->base, -1, EV_PERSIST, handle_second, crew);
    return crew;
}

static int open_parts(struct crew *crew, struct error *err)
{
    AUTO_FREE char *images = place_in_root("images");
    AUTO_FREE char *events = alloc_format("%s/events.jsonl", crew->data_folder);

    crew->store = store_open(images, err);
    if (!crew->store || events_open(events, 0, &crew->events, err) < 0 ||
        metrics_read_host(&crew->host, err) < 0)
        return -1;
    return watch_exits(crew, err);
}

static int open_control(struct crew *crew, struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/control.sock", crew->run_folder);
    struct control_server_handlers handlers;

    commands_fill(crew, &handlers);
    return control_server_open(crew->base, path, &handlers, crew->events, &crew->control, err);
}

static int apply_first(struct crew *crew, struct error *err)
{
    const struct apply_options options = { .created = single_step_is_for(crew) };

    if (apply_current(crew, &options, err) < 0)
        return -1;
    if (single_step_is_for(crew))
        single_step_begin(crew);
    return 0;
}

static int set_up(struct crew *crew, struct error *err)
{
    static const struct timeval second = { .tv_sec = 1 };

    if (open_parts(crew, err) < 0 || adopt_all(crew, err) < 0)
        return -1;
    crew->is_new = !crew->current;
    if (crew->is_new && apply_first(crew, err) < 0)
        return -1;
    if (open_control(crew, err) < 0)
        return -1;
    event_add(crew->second_event, &second);
    crew_touch(crew);
    return 0;
}

static bool has_records(const struct crew *crew)
{
    AUTO_FREE char *path = alloc_format("%s/crew.json", crew->run_folder);

    return file_exists(AT_FDCWD, path);
}

/* Nothing runs and nothing can: leave no trace but the reason. */
static int refuse(struct crew *crew, const struct error *why)
{
    AUTO_FREE char *path = alloc_format("%s/failed", crew->run_folder);
    struct error err = { 0 };

    log_error("the stack cannot be supervised", LOG_TEXT("why", why->text));
    if (crew->replica_count || (!crew->is_new && has_records(crew)))
        return EXIT_FAILURE;
    front_stop(crew->front);
    crew->front = NULL;
    if (sweep_stack(crew->project, &err) < 0)
        log_error("something was left behind", LOG_TEXT("why", err.text));
    error_clear(&err);
    if (file_make_folders(crew->run_folder, 0700, &err) < 0 ||
        file_replace(AT_FDCWD, path, why->text, strlen(why->text), FILE_VOLATILE(0600), &err) < 0)
        log_error("the reason could not be written", LOG_TEXT("why", err.text));
    return KEEPER_REFUSED;
}

static int hand_over(const char *project)
{
    struct error err = { 0 };
    pid_t keeper = 0;

    log_warn("the keeper is gone and a new one is started", LOG_TEXT("project", project));
    if (keeper_start_new(project, &keeper, &err) < 0) {
        log_error("no keeper could be started", LOG_TEXT("why", err.text));
        return EXIT_FAILURE;
    }
    return HANDED_OVER;
}

static void handle_keeper_end(evutil_socket_t fd, short what, void *context)
{
    struct crew *crew = context;

    (void)fd;
    (void)what;
    if (!crew->is_swept)
        crew->exit_status = hand_over(crew->project);
    event_base_loopbreak(crew->base);
}

static int supervise(struct crew *crew, int keeper)
{
    struct event *keeper_event = NULL;
    struct error err = { 0 };

    if (set_up(crew, &err) < 0)
        return refuse(crew, &err);
    keeper_event = event_new(crew->base, keeper, EV_READ, handle_keeper_end, crew);
    event_add(keeper_event, NULL);
    log_info("supervising", LOG_TEXT("project", crew->project));
    event_base_dispatch(crew->base);
    event_free(keeper_event);
    return crew->exit_status;
}

/* The run folder was taken away, by a supervisor that took the stack down. */
static bool is_gone(const char *project, int lock)
{
    AUTO_FREE char *path = place_in_run("stacks/%s/lock", project);
    struct stat held;
    struct stat present;

    return stat(path, &present) < 0 || (fstat(lock, &held) == 0 && held.st_ino != present.st_ino);
}

/*
 * The parent is watched before the keeper's lock is looked at: if the lock is held then, either
 * the parent is the keeper, or the parent is gone and the watch says so.
 */
int supervisor_loop_run(const char *project)
{
    AUTO_CLOSE int keeper = pidfd_open(getppid(), 0);
    AUTO_CLOSE int lock = -1;
    AUTO_FREE char *folder = place_in_run("stacks/%s", project);
    AUTO(crew) struct crew *crew = NULL;
    struct error err = { 0 };

    log_setup(STDERR_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    signal(SIGPIPE, SIG_IGN);
    if (!file_exists(AT_FDCWD, folder))
        return KEEPER_DONE;
    if (keeper < 0 || !keeper_start_is_kept(project))
        return hand_over(project);
    if (supervisor_loop_lock(project, true, &lock, &err) < 0) {
        log_error("the stack cannot be locked", LOG_TEXT("why", err.text));
        return EXIT_FAILURE;
    }
    if (is_gone(project, lock))
        return KEEPER_DONE;
    crew = make_crew(project);
    return supervise(crew, keeper);
}
