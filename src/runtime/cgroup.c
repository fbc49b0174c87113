/* SPDX-License-Identifier: MIT */

/*
 * The cgroup of a container
 *
 * Folders are made and opened by descriptor below the mount points. On version 1 a process
 * joins by writing "0" to `tasks` itself, which spares the grace period that a write to
 * cgroup.procs waits for; on version 2 it is born inside by clone3().
 */

#include "runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

/* Fill the path of carte/PARENT/ID; both parts may be NULL. */
static void set_path(struct cgroup *cgroup, const char *parent, const char *id)
{
    snprintf(cgroup->path, sizeof(cgroup->path), "carte%s%s%s%s", parent ? "/" : "",
             parent ? parent : "", id ? "/" : "", id ? id : "");
}

/* On version 2 a folder's children have only the controllers that it hands down. */
static int hand_down(int rootfd, const char *folder, struct error *err)
{
    AUTO_TEXT struct text have = { 0 };
    AUTO_CLOSE int fd = openat(rootfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    static const char *const names[] = { "cpu", "memory", "pids" };

    if (fd < 0)
        return error_set_errno(err, errno, "open cgroup '%s'", folder);
    if (file_read(fd, "cgroup.controllers", 4096, &have, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char text[16];

        if (!strstr(text_get(&have), names[i]))
            continue;
        snprintf(text, sizeof(text), "+%s", names[i]);
        if (file_write_control(fd, "cgroup.subtree_control", text, err) < 0)
            return error_wrap(err,
                              "cgroup '%s' cannot hand the controller '%s' down: "
                              "run in a cgroup without processes of its own",
                              folder, names[i]);
    }
    return 0;
}

/* Make the folders above `path`, which lies below the mount point. */
static int make_parents(const struct cgroup_hierarchy *hierarchy, const char *path,
                        struct error *err)
{
    char folder[sizeof(((struct cgroup *)NULL)->path)];

    if (hierarchy->version == CGROUP_V2 && hand_down(hierarchy->rootfd, ".", err) < 0)
        return -1;
    for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(p - path), path);
        if (mkdirat(hierarchy->rootfd, folder, 0755) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "make '%s/%s'", hierarchy->path, folder);
        if (hierarchy->version == CGROUP_V2 && hand_down(hierarchy->rootfd, folder, err) < 0)
            return -1;
    }
    return 0;
}

/* A sweep may remove an empty parent between two calls: then begin again. */
static int make_folder(const struct cgroup_hierarchy *hierarchy, const char *path,
                       struct error *err)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        if (mkdirat(hierarchy->rootfd, path, 0755) == 0)
            return 0;
        if (errno == EEXIST && unlinkat(hierarchy->rootfd, path, AT_REMOVEDIR) == 0)
            continue;
        if (errno == EBUSY)
            return error_set(err, ERROR_EXISTS,
                             "cgroup '%s' is in use: stop the container that runs in it", path);
        if (errno != ENOENT)
            break;
        if (make_parents(hierarchy, path, err) < 0)
            return -1;
    }
    return error_set_errno(err, errno, "make '%s/%s'", hierarchy->path, path);
}

static int open_folder(const struct cgroup_hierarchy *hierarchy, const char *path)
{
    return openat(hierarchy->rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_create(const char *parent, const char *id, struct cgroup *out, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (cgroup_layout_get(&cgroup.layout, err) < 0)
        return -1;
    set_path(&cgroup, parent, id);
    for (size_t i = 0; i < cgroup.layout->count; i++) {
        const struct cgroup_hierarchy *hierarchy = &cgroup.layout->hierarchies[i];

        if (make_folder(hierarchy, cgroup.path, err) < 0)
            return -1;
        cgroup.dirfd[i] = open_folder(hierarchy, cgroup.path);
        if (cgroup.dirfd[i] < 0)
            return error_set_errno(err, errno, "open '%s/%s'", hierarchy->path, cgroup.path);
    }
    *out = cgroup;
    cgroup = (struct cgroup)CGROUP_NONE;
    return 0;
}

int cgroup_open(const char *parent, const char *id, struct cgroup *out, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    bool found = false;

    if (cgroup_layout_get(&cgroup.layout, err) < 0)
        return -1;
    set_path(&cgroup, parent, id);
    for (size_t i = 0; i < cgroup.layout->count; i++) {
        cgroup.dirfd[i] = open_folder(&cgroup.layout->hierarchies[i], cgroup.path);
        if (cgroup.dirfd[i] < 0 && errno != ENOENT)
            return error_set_errno(err, errno, "open cgroup '%s'", cgroup.path);
        found = found || cgroup.dirfd[i] >= 0;
    }
    if (!found)
        return error_set(err, ERROR_NOT_FOUND, "container '%s' does not exist", id ? id : parent);
    *out = cgroup;
    cgroup = (struct cgroup)CGROUP_NONE;
    return 0;
}

void cgroup_close(struct cgroup *cgroup)
{
    int saved = errno;

    for (size_t i = 0; i < CGROUP_HIERARCHY_MAX; i++) {
        if (cgroup->dirfd[i] >= 0)
            close(cgroup->dirfd[i]);
        cgroup->dirfd[i] = -1;
    }
    errno = saved;
}

int cgroup_get_folder(const struct cgroup *cgroup, enum cgroup_controller controller)
{
    int owner = cgroup->layout->owner[controller];

    return owner < 0 ? -1 : cgroup->dirfd[owner];
}

enum cgroup_version cgroup_get_version(const struct cgroup *cgroup,
                                       enum cgroup_controller controller)
{
    int owner = cgroup->layout->owner[controller];

    return owner < 0 ? CGROUP_V2 : cgroup->layout->hierarchies[owner].version;
}

int cgroup_get_unified(const struct cgroup *cgroup)
{
    return cgroup->layout->unified < 0 ? -1 : cgroup->dirfd[cgroup->layout->unified];
}

int cgroup_join(const struct cgroup *cgroup, bool devices, struct error *err)
{
    const struct cgroup_layout *layout = cgroup->layout;

    for (size_t i = 0; i < layout->count; i++) {
        bool is_devices = layout->owner[CGROUP_DEVICES] == (int)i;

        if (layout->hierarchies[i].version != CGROUP_V1 || is_devices != devices ||
            cgroup->dirfd[i] < 0)
            continue;
        if (file_write_control(cgroup->dirfd[i], "tasks", "0", err) < 0)
            return error_wrap(err, "join cgroup '%s/%s'", layout->hierarchies[i].path,
                              cgroup->path);
    }
    return 0;
}
