/* SPDX-License-Identifier: MIT */

/*
 * What a runtime leaves in a writable layer to mount things on
 */

#include "image/mount_points.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/macro.h"

/* Those below a folder before it. */
static const char *const own[] = {
    "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc",
};

bool mount_points_has(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (strcmp(own[i], path) == 0)
            return true;
    return false;
}

/* Remove the empty folder or file `path` of the layer. Links lead no further than the layer. */
static int remove_if_empty(int tree, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent = alloc_text_part(path, slash ? (size_t)(slash - path) : 0);
    const char *name = slash ? slash + 1 : path;
    AUTO_CLOSE int folder = -1;
    struct stat status;

    if (!tree_find(tree, path, &status))
        return 0;
    folder = tree_open_folder(tree, parent, err);
    if (folder < 0)
        return -1;
    /* A folder that is not empty stays. */
    if (S_ISDIR(status.st_mode))
        unlinkat(folder, name, AT_REMOVEDIR);
    else if (S_ISREG(status.st_mode) && status.st_size == 0)
        unlinkat(folder, name, 0);
    return 0;
}

static int remove_new(const struct merged *below, int tree, const char *path, struct error *err)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };

    if (merged_find(below, path, true, &node, err) < 0)
        return -1;
    return node.found ? 0 : remove_if_empty(tree, node.path, err);
}

int mount_points_remove(const struct merged *below, int tree, const struct strings *paths,
                        struct error *err)
{
    for (size_t i = 0; i < paths->count; i++)
        if (remove_new(below, tree, paths->items[i], err) < 0)
            return -1;
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (remove_new(below, tree, own[i], err) < 0)
            return -1;
    return 0;
}
