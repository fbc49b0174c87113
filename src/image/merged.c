/* SPDX-License-Identifier: MIT */

/*
 * Several layers seen as one tree
 *
 * A folder of the view is the list of the folders that make it up, topmost first; a step to a
 * name in it gives the list of the next. Only names are opened, never paths, and never a link.
 */

#include "image/merged.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define LINKS_MAX 40

struct folder {
    int *fds;
    size_t count;
};

struct merged {
    struct folder root;
};

static void folder_done(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        close(folder->fds[i]);
    free(folder->fds);
    *folder = (struct folder){ 0 };
}

#define AUTO_FOLDER __attribute__((cleanup(folder_done)))

static void folder_add(struct folder *folder, int fd)
{
    int *place = ALLOC_APPEND(folder->fds, folder->count);

    *place = fd;
}

static int folder_copy(struct folder *to, const struct folder *from, struct error *err)
{
    folder_done(to);
    for (size_t i = 0; i < from->count; i++) {
        int fd = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
            return error_set_errno(err, errno, "duplicate a descriptor");
        folder_add(to, fd);
    }
    return 0;
}

void merged_node_done(struct merged_node *node)
{
    free(node->path);
    free(node->link);
    *node = (struct merged_node){ 0 };
}

struct merged *merged_open(const struct strings *layers, struct error *err)
{
    AUTO(merged) struct merged *merged = alloc_new(struct merged);

    for (size_t i = 0; i < layers->count; i++) {
        int fd = open(layers->items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) {
            error_set_errno(err, errno, "open folder '%s'", layers->items[i]);
            return NULL;
        }
        folder_add(&merged->root, fd);
    }
    return STEAL_PTR(merged);
}

void merged_free(struct merged *merged)
{
    if (!merged)
        return;
    folder_done(&merged->root);
    free(merged);
}

