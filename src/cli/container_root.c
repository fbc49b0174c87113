/* SPDX-License-Identifier: MIT */

/*
 * The root of a container, as its own processes see it, or would
 */

#include "cli/container_root.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cli/container_find.h"
#include "cli/container_layer.h"
#include "cli/open_store.h"
#include "runtime/overlay.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

/* Opened first and looked at afterwards: the process may have ended, and its id be another's. */
static int open_running(const struct json *replica, int *out, struct error *err)
{
    AUTO_FREE char *path = alloc_format("/proc/%d/root", (int)json_find_int(replica, "pid", 0));
    AUTO_CLOSE int pidfd = -1;
    AUTO_CLOSE int fd = -1;
    struct pollfd ended = { .events = POLLIN };

    if (container_find_open_process(replica, &pidfd, err) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open the root of '%s'",
                               json_find_text(replica, "name", ""));
    ended.fd = pidfd;
    if (poll(&ended, 1, 0) != 0)
        return error_set(err, ERROR_NOT_FOUND, "container '%s' has just ended: try again",
                         json_find_text(replica, "name", ""));
    *out = STEAL_FD(fd);
    return 0;
}

static int open_stopped(const struct container_find *found, int *out, struct error *err)
{
    AUTO_CONTAINER_LAYER struct container_layer layer = { 0 };
    AUTO(store) struct store *store = open_store(err);
    struct overlay overlay = { 0 };

    if (!store || container_layer_load(found, store, &layer, err) < 0)
        return -1;
    overlay.lower = &layer.image->layers;
    overlay.upper = layer.upper;
    overlay.work = layer.work;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_set_errno(err, errno, "make a mount namespace");
    return overlay_mount(&overlay, out, err);
}

int container_root_open(const struct container_find *found, int *out, struct error *err)
{
    if (json_find_int(found->replica, "pid", 0) != 0)
        return open_running(found->replica, out, err);
    return open_stopped(found, out, err);
}
