/* SPDX-License-Identifier: MIT */

/*
 * What a container has changed
 *
 * The writable layer is read as it lies on the disk, where marks stand for what was deleted.
 */

#include "image/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/first_name.h"
#include "image/merged.h"
#include "image/mount_points.h"
#include "image/scan.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* A folder of the writable layer on the way through it. */
struct place {
    int fd;
    const char *path; /* "" is the root */
    bool is_below;    /* the layers below have a folder there, too */
    bool is_hidden;   /* of which nothing is seen */
    unsigned depth;
};

struct search {
    const struct changes_source *source;
    const struct merged *lower;
    struct changes *out;
};

void changes_done(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->entries[i].path);
    free(changes->entries);
    *changes = (struct changes){ 0 };
}

static void add(struct search *search, enum changes_kind kind, const char *path)
{
    struct changes_entry *entry = ALLOC_APPEND(search->out->entries, search->out->count);

    entry->kind = kind;
    entry->path = alloc_format("/%s", path);
}

static char *join(const char *folder, const char *name)
{
    return alloc_format("%s%s%s", folder, *folder ? "/" : "", name);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Size and time of folders follow from what is in them. */
static bool is_same(const struct changes_source *source, const struct stat *upper,
                    const struct stat *lower)
{
    return upper->st_mode == lower->st_mode &&
           id_shift_inside(&source->ids, upper->st_uid) == lower->st_uid &&
           id_shift_inside(&source->ids, upper->st_gid) == lower->st_gid &&
           upper->st_rdev == lower->st_rdev &&
           (S_ISDIR(upper->st_mode) ||
            (upper->st_size == lower->st_size && is_same_time(&upper->st_mtim, &lower->st_mtim)));
}

static bool is_empty(int folder, const char *name, const struct stat *status)
{
    AUTO_CLOSE int fd = -1;
    AUTO_STRINGS struct strings names = { 0 };
    struct error ignored = { 0 };

    if (S_ISREG(status->st_mode))
        return status->st_size == 0;
    if (!S_ISDIR(status->st_mode))
        return false;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && file_list(fd, &names, &ignored) == 0 && names.count == 0;
}

static int search_folder(struct search *search, const struct place *place, struct error *err);

/* What the layers below have in a folder of which nothing is seen any more. */
static int add_hidden(struct search *search, const struct place *place, const struct strings *names,
                      struct error *err)
{
    AUTO_STRINGS struct strings below = { 0 };

    if (merged_list(search->lower, place->path, &below, err) < 0)
        return -1;
    for (size_t i = 0; i < below.count; i++) {
        AUTO_FREE char *path = join(place->path, below.items[i]);

        if (!strings_has(names, below.items[i]))
            add(search, CHANGES_DELETED, path);
    }
    return 0;
}

/* A name in such a folder, and what the layers below have in its place. */
struct meeting {
    const char *name, *path;
    struct stat status;
    struct merged_node lower;
};

/* A folder that is new but for empty mount points that are left out is left out as well. */
static int search_below(struct search *search, const struct place *place, const struct meeting *met,
                        struct error *err)
{
    AUTO_CLOSE int fd =
        openat(place->fd, met->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const struct merged_node *lower = &met->lower;
    const struct place next = {
        .fd = fd,
        .path = met->path,
        .is_below = lower->found && S_ISDIR(lower->status.st_mode),
        .is_hidden = place->is_hidden || (fd >= 0 && merged_is_opaque(fd)),
        .depth = place->depth + 1,
    };
    size_t before = search->out->count;

    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", met->path);
    if (search_folder(search, &next, err) < 0)
        return -1;
    if (!lower->found && (search->out->count > before || !mount_points_has(met->path)))
        add(search, CHANGES_ADDED, met->path);
    else if (lower->found && (search->out->count > before ||
                              !is_same(search->source, &met->status, &lower->status)))
        add(search, CHANGES_CHANGED, met->path);
    return 0;
}

static int search_met(struct search *search, const struct place *place, const struct meeting *met,
                      struct error *err)
{
    bool was_there = met->lower.found;

    if (merged_is_whiteout(&met->status)) {
        if (was_there)
            add(search, CHANGES_DELETED, met->path);
        return 0;
    }
    if (!was_there && mount_points_has(met->path) && is_empty(place->fd, met->name, &met->status))
        return 0;
    if (S_ISDIR(met->status.st_mode))
        return search_below(search, place, met, err);
    if (!was_there)
        add(search, CHANGES_ADDED, met->path);
    else if (!is_same(search->source, &met->status, &met->lower.status))
        add(search, CHANGES_CHANGED, met->path);
    return 0;
}

static int search_name(struct search *search, const struct place *place, const char *name,
                       struct error *err)
{
    AUTO_FREE char *path = join(place->path, name);
    struct meeting met = { .name = name, .path = path };
    int result;

    /* What is gone by now is no change of the container any more. */
    if (fstatat(place->fd, name, &met.status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "look at '%s'", path);
    if (place->is_below && merged_find(search->lower, path, false, &met.lower, err) < 0)
        return -1;
    result = search_met(search, place, &met, err);
    merged_node_done(&met.lower);
    return result;
}

static int search_folder(struct search *search, const struct place *place, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    if (place->depth > MERGED_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders are nested deeper than %u", MERGED_DEPTH_MAX);
    if (file_list(place->fd, &names, err) < 0)
        return error_wrap(err, "'%s'", place->path);
    if (place->is_below && place->is_hidden && add_hidden(search, place, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++)
        if (search_name(search, place, names.items[i], err) < 0)
            return -1;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct changes_entry *one = a;
    const struct changes_entry *other = b;

    return strcmp(one->path, other->path);
}

static int open_upper(const struct changes_source *source, struct error *err)
{
    int fd = open(source->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? error_set_errno(err, errno, "open folder '%s'", source->upper) : fd;
}

int changes_find(const struct changes_source *source, struct changes *out, struct error *err)
{
    AUTO(merged) struct merged *lower = merged_open(source->lower, err);
    AUTO_CLOSE int fd = lower ? open_upper(source, err) : -1;
    AUTO_CHANGES struct changes found = { 0 };
    struct search search = { .source = source, .lower = lower, .out = &found };
    const struct place root = { .fd = fd, .path = "", .is_below = true };

    if (fd < 0 || search_folder(&search, &root, err) < 0)
        return -1;
    if (found.count > 0)
        qsort(found.entries, found.count, sizeof(*found.entries), compare);
    *out = found;
    found = (struct changes){ 0 };
    return 0;
}

/* Marks of what was deleted, and folders of which nothing below is seen. */
static int copy_marks(int from, int to, unsigned depth, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    if (depth > MERGED_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders are nested deeper than %u", MERGED_DEPTH_MAX);
    if (merged_is_opaque(from) && fsetxattr(to, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return error_set_errno(err, errno, "mark a folder");
    if (file_list(from, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        AUTO_CLOSE int below = -1;
        AUTO_CLOSE int copy = -1;
        struct stat status;

        if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (merged_is_whiteout(&status) && mknodat(to, name, S_IFCHR, makedev(0, 0)) < 0 &&
            errno != EEXIST)
            return error_set_errno(err, errno, "mark '%s' as deleted", name);
        if (!S_ISDIR(status.st_mode))
            continue;
        below = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        copy = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* What was made or removed since the files were copied is not part of the copy. */
        if (below >= 0 && copy >= 0 && copy_marks(below, copy, depth + 1, err) < 0)
            return -1;
    }
    return 0;
}

static int copy_entry(struct scan_entry *entry, const struct merged *view, int tree,
                      struct first_names *names, struct error *err)
{
    const char *first = first_name_find(names, &entry->status, entry->target);
    const char *name = NULL;
    bool is_linked = false;
    AUTO_CLOSE int parent = -1;

    if (!first)
        return scan_copy_entry(entry, view, tree, entry->target, err);
    parent = tree_open_parent(tree, entry->target, &name, &is_linked, err);
    return parent < 0 ? -1 : tree_put_link(parent, name, tree, first, err);
}

static int copy_all(const struct changes_source *source, const struct merged *view, int tree,
                    struct error *err)
{
    const struct scan_source everything = { .view = view };
    AUTO_SCAN struct scan scan = { 0 };
    struct first_names names = { 0 };
    int result = scan_add(&scan, &everything, "", "", err);

    for (size_t i = 0; result == 0 && i < scan.count; i++) {
        struct scan_entry *entry = &scan.entries[i];

        entry->status.st_uid = id_shift_inside(&source->ids, entry->status.st_uid);
        entry->status.st_gid = id_shift_inside(&source->ids, entry->status.st_gid);
        if (!S_ISSOCK(entry->status.st_mode))
            result = copy_entry(entry, view, tree, &names, err);
    }
    first_name_done(&names);
    return result;
}

int changes_copy(const struct changes_source *source, int tree, struct error *err)
{
    static const struct strings none = { 0 };
    AUTO_STRINGS struct strings layer = { 0 };
    AUTO(merged) struct merged *view = NULL;
    AUTO(merged) struct merged *lower = merged_open(source->lower, err);
    AUTO_CLOSE int fd = lower ? open_upper(source, err) : -1;

    strings_add(&layer, source->upper);
    view = fd < 0 ? NULL : merged_open(&layer, err);
    if (!view || copy_all(source, view, tree, err) < 0 || copy_marks(fd, tree, 0, err) < 0)
        return -1;
    return mount_points_remove(lower, tree, &none, err);
}
