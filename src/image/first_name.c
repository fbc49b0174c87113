/* SPDX-License-Identifier: MIT */

/*
 * Files with several names
 */

#include "image/first_name.h"

#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "util/alloc.h"

struct first_name {
    dev_t device;
    ino_t inode;
    char *path;
};

static int compare(const void *a, const void *b)
{
    const struct first_name *one = a;
    const struct first_name *two = b;

    if (one->device != two->device)
        return one->device < two->device ? -1 : 1;
    return one->inode == two->inode ? 0 : one->inode < two->inode ? -1 : 1;
}

static void node_free(void *node)
{
    struct first_name *name = node;

    free(name->path);
    free(name);
}

const char *first_name_find(struct first_names *names, const struct stat *status, const char *path)
{
    struct first_name *name = NULL;
    struct first_name **found = NULL;

    if (status->st_nlink < 2 || !S_ISREG(status->st_mode))
        return NULL;
    name = alloc_new(struct first_name);
    *name = (struct first_name){ .device = status->st_dev, .inode = status->st_ino };
    found = tsearch(name, &names->tree, compare);
    if (!found)
        abort();
    if (*found == name) {
        name->path = alloc_text(path);
        return NULL;
    }
    free(name);
    return (*found)->path;
}

void first_name_done(struct first_names *names)
{
    tdestroy(names->tree, node_free);
    names->tree = NULL;
}
