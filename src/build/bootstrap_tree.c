/* SPDX-License-Identifier: MIT */

/*
 * The file system of a base image, in the making
 */

#include "build/bootstrap_tree.h"

#include <string.h>
#include <sys/stat.h>

#include "image/tree.h"
#include "util/cleanup.h"
#include "util/file.h"

void bootstrap_tree_note(const struct bootstrap_tree *tree, const char *doing)
{
    if (tree->request->progress)
        tree->request->progress(tree->request->context, doing);
}

int bootstrap_tree_put(const struct bootstrap_tree *tree, const char *path, mode_t mode,
                       const char *content, struct error *err)
{
    const struct tree_entry entry = { .path = path, .mode = mode, .link = content, .mtime = -1 };
    AUTO_CLOSE int fd = -1;

    if (tree_put(tree->fd, &entry, &fd, err) < 0)
        return -1;
    if (fd < 0)
        return 0;
    if (file_write_all(fd, content, strlen(content), err) < 0)
        return -1;
    return tree_finish_file(fd, &entry, err);
}
