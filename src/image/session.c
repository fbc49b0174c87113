/* SPDX-License-Identifier: MIT */

/*
 * A place for unfinished work
 *
 * The lock of the folder tmp/ itself covers the moment between the making of a session's
 * folder and its locking, when a sweep would take it for abandoned.
 */

#include "image/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define CONTAINER_NOTE "container."

/*
 * Ext4 makes a file in the block group of its folder, and is many times slower there when much
 * was removed from the group in the last minutes, as a prune does. Below a folder with this flag
 * each new one begins in a group of its own. Other file systems need nothing of the kind.
 */
static void spread_folders(int fd)
{
    int flags = 0;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        return;
    flags |= FS_TOPDIR_FL;
    (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int open_all(int store_fd, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    bool is_new = mkdirat(store_fd, "tmp", 0700) == 0;

    if (!is_new && errno != EEXIST)
        return error_set_errno(err, errno, "make the store's folder 'tmp'");
    fd = openat(store_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open the store's folder 'tmp'");
    if (is_new)
        spread_folders(fd);
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock the store's folder 'tmp'");
    }
    return STEAL_FD(fd);
}

/* Open the session `name` if no living process holds it, and lock it; -1: it is held. */
static int open_dead(int all, const char *name)
{
    AUTO_CLOSE int fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? STEAL_FD(fd) : -1;
}

static bool has_container(int fd)
{
    AUTO_STRINGS struct strings names = { 0 };
    struct error ignored = { 0 };

    if (file_list(fd, &names, &ignored) < 0)
        return true;
    for (size_t i = 0; i < names.count; i++) {
        if (text_starts_with(names.items[i], CONTAINER_NOTE))
            return true;
    }
    return false;
}

/* What cannot be removed now is left to the next sweep. */
static int sweep(int all, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    if (file_list(all, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_CLOSE int fd = open_dead(all, names.items[i]);
        struct error ignored = { 0 };

        if (fd >= 0 && !has_container(fd) && file_remove_tree(all, names.items[i], &ignored) < 0)
            error_clear(&ignored);
    }
    return 0;
}

int session_note_container(const struct session *session, const char *id, struct error *err)
{
    AUTO_FREE char *name = alloc_format(CONTAINER_NOTE "%s", id);
    AUTO_CLOSE int fd = openat(session->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    return fd < 0 ? error_set_errno(err, errno, "note a container in the store") : 0;
}

void session_forget_container(const struct session *session, const char *id)
{
    AUTO_FREE char *name = alloc_format(CONTAINER_NOTE "%s", id);

    unlinkat(session->fd, name, 0);
}

static int end_containers(int fd, session_container_fn end, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    if (file_list(fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (!text_starts_with(names.items[i], CONTAINER_NOTE))
            continue;
        if (end(names.items[i] + strlen(CONTAINER_NOTE), err) < 0)
            return error_wrap(err, "end the container of a killed build");
        unlinkat(fd, names.items[i], 0);
    }
    return 0;
}

int session_each_container(int store_fd, session_container_fn end, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_CLOSE int all = open_all(store_fd, err);

    if (all < 0 || file_list(all, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_CLOSE int fd = open_dead(all, names.items[i]);

        if (fd >= 0 && end_containers(fd, end, err) < 0)
            return -1;
    }
    return 0;
}

int session_sweep(int store_fd, struct error *err)
{
    AUTO_CLOSE int all = -1;

    if (!file_exists(store_fd, "tmp"))
        return 0;
    all = open_all(store_fd, err);
    return all < 0 ? -1 : sweep(all, err);
}

int session_begin(struct session *session, int store_fd, struct error *err)
{
    AUTO_CLOSE int all = -1;
    AUTO_CLOSE int fd = -1;
    AUTO_FREE char *name = NULL;

    if (session->fd >= 0)
        return 0;
    all = open_all(store_fd, err);
    if (all < 0 || sweep(all, err) < 0)
        return -1;
    for (unsigned i = 0; fd < 0; i++) {
        free(name);
        name = alloc_format("%d.%u", (int)getpid(), i);
        if (mkdirat(all, name, 0700) < 0 && errno == EEXIST)
            continue;
        fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return error_set_errno(err, errno, "make 'tmp/%s' in the store", name);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return error_set_errno(err, errno, "lock 'tmp/%s' of the store", name);
    session->fd = STEAL_FD(fd);
    session->name = STEAL_PTR(name);
    return 0;
}

char *session_new_name(struct session *session, const char *kind)
{
    return alloc_format("%s.%u", kind, session->count++);
}

void session_end(struct session *session, int store_fd)
{
    AUTO_CLOSE int all = -1;
    struct error ignored = { 0 };

    if (session->fd < 0)
        return;
    all = openat(store_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* What cannot be removed now is swept by the next process. */
    if (all >= 0 && file_remove_tree(all, session->name, &ignored) < 0)
        error_clear(&ignored);
    close(session->fd);
    free(session->name);
    *session = SESSION_NONE;
}
