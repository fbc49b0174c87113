/* SPDX-License-Identifier: MIT */

/*
 * Which cgroup hierarchies this host has
 *
 * Read from /proc/self/mountinfo. Where a controller is mounted twice the first mount counts.
 * The freezer of version 2 is preferred even beside a version 1 hierarchy of that name, since
 * a process that is frozen there can still be killed.
 */

#include "runtime/cgroup_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Of version 1 and 2; what has no name on version 2 all cgroups there can do, or none can. */
static const char *const controller_names[CGROUP_CONTROLLER_COUNT][CGROUP_VERSION_COUNT] = {
    [CGROUP_CPU] = { "cpu", "cpu" },
    [CGROUP_CPUACCT] = { "cpuacct", NULL },
    [CGROUP_MEMORY] = { "memory", "memory" },
    [CGROUP_PIDS] = { "pids", "pids" },
    [CGROUP_DEVICES] = { "devices", NULL },
    [CGROUP_FREEZER] = { "freezer", NULL },
    [CGROUP_CPUSET] = { "cpuset", "cpuset" },
    [CGROUP_IO] = { "blkio", "io" },
    [CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
    [CGROUP_NETWORK_CLASS] = { "net_cls", NULL },
    [CGROUP_NETWORK_PRIORITY] = { "net_prio", NULL },
    [CGROUP_RDMA] = { "rdma", "rdma" },
};

const char *cgroup_layout_get_name(enum cgroup_controller controller, enum cgroup_version version)
{
    return controller_names[controller][version];
}

struct mount_line {
    char path[256];
    char type[16];
    char options[256]; /* of the file system */
};

/* A line is "id parent major:minor root path options tags... - type source options". */
static bool parse_line(const char *line, size_t length, struct mount_line *out)
{
    char copy[1024];
    const char *tail = NULL;

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    tail = strstr(copy, " - cgroup");
    return tail && sscanf(copy, "%*s %*s %*s %*s %255s", out->path) == 1 &&
           sscanf(tail, " - %15s %*s %255s", out->type, out->options) == 2;
}

/* The next line about a cgroup mount; NULL: no more. */
static const char *next_mount(const char *text, struct mount_line *out)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool found = parse_line(text, length, out);

        text += length + (text[length] == '\n');
        if (found)
            return text;
    }
    return NULL;
}

/* The mount point of version 2 in a mountinfo text into `out`; false: there is none. */
static bool find_unified(const char *mountinfo, char *out, size_t size)
{
    struct mount_line mount;

    for (const char *p = next_mount(mountinfo, &mount); p; p = next_mount(p, &mount)) {
        if (strcmp(mount.type, "cgroup2") != 0)
            continue;
        snprintf(out, size, "%s", mount.path);
        return true;
    }
    return false;
}

static bool owns(const struct mount_line *mount, enum cgroup_version version,
                 enum cgroup_controller controller, const char *v2_controllers)
{
    const char *name = controller_names[controller][version];

    if (version == CGROUP_V1)
        return text_has_word(mount->options, ',', name);
    if (controller == CGROUP_DEVICES || controller == CGROUP_FREEZER ||
        controller == CGROUP_CPUACCT)
        return true;
    return name && text_has_word(v2_controllers, ' ', name);
}

static bool wants(const struct cgroup_layout *layout, enum cgroup_version version,
                  enum cgroup_controller controller)
{
    int owner = layout->owner[controller];

    if (owner < 0)
        return true;
    if (controller == CGROUP_FREEZER)
        return version == CGROUP_V2 && layout->hierarchies[owner].version == CGROUP_V1;
    return version == CGROUP_V1 && layout->hierarchies[owner].version == CGROUP_V2;
}

static void add_mount(struct cgroup_layout *layout, const struct mount_line *mount,
                      const char *v2_controllers)
{
    enum cgroup_version version = strcmp(mount->type, "cgroup2") == 0 ? CGROUP_V2 : CGROUP_V1;
    bool used = version == CGROUP_V2 && layout->unified < 0;
    int index = (int)layout->count;
    const char *name = strrchr(mount->path, '/');
    struct cgroup_hierarchy *hierarchy = NULL;

    if (layout->count == CGROUP_HIERARCHY_MAX || (version == CGROUP_V2 && !used))
        return;
    for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
        if (!owns(mount, version, (enum cgroup_controller)c, v2_controllers) ||
            !wants(layout, version, (enum cgroup_controller)c))
            continue;
        layout->owner[c] = index;
        used = true;
    }
    if (!used)
        return;
    if (version == CGROUP_V2)
        layout->unified = index;
    hierarchy = &layout->hierarchies[layout->count++];
    hierarchy->version = version;
    hierarchy->rootfd = -1;
    snprintf(hierarchy->path, sizeof(hierarchy->path), "%s", mount->path);
    snprintf(hierarchy->name, sizeof(hierarchy->name), "%.63s", name ? name + 1 : mount->path);
}

/* Leave out hierarchies whose controllers went to another one. */
static void drop_unowned(struct cgroup_layout *layout)
{
    size_t kept = 0;

    for (size_t i = 0; i < layout->count; i++) {
        unsigned owned = 0;

        for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
            if (layout->owner[c] == (int)i)
                owned |= 1U << c;
        }
        if (!owned && (int)i != layout->unified)
            continue;
        for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
            if (owned >> c & 1)
                layout->owner[c] = (int)kept;
        }
        layout->hierarchies[i].owned = owned;
        if (layout->unified == (int)i)
            layout->unified = (int)kept;
        if (kept != i)
            layout->hierarchies[kept] = layout->hierarchies[i];
        kept++;
    }
    layout->count = kept;
}

void cgroup_layout_parse(const char *mountinfo, const char *v2_controllers,
                         struct cgroup_layout *out)
{
    struct mount_line mount;

    memset(out, 0, sizeof(*out));
    out->unified = -1;
    for (size_t c = 0; c < CGROUP_CONTROLLER_COUNT; c++)
        out->owner[c] = -1;
    for (const char *p = next_mount(mountinfo, &mount); p; p = next_mount(p, &mount))
        add_mount(out, &mount, v2_controllers);
    drop_unowned(out);
}

static int open_roots(struct cgroup_layout *layout, struct error *err)
{
    for (size_t i = 0; i < layout->count; i++) {
        struct cgroup_hierarchy *hierarchy = &layout->hierarchies[i];

        hierarchy->rootfd = open(hierarchy->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (hierarchy->rootfd < 0)
            return error_set_errno(err, errno, "open '%s'", hierarchy->path);
    }
    return 0;
}

static int read_layout(struct cgroup_layout *out, struct error *err)
{
    AUTO_TEXT struct text mounts = { 0 };
    AUTO_TEXT struct text controllers = { 0 };
    char path[256];

    if (file_read(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &mounts, err) < 0)
        return -1;
    if (find_unified(text_get(&mounts), path, sizeof(path))) {
        AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
            return error_set_errno(err, errno, "open '%s'", path);
        if (file_read(fd, "cgroup.controllers", 4096, &controllers, err) < 0)
            return error_wrap(err, "'%s'", path);
    }
    cgroup_layout_parse(text_get(&mounts), text_get(&controllers), out);
    if (out->count == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "no cgroup file system is mounted: mount cgroup2 on /sys/fs/cgroup");
    return open_roots(out, err);
}

int cgroup_layout_get(const struct cgroup_layout **out, struct error *err)
{
    static struct cgroup_layout layout;
    static bool known;

    if (!known && read_layout(&layout, err) < 0)
        return error_wrap(err, "look for cgroups");
    known = true;
    *out = &layout;
    return 0;
}
