/* SPDX-License-Identifier: MIT */

/*
 * Hard links among the files of one copy
 */

#include "build/copy_links.h"

#include <search.h>
#include <stdlib.h>

#include "util/alloc.h"

struct link {
    dev_t device;
    ino_t inode;
    char *path;
};

static int compare(const void *a, const void *b)
{
    const struct link *left = a;
    const struct link *right = b;

    if (left->device != right->device)
        return left->device < right->device ? -1 : 1;
    return (left->inode > right->inode) - (left->inode < right->inode);
}

static void free_link(void *link)
{
    free(((struct link *)link)->path);
    free(link);
}

const char *copy_links_find(struct copy_links *links, const struct stat *status, const char *path)
{
    const struct link wanted = { .device = status->st_dev, .inode = status->st_ino };
    struct link *const *found = NULL;
    struct link *link = NULL;

    if (!S_ISREG(status->st_mode) || status->st_nlink < 2)
        return NULL;
    found = tfind(&wanted, &links->tree, compare);
    if (found)
        return (*found)->path;
    link = alloc_new(struct link);
    *link = wanted;
    link->path = alloc_text(path);
    (void)tsearch(link, &links->tree, compare);
    return NULL;
}

void copy_links_done(struct copy_links *links)
{
    tdestroy(links->tree, free_link);
    *links = (struct copy_links){ 0 };
}
