/* SPDX-License-Identifier: MIT */

/*
 * Several layers seen as one tree
 *
 * Look-ups step from folder to folder (merged_folder.h). Only names are opened, never paths, and
 * never a link.
 */

#include "image/merged.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/merged_folder.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define LINKS_MAX 40

/*
 * The folder of the last look-up: files of one folder are mostly asked for one after the other.
 * A look-up takes it, so it is empty while one is on its way and after one that failed.
 */
struct cursor {
    char *path; /* resolved; NULL: none */
    struct merged_folder folder;
};

struct merged {
    struct merged_folder root;
    struct cursor *cursor;
};

void merged_node_done(struct merged_node *node)
{
    free(node->path);
    free(node->link);
    *node = (struct merged_node){ 0 };
}

struct merged *merged_open(const struct strings *layers, struct error *err)
{
    AUTO(merged) struct merged *merged = alloc_new(struct merged);

    merged->cursor = alloc_new(struct cursor);
    for (size_t i = 0; i < layers->count; i++) {
        int fd = open(layers->items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) {
            error_set_errno(err, errno, "open folder '%s'", layers->items[i]);
            return NULL;
        }
        merged_folder_add(&merged->root, fd);
    }
    return STEAL_PTR(merged);
}

void merged_free(struct merged *merged)
{
    if (!merged)
        return;
    merged_folder_done(&merged->root);
    merged_folder_done(&merged->cursor->folder);
    free(merged->cursor->path);
    free(merged->cursor);
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
 * A look-up on its way: `here` is the folder `done` names, `pending` is what is left to go. At
 * the end `here` is the folder that was found, else the one that the last name is or would be in.
 */
struct walk {
    const struct merged *merged;
    struct text done;
    char *pending;
    struct merged_folder here;
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
    merged_folder_done(&walk->here);
    free(walk->link);
}

#define AUTO_WALK __attribute__((cleanup(walk_done)))

static int walk_run(struct walk *walk, struct error *err);

/* Whether what is left to go is one name in the cursor's folder: then it begins there. */
static bool walk_take_cursor(struct walk *walk)
{
    struct cursor *cursor = walk->merged->cursor;
    size_t length = cursor->path ? strlen(cursor->path) : 0;
    const char *name = walk->pending + length;

    if (!cursor->path || strncmp(walk->pending, cursor->path, length) != 0 ||
        (length > 0 && *name++ != '/') || !*name || strchr(name, '/') || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return false;
    merged_folder_done(&walk->here);
    walk->here = cursor->folder;
    cursor->folder = (struct merged_folder){ 0 };
    text_add(&walk->done, cursor->path);
    free(STEAL_PTR(cursor->path));
    memmove(walk->pending, name, strlen(name) + 1);
    return true;
}

/* Leave the folder in which the look-up ended to the next one. */
static void walk_leave_cursor(struct walk *walk)
{
    struct cursor *cursor = walk->merged->cursor;
    bool is_folder = walk->found && walk->file_fd < 0;
    const char *path = text_get(&walk->done);
    const char *slash = strrchr(path, '/');

    free(cursor->path);
    merged_folder_done(&cursor->folder);
    cursor->path = alloc_text_part(path, is_folder ? walk->done.length
                                         : slash   ? (size_t)(slash - path)
                                                   : 0);
    cursor->folder = walk->here;
    walk->here = (struct merged_folder){ 0 };
    walk->file_fd = -1;
}

static int walk_begin(struct walk *walk, struct error *err)
{
    if (walk->done.length == 0 && walk_take_cursor(walk))
        return 0;
    if (merged_folder_copy(&walk->here, &walk->merged->root, err) < 0)
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
    AUTO_FREE char *target = merged_folder_read_link(walk->file_fd, name, err);

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
    AUTO_MERGED_FOLDER struct merged_folder next = { 0 };
    int ended = 0;

    if (merged_folder_step(&walk->here, name, &next, &walk->status, &walk->file_fd, err) < 0)
        return -1;
    walk->found = next.count > 0 || walk->file_fd >= 0;
    if (walk->file_fd >= 0 && S_ISLNK(walk->status.st_mode)) {
        bool last = !*walk->pending;

        ended = walk_link(walk, name, err);
        if (ended < 0 || !(last && !walk->follow))
            return ended < 0 ? -1 : 1;
    }
    walk_push(walk, name);
    if (next.count > 0) {
        merged_folder_done(&walk->here);
        walk->here = next;
        next = (struct merged_folder){ 0 };
    } else if (*walk->pending) {
        walk->found = false;
        merged_folder_done(&walk->here);
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
    walk_leave_cursor(&walk);
    node->found = walk.found;
    node->path = text_steal(&walk.done);
    node->status = walk.status;
    node->link = STEAL_PTR(walk.link);
    return 0;
}

static bool is_visible(const struct merged_folder *folder, const char *name)
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
    for (size_t i = 0; walk.found && i < walk.here.count; i++) {
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
    walk_leave_cursor(&walk);
    return 0;
}

/* A walk through all below a folder. */
struct descent {
    merged_visit_fn visit;
    void *context;
    struct text path;
};

static int descend(struct descent *descent, const struct merged_folder *folder, unsigned depth,
                   struct error *err);

static int meet(struct descent *descent, const struct merged_folder *folder, const char *name,
                unsigned depth, struct error *err)
{
    AUTO_MERGED_FOLDER struct merged_folder next = { 0 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    bool enter = true;
    int file_fd = -1;

    if (merged_folder_step(folder, name, &next, &node.status, &file_fd, err) < 0)
        return error_wrap(err, "'%s'", text_get(&descent->path));
    node.found = next.count > 0 || file_fd >= 0;
    if (!node.found)
        return 0;
    if (S_ISLNK(node.status.st_mode)) {
        node.link = merged_folder_read_link(file_fd, name, err);
        if (!node.link)
            return -1;
    }
    node.path = alloc_text(text_get(&descent->path));
    if (descent->visit(descent->context, &node, &enter, err) < 0)
        return -1;
    return next.count > 0 && enter ? descend(descent, &next, depth + 1, err) : 0;
}

static int descend(struct descent *descent, const struct merged_folder *folder, unsigned depth,
                   struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    size_t length = descent->path.length;

    if (depth > MERGED_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders are nested deeper than %u", MERGED_DEPTH_MAX);
    for (size_t i = 0; i < folder->count; i++) {
        if (file_list(folder->fds[i], &names, err) < 0)
            return error_wrap(err, "'%s'", text_get(&descent->path));
    }
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        if (i > 0 && strcmp(names.items[i], names.items[i - 1]) == 0)
            continue;
        text_add_format(&descent->path, "%s%s", length > 0 ? "/" : "", names.items[i]);
        if (meet(descent, folder, names.items[i], depth, err) < 0)
            return -1;
        descent->path.length = length;
        descent->path.data[length] = '\0';
    }
    return 0;
}

int merged_walk(const struct merged *merged, const char *path, merged_visit_fn visit, void *context,
                struct error *err)
{
    AUTO_WALK struct walk walk = { 0 };
    struct descent descent = { .visit = visit, .context = context };
    int result = 0;

    if (look_up(merged, path, true, &walk, err) < 0)
        return -1;
    text_add(&descent.path, text_get(&walk.done));
    if (walk.found)
        result = descend(&descent, &walk.here, 0, err);
    text_done(&descent.path);
    return result;
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
    walk_leave_cursor(&walk);
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
