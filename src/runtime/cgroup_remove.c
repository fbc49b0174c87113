/* SPDX-License-Identifier: MIT */

/*
 * Remove cgroups
 *
 * The kernel refuses while a process that is already dead is still being taken apart, so a
 * busy folder is tried again for a bounded time.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_mark.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

#define BUSY_LIMIT_MS 2000

static bool remove_tree(int dirfd, const char *name, int64_t deadline_ms);

static void remove_children(int dirfd, const char *name, int64_t deadline_ms)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    for (const struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder)) {
        if (e->d_type == DT_DIR && e->d_name[0] != '.')
            remove_tree(fd, e->d_name, deadline_ms);
    }
    if (folder)
        closedir(folder);
}

/* False, with errno set: it is still there. */
static bool remove_tree(int dirfd, const char *name, int64_t deadline_ms)
{
    for (int wait_ms = 1;; wait_ms = MIN(2 * wait_ms, 20)) {
        if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return true;
        if (errno != EBUSY)
            return false;
        remove_children(dirfd, name, deadline_ms);
        if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return true;
        if (errno != EBUSY || clock_now_ms() >= deadline_ms)
            return false;
        poll(NULL, 0, wait_ms);
    }
}

/* Parents that bear our name go with their last child, but that of a stack stays with the stack. */
static void remove_own_parents(int rootfd, const char *path, bool of_stack)
{
    char above[CGROUP_PATH_MAX];
    char *slash = NULL;

    snprintf(above, sizeof(above), "%s", path);
    if (of_stack || !text_starts_with(path, "carte"))
        return;
    while ((slash = strrchr(above, '/')) != NULL) {
        *slash = '\0';
        if (unlinkat(rootfd, above, AT_REMOVEDIR) < 0)
            return;
    }
}

/* False, with errno set: what is ours is still there. */
static bool remove_marked(int rootfd, const char *path, const char *mark, int64_t deadline_ms)
{
    struct error ignored = { 0 };
    AUTO_CLOSE int fd = -1;
    bool is_ours = false;

    if (!mark)
        return remove_tree(rootfd, path, deadline_ms);
    /* No process of ours was ever in it: where there is one, it is another's. */
    if (!*mark)
        return unlinkat(rootfd, path, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == EBUSY;
    fd = openat(rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    return cgroup_mark_has(mark, fd, &is_ours, &ignored) == 0 &&
           (!is_ours || remove_tree(rootfd, path, deadline_ms));
}

int cgroup_remove(const char *parent, const char *id, const char *mark, struct error *err)
{
    const struct cgroup_layout *layout = NULL;
    int64_t deadline_ms = clock_now_ms() + BUSY_LIMIT_MS;
    char path[CGROUP_PATH_MAX];
    int status = 0;

    if (cgroup_layout_get(&layout, err) < 0 || cgroup_format_path(parent, id, path, err) < 0)
        return -1;
    for (size_t i = 0; i < layout->count; i++) {
        const struct cgroup_hierarchy *hierarchy = &layout->hierarchies[i];

        if (!remove_marked(hierarchy->rootfd, path, mark, deadline_ms) && status == 0)
            status = error_set_errno(err, errno, "remove cgroup '%s/%s'", hierarchy->path, path);
        remove_own_parents(hierarchy->rootfd, path, parent && id && parent[0] != '/');
    }
    return status;
}