bool merged_is_whiteout(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

bool merged_is_opaque(int folder_fd)
{
    char value = 0;

    return fgetxattr(folder_fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/*
 * From `folder` to `name`. Of a folder, `next` is filled; of anything else *file_fd is the
 * descriptor in `folder` of the layer that has it.
 */
static int step(const struct folder *folder, const char *name, struct folder *next,
                struct stat *status, int *file_fd, struct error *err)
{
    *file_fd = -1;
    for (size_t i = 0; i < folder->count; i++) {
        struct stat here;
        int fd = -1;

        if (fstatat(folder->fds[i], name, &here, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                continue;
            return error_set_errno(err, errno, "look at '%s'", name);
        }
        if (merged_is_whiteout(&here) || (!S_ISDIR(here.st_mode) && next->count > 0))
            return 0;
        if (next->count == 0)
            *status = here;
        if (!S_ISDIR(here.st_mode)) {
            *file_fd = folder->fds[i];
            return 0;
        }
        fd = openat(folder->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return error_set_errno(err, errno, "open folder '%s'", name);
        folder_add(next, fd);
        if (merged_is_opaque(fd))
            return 0;
    }
    return 0;
}

static char *read_link(int folder_fd, const char *name, struct error *err)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(folder_fd, name, target, sizeof(target) - 1);

    if (length < 0) {
        error_set_errno(err, errno, "read link '%s'", name);
        return NULL;
    }
    return alloc_text_part(target, (size_t)length);
}

/* A look-up on its way: `here` is the folder `done` names, `pending` is what is left to go. */
struct walk {
    const struct merged *merged;
    struct text done;
    char *pending;
    struct folder here;
    struct stat status;
    bool found, follow;
    unsigned links;
    char *link;
    int file_fd;
};

static void walk_done(struct walk *walk)
{
    text_done(&walk->done);
    free(walk->pending);
    folder_done(&walk->here);
    free(walk->link);
}

#define AUTO_WALK __attribute__((cleanup(walk_done)))

static int walk_run(struct walk *walk, struct error *err);

static int walk_begin(struct walk *walk, struct error *err)
{
    if (folder_copy(&walk->here, &walk->merged->root, err) < 0)
        return -1;
    walk->found = walk->here.count > 0;
    walk->file_fd = -1;
    if (walk->found && fstat(walk->here.fds[0], &walk->status) < 0)
        return error_set_errno(err, errno, "look at the root");
    return 0;
}

static int walk_restart(struct walk *walk, char *path, struct error *err)
{
    free(walk->pending);
    walk->pending = path;
    text_clear(&walk->done);
    return walk_run(walk, err);
}

/* Begin again at the root, on the way to the folder above and to what is left to go. */
static int walk_up(struct walk *walk, struct error *err)
{
    const char *slash = walk->done.data ? strrchr(walk->done.data, '/') : NULL;
    size_t length = slash ? (size_t)(slash - walk->done.data) : 0;
    char *path = alloc_format("%.*s/%s", (int)length, text_get(&walk->done), walk->pending);

    free(walk->pending);
    walk->pending = path;
    text_clear(&walk->done);
    return walk_begin(walk, err);
}

static int walk_link(struct walk *walk, const char *name, struct error *err)
{
    AUTO_FREE char *target = read_link(walk->file_fd, name, err);

    if (!target)
        return -1;
    if (!walk->follow && !*walk->pending) {
        walk->link = STEAL_PTR(target);
        return 1;
    }
    if (++walk->links > LINKS_MAX)
        return error_set(err, ERROR_INVALID, "too many symbolic links at '%s'", name);
    return walk_restart(walk,
                        alloc_format("%s/%s/%s", *target == '/' ? "" : text_get(&walk->done),
                                     target, walk->pending),
                        err);
}

static void walk_push(struct walk *walk, const char *name)
{
    if (walk->done.length > 0)
        text_add_char(&walk->done, '/');
    text_add(&walk->done, name);
}

/* 0: go on, 1: the walk is at its end (a link's walk went to the end), -1: failed. */
static int walk_step(struct walk *walk, const char *name, struct error *err)
{
    AUTO_FOLDER struct folder next = { 0 };
    int ended = 0;

    if (step(&walk->here, name, &next, &walk->status, &walk->file_fd, err) < 0)
        return -1;
    walk->found = next.count > 0 || walk->file_fd >= 0;
    if (walk->file_fd >= 0 && S_ISLNK(walk->status.st_mode)) {
        bool last = !*walk->pending;

        ended = walk_link(walk, name, err);
        if (ended < 0 || !(last && !walk->follow))
            return ended < 0 ? -1 : 1;
    }
    walk_push(walk, name);
    if (walk->file_fd < 0) {
        folder_done(&walk->here);
        walk->here = next;
        next = (struct folder){ 0 };
    } else if (*walk->pending) {
        walk->found = false;
        folder_done(&walk->here);
    }
    return ended;
}

static void drop_slashes(char **rest)
{
    while (**rest == '/')
        (*rest)++;
}

static int walk_run(struct walk *walk, struct error *err)
{
    if (walk_begin(walk, err) < 0)
        return -1;
    while (*walk->pending) {
        char *rest = walk->pending;
        AUTO_FREE char *name = NULL;
        int ended = 0;

        drop_slashes(&rest);
        name = alloc_text_part(rest, strcspn(rest, "/"));
        rest += strlen(name);
        drop_slashes(&rest);
        memmove(walk->pending, rest, strlen(rest) + 1);
        if (walk->done.length + strlen(name) > PATH_MAX || strlen(name) > NAME_MAX)
            return error_set(err, ERROR_INVALID, "a path is too long: '%.60s'", name);
        if (strcmp(name, "..") == 0)
            ended = walk_up(walk, err);
        else if (*name && strcmp(name, ".") != 0)
            ended = walk_step(walk, name, err);
        if (ended != 0)
            return ended < 0 ? -1 : 0;
    }
    return 0;
}

static int look_up(const struct merged *merged, const char *path, bool follow, struct walk *walk,
                   struct error *err)
{
    *walk = (struct walk){ .merged = merged, .follow = follow, .pending = alloc_text(path) };
    return walk_run(walk, err);
}

int merged_find(const struct merged *merged, const char *path, bool follow,
                struct merged_node *node, struct error *err)
{
    AUTO_WALK struct walk walk = { 0 };

    if (look_up(merged, path, follow, &walk, err) < 0)
        return -1;
    merged_node_done(node);
    node->found = walk.found;
    node->path = text_steal(&walk.done);
    node->status = walk.status;
    node->link = STEAL_PTR(walk.link);
    return 0;
}

static bool is_visible(const struct folder *folder, const char *name)
{
    struct stat status;

    for (size_t i = 0; i < folder->count; i++) {
        if (fstatat(folder->fds[i], name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            return !merged_is_whiteout(&status);
    }
    return false;
}

int merged_list(const struct merged *merged, const char *path, struct strings *names,
                struct error *err)
{
    AUTO_WALK struct walk walk = { 0 };
    AUTO_STRINGS struct strings all = { 0 };

    if (look_up(merged, path, true, &walk, err) < 0)
        return -1;
    for (size_t i = 0; i < walk.here.count; i++) {
        if (file_list(walk.here.fds[i], &all, err) < 0)
            return error_wrap(err, "'%s'", path);
    }
    strings_sort(&all);
    for (size_t i = 0; i < all.count; i++) {
        if (i > 0 && strcmp(all.items[i], all.items[i - 1]) == 0)
            continue;
        if (is_visible(&walk.here, all.items[i]))
            strings_add(names, all.items[i]);
    }
    return 0;
}

int merged_open_file(const struct merged *merged, const char *path, struct error *err)
{
    AUTO_WALK struct walk walk = { 0 };
    const char *name = NULL;
    int fd = -1;

    if (look_up(merged, path, true, &walk, err) < 0)
        return -1;
    if (!walk.found || walk.file_fd < 0 || !S_ISREG(walk.status.st_mode))
        return error_set(err, ERROR_NOT_FOUND, "'%s' is no file", path);
    name = strrchr(text_get(&walk.done), '/');
    name = name ? name + 1 : text_get(&walk.done);
    fd = openat(walk.file_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    return fd;
}

int merged_read(const struct merged *merged, const char *path, size_t limit, struct text *out,
                struct error *err)
{
    AUTO_CLOSE int fd = merged_open_file(merged, path, err);

    if (fd < 0)
        return -1;
    if (file_read_fd(fd, limit, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}
