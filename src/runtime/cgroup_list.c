/* SPDX-License-Identifier: MIT */

/*
 * The processes of a cgroup
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cgroup.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define LIST_LIMIT (8 << 20)

struct list {
    pid_t *items;
    size_t count;
};

static int add_listed(struct list *list, int dirfd, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    if (file_read(dirfd, "cgroup.procs", LIST_LIMIT, &text, err) < 0)
        return -1;
    for (const char *p = text_get(&text); *p;) {
        char *end = NULL;
        long pid = strtol(p, &end, 10);

        if (end == p)
            break;
        *ALLOC_APPEND(list->items, list->count) = (pid_t)pid;
        p = end + (*end == '\n');
    }
    return 0;
}

/* A cgroup that goes away meanwhile has no processes any more. */
static int add_below(struct list *list, int dirfd, struct error *err)
{
    AUTO_CLOSE int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (copy < 0 || add_listed(list, dirfd, err) < 0)
        return copy < 0 ? error_set_errno(err, errno, "open a cgroup") : -1;
    if (file_list(copy, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_CLOSE int fd =
            openat(dirfd, names.items[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || add_below(list, fd, err) == 0)
            continue;
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    }
    return 0;
}

/* Any hierarchy has all of them; that of the pids is there on every host. */
int cgroup_list(const struct cgroup *cgroup, pid_t **out, size_t *count_out, struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_PIDS);
    struct list list = { 0 };

    if (dirfd < 0)
        dirfd = cgroup_get_unified(cgroup);
    if (dirfd < 0)
        return error_set(err, ERROR_UNSUPPORTED, "no cgroup that lists its processes");
    if (add_below(&list, dirfd, err) < 0) {
        free(list.items);
        return -1;
    }
    *out = list.items;
    *count_out = list.count;
    return 0;
}

bool cgroup_list_has(const struct cgroup *cgroup, pid_t pid)
{
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };
    AUTO_FREE char *place = alloc_format("/%s", cgroup->path);
    char name[64];

    snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
    if (file_read(AT_FDCWD, name, 65536, &text, &ignored) < 0)
        return false;
    for (const char *p = strstr(text_get(&text), place); p; p = strstr(p + 1, place)) {
        if (strchr("/\n", p[strlen(place)])) /* or it is the beginning of a longer name */
            return true;
    }
    return false;
}
