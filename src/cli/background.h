/* SPDX-License-Identifier: MIT */

/*
 * Blocking calls of the control API in threads
 *
 * A thread does nothing but wait and then write to an eventfd; the main thread polls that, and
 * alone decides and prints. A thread that is still blocked when the command ends goes with the
 * process, and so what it uses is never freed under it.
 */

#pragma once

#include <stdbool.h>

#include "util/cleanup.h"
#include "util/json.h"
#include "util/macro.h"

struct error;

/*
 * Block SIGINT, SIGTERM and SIGHUP, and get a descriptor that becomes readable when one comes.
 * Call it before any thread is started, which inherits the mask.
 */
int background_open_signals(int *fd_out, struct error *err) MUST_CHECK;

/* Take a signal that has come; false when there is none. */
bool background_take_signal(int fd);

/* An eventfd, and its taking: true when it had been written to. */
int background_open_wake(int *fd_out, struct error *err) MUST_CHECK;
bool background_take_wake(int fd);

/* Write to `wake_fd`, which stays open for the life of the process, with each event. */
int background_watch_events(const char *project, int wake_fd, struct error *err) MUST_CHECK;

/* A POST under way; `body` is owned from then on. `wake_fd` is written to when it is answered. */
struct background_post;
int background_post_start(const char *project, const char *path, struct json *body, int wake_fd,
                          struct background_post **out, struct error *err) MUST_CHECK;

/* Has it been answered? */
bool background_post_is_done(const struct background_post *post);

/* What was answered; borrowed. It must be done; NULL: it failed. */
const struct json *background_post_answer(const struct background_post *post);

/* How it ended: 0, or -1 and *err. It must be done. */
int background_post_result(const struct background_post *post, struct error *err);

/* One that is not done yet is left to its thread. NULL is fine. */
void background_post_free(struct background_post *post);
static inline void background_post_cleanup(struct background_post **post)
{
    background_post_free(*post);
}
