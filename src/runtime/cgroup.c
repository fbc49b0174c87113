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

#include "runtime/cgroup_mark.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

int cgroup_format_path(const char *parent, const char *id, char out[CGROUP_PATH_MAX],
                       struct error *err)
{
    bool whole = parent && parent[0] == '/';
    int length = 0;

    if (whole) {
        parent += strspn(parent, "/");
        length = snprintf(out, CGROUP_PATH_MAX, "%s", parent);
    } else {
        length = snprintf(out, CGROUP_PATH_MAX, "carte%s%s%s%s", parent ? "/" : "",
                          parent ? parent : "", id ? "/" : "", id ? id : "");
    }
    while (length > 0 && length < CGROUP_PATH_MAX && out[length - 1] == '/')
        out[--length] = '\0';
    if (length <= 0 || length >= CGROUP_PATH_MAX)
        return error_set(err, ERROR_INVALID, "the cgroup's path '%.64s' is empty or too long",
                         whole ? parent : id);
    for (const char *p = out; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
            return error_set(err, ERROR_INVALID, "the cgroup's path '%.64s' leaves its root", out);
    }
    return 0;
}

/*
 * On version 2 a folder's children have only the controllers that it hands down: those that we
 * always use, and `wanted`.
 */
static int hand_down(int rootfd, const char *folder, unsigned wanted, struct error *err)
{
    AUTO_TEXT struct text have = { 0 };
    AUTO_TEXT struct text handed = { 0 };
    AUTO_CLOSE int fd = openat(rootfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open cgroup '%s'", folder);
    if (file_read(fd, "cgroup.controllers", 4096, &have, err) < 0 ||
        file_read(fd, "cgroup.subtree_control", 4096, &handed, err) < 0)
        return -1;
    for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
        const char *name = cgroup_layout_get_name((enum cgroup_controller)c, CGROUP_V2);
        char text[16];

        if (!name || (c >= CGROUP_FIRST_OPTIONAL && !(wanted >> c & 1)) ||
            !text_has_word(text_get(&have), ' ', name) ||
            text_has_word(text_get(&handed), ' ', name))
            continue;
        snprintf(text, sizeof(text), "+%s", name);
        if (file_write_control(fd, "cgroup.subtree_control", text, err) < 0)
            return error_wrap(err,
                              "cgroup '%s' cannot hand the controller '%s' down: "
                              "run in a cgroup without processes of its own",
                              folder, name);
    }
    return 0;
}

/* A cgroup of this kind takes no process before it has cores and memory: those of its parent. */
static int fill_cpuset(int rootfd, const char *path, struct error *err)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
    AUTO_CLOSE int fd = openat(rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int above = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (above < 0)
        return error_set_errno(err, errno, "open cgroup '%s'", path);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO_TEXT struct text list = { 0 };
        AUTO_TEXT struct text own = { 0 };

        if (file_read(above, files[i], 4096, &list, err) < 0 ||
            file_read(fd, files[i], 4096, &own, err) < 0)
            return -1;
        if (own.length <= 1 && file_write_control(fd, files[i], text_get(&list), err) < 0)
            return -1;
    }
    return 0;
}

static int make_one(const struct cgroup_hierarchy *hierarchy, const char *path, struct error *err)
{
    if (mkdirat(hierarchy->rootfd, path, 0755) < 0)
        return -1;
    if (hierarchy->version == CGROUP_V1 && (hierarchy->owned >> CGROUP_CPUSET & 1) &&
        fill_cpuset(hierarchy->rootfd, path, err) < 0) {
        unlinkat(hierarchy->rootfd, path, AT_REMOVEDIR);
        errno = EIO;
        return -1;
    }
    return 0;
}

/* Make the folders above `path`, which lies below the mount point. */
static int make_parents(const struct cgroup_hierarchy *hierarchy, const char *path, unsigned wanted,
                        struct error *err)
{
    char folder[CGROUP_PATH_MAX];

    if (hierarchy->version == CGROUP_V2 && hand_down(hierarchy->rootfd, ".", wanted, err) < 0)
        return -1;
    for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(p - path), path);
        if (make_one(hierarchy, folder, err) < 0 && errno != EEXIST)
            return err->code ? -1
                             : error_set_errno(err, errno, "make '%s/%s'", hierarchy->path, folder);
        if (hierarchy->version == CGROUP_V2 &&
            hand_down(hierarchy->rootfd, folder, wanted, err) < 0)
            return -1;
    }
    return 0;
}

/* A sweep may remove an empty parent between two calls: then begin again. */
static int make_folder(const struct cgroup_hierarchy *hierarchy, const char *path, unsigned wanted,
                       struct error *err)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        if (make_one(hierarchy, path, err) == 0)
            return 0;
        if (err->code)
            return -1;
        if (errno == EEXIST && unlinkat(hierarchy->rootfd, path, AT_REMOVEDIR) == 0)
            continue;
        if (errno == EBUSY)
            return error_set(err, ERROR_EXISTS,
                             "cgroup '%s' is in use: stop the container that runs in it", path);
        if (errno != ENOENT)
            break;
        if (make_parents(hierarchy, path, wanted, err) < 0)
            return -1;
    }
    return error_set_errno(err, errno, "make '%s/%s'", hierarchy->path, path);
}

