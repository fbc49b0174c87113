/* SPDX-License-Identifier: MIT */

/*
 * The folder of a tree that is being written into
 *
 * A folder stays open only from one entry to the next with the same path. What such an entry
 * replaces lies in the folder and so cannot be on the way to it, unless the way leads through a
 * link: then the folder is opened anew.
 */

#include "image/tree_cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/tree.h"
#include "util/alloc.h"
#include "util/error.h"

void tree_cursor_done(struct tree_cursor *cursor)
{
    if (cursor->fd >= 0)
        close(cursor->fd);
    free(cursor->path);
    *cursor = (struct tree_cursor){ .root = cursor->root, .fd = -1 };
}

int tree_cursor_leave(struct tree_cursor *cursor, struct error *err)
{
    const struct timespec times[2] = { cursor->mtime, cursor->mtime };
    int status = cursor->fd < 0 ? 0 : futimens(cursor->fd, times);

    if (status < 0)
        error_set_errno(err, errno, "set the time of folder '%s'", cursor->path);
    tree_cursor_done(cursor);
    return status;
}

int tree_cursor_enter(struct tree_cursor *cursor, const char *path, const char **name_out,
                      struct error *err)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    struct stat status;

    *name_out = slash ? slash + 1 : path;
    if (cursor->fd >= 0 && !cursor->is_linked && strlen(cursor->path) == length &&
        strncmp(cursor->path, path, length) == 0)
        return 0;
    if (tree_cursor_leave(cursor, err) < 0)
        return -1;
    cursor->fd = tree_open_parent(cursor->root, path, name_out, &cursor->is_linked, err);
    if (cursor->fd < 0)
        return -1;
    if (fstat(cursor->fd, &status) < 0)
        return error_set_errno(err, errno, "look at a folder");
    cursor->path = alloc_text_part(path, length);
    cursor->mtime = status.st_mtim;
    return 0;
}
