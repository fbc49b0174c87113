/* SPDX-License-Identifier: MIT */

/*
 * Blocking calls of the control API in threads
 */

#include "cli/background.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/remote.h"
#include "cli/signal_fd.h"
#include "supervise/control.h"
#include "util/alloc.h"
#include "util/error.h"

/* "No old events, only what happens from now on." */
#define FROM_NOW_ON INT64_MAX

struct background_post {
    char *project, *path;
    struct json *body, *answer;
    int wake_fd, result;
    struct error err;
    atomic_bool is_done;
};

struct watch {
    char *project;
    int wake_fd;
};

int background_open_signals(int *fd_out, struct error *err)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

    return signal_fd_open(signals, ARRAY_SIZE(signals), fd_out, err);
}

bool background_take_signal(int fd)
{
    return signal_fd_take(fd) != 0;
}

int background_open_wake(int *fd_out, struct error *err)
{
    *fd_out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return *fd_out < 0 ? error_set_errno(err, errno, "open an eventfd") : 0;
}

bool background_take_wake(int fd)
{
    uint64_t count;

    return read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t written;

    do
        written = write(fd, &one, sizeof(one));
    while (written < 0 && errno == EINTR);
}

static bool wake_for_event(void *context, const struct json *event)
{
    const struct watch *watch = context;

    (void)event;
    wake(watch->wake_fd);
    return true;
}

static void *watch_run(void *argument)
{
    struct watch *watch = argument;
    struct error err = { 0 };

    /* The end of the stream is news, too. */
    if (control_follow(watch->project, FROM_NOW_ON, wake_for_event, watch, &err) < 0)
        error_clear(&err);
    wake(watch->wake_fd);
    free(watch->project);
    free(watch);
    return NULL;
}

static int start_thread(void *(*run)(void *), void *argument, struct error *err)
{
    pthread_t thread;
    int number = pthread_create(&thread, NULL, run, argument);

    if (number != 0)
        return error_set_errno(err, number, "start a thread");
    pthread_detach(thread);
    return 0;
}

int background_watch_events(const char *project, int wake_fd, struct error *err)
{
    struct watch *watch = alloc_new(struct watch);

    *watch = (struct watch){ alloc_text(project), wake_fd };
    if (start_thread(watch_run, watch, err) == 0)
        return 0;
    free(watch->project);
    free(watch);
    return -1;
}

static void free_post(struct background_post *post)
{
    json_free(post->body);
    json_free(post->answer);
    free(post->project);
    free(post->path);
    free(post);
}

static void *post_run(void *argument)
{
    struct background_post *post = argument;
    int wake_fd = post->wake_fd;

    post->result =
        remote_ask(post->project, post->path, STEAL_PTR(post->body), &post->answer, &post->err);
    /* From here on the post may be gone. */
    atomic_store(&post->is_done, true);
    wake(wake_fd);
    return NULL;
}

int background_post_start(const char *project, const char *path, struct json *body, int wake_fd,
                          struct background_post **out, struct error *err)
{
    struct background_post *post = alloc_new(struct background_post);

    post->project = alloc_text(project);
    post->path = alloc_text(path);
    post->body = body;
    post->wake_fd = wake_fd;
    if (start_thread(post_run, post, err) < 0) {
        free_post(post);
        return -1;
    }
    *out = post;
    return 0;
}

const struct json *background_post_answer(const struct background_post *post)
{
    return post->answer;
}

bool background_post_is_done(const struct background_post *post)
{
    return atomic_load(&post->is_done);
}

int background_post_result(const struct background_post *post, struct error *err)
{
    if (post->result < 0)
        *err = post->err;
    return post->result;
}

void background_post_free(struct background_post *post)
{
    if (post && background_post_is_done(post))
        free_post(post);
}