static int open_folder(const struct cgroup_hierarchy *hierarchy, const char *path)
{
    return openat(hierarchy->rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Those whose controllers are all optional and not wanted cost time and show nothing. */
static bool is_used(const struct cgroup_layout *layout, size_t index, unsigned wanted)
{
    const unsigned always = (1U << CGROUP_FIRST_OPTIONAL) - 1;

    return (int)index == layout->unified ||
           (layout->hierarchies[index].owned & (always | wanted)) != 0;
}

static int create_one(struct cgroup *cgroup, size_t index, bool whole, unsigned wanted,
                      struct error *err)
{
    const struct cgroup_hierarchy *hierarchy = &cgroup->layout->hierarchies[index];

    /* Parents of ours hand down what we always use, since they were made by us. */
    if ((wanted || whole) && hierarchy->version == CGROUP_V2 &&
        make_parents(hierarchy, cgroup->path, wanted, err) < 0)
        return -1;
    if (make_folder(hierarchy, cgroup->path, wanted, err) < 0)
        return -1;
    cgroup->dirfd[index] = open_folder(hierarchy, cgroup->path);
    if (cgroup->dirfd[index] >= 0)
        return 0;
    error_set_errno(err, errno, "open '%s/%s'", hierarchy->path, cgroup->path);
    unlinkat(hierarchy->rootfd, cgroup->path, AT_REMOVEDIR);
    return -1;
}

/* Remove what was made, and leave alone what is another's where that is why nothing more was. */
static void abandon(const struct cgroup *cgroup, const char *parent, const char *id)
{
    AUTO_TEXT struct text mark = { 0 };
    struct error ignored = { 0 };

    if (cgroup_mark_format(cgroup, &mark, &ignored) < 0 ||
        cgroup_remove(parent, id, text_get(&mark), &ignored) < 0)
        error_clear(&ignored);
}

int cgroup_create(const char *parent, const char *id, unsigned wanted, struct cgroup *out,
                  struct error *err)
{
    bool whole = parent && parent[0] == '/';
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (cgroup_layout_get(&cgroup.layout, err) < 0 ||
        cgroup_format_path(parent, id, cgroup.path, err) < 0)
        return -1;
    for (size_t i = 0; i < cgroup.layout->count; i++) {
        if (is_used(cgroup.layout, i, wanted) && create_one(&cgroup, i, whole, wanted, err) < 0) {
            abandon(&cgroup, parent, id);
            return -1;
        }
    }
    *out = cgroup;
    cgroup = (struct cgroup)CGROUP_NONE;
    return 0;
}

/* Open the path that is set wherever it exists. */
static int open_all(struct cgroup *cgroup, const char *name, struct error *err)
{
    bool found = false;

    for (size_t i = 0; i < cgroup->layout->count; i++) {
        cgroup->dirfd[i] = open_folder(&cgroup->layout->hierarchies[i], cgroup->path);
        if (cgroup->dirfd[i] < 0 && errno != ENOENT)
            return error_set_errno(err, errno, "open cgroup '%s'", cgroup->path);
        found = found || cgroup->dirfd[i] >= 0;
    }
    return found ? 0 : error_set(err, ERROR_NOT_FOUND, "container '%s' does not exist", name);
}

int cgroup_open(const char *parent, const char *id, struct cgroup *out, struct error *err)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;

    if (cgroup_layout_get(&cgroup.layout, err) < 0 ||
        cgroup_format_path(parent, id, cgroup.path, err) < 0 ||
        open_all(&cgroup, id ? id : parent, err) < 0)
        return -1;
    *out = cgroup;
    cgroup = (struct cgroup)CGROUP_NONE;
    return 0;
}

int cgroup_open_below(const struct cgroup *cgroup, const char *path, struct cgroup *out,
                      struct error *err)
{
    AUTO_CGROUP struct cgroup below = CGROUP_NONE;
    char whole[2 * CGROUP_PATH_MAX];

    snprintf(whole, sizeof(whole), "/%s/%.400s", cgroup->path, path);
    below.layout = cgroup->layout;
    if (cgroup_format_path(whole, NULL, below.path, err) < 0 || open_all(&below, path, err) < 0)
        return -1;
    *out = below;
    below = (struct cgroup)CGROUP_NONE;
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

int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct error *err)
{
    const struct cgroup_layout *layout = cgroup->layout;
    char text[16];

    snprintf(text, sizeof(text), "%d", (int)pid);
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->hierarchies[i].version == CGROUP_V1 && cgroup->dirfd[i] >= 0 &&
            file_write_control(cgroup->dirfd[i], "tasks", text, err) < 0)
            return error_wrap(err, "join cgroup '%s/%s'", layout->hierarchies[i].path,
                              cgroup->path);
    }
    return 0;
}
