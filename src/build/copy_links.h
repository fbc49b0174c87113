/* SPDX-License-Identifier: MIT */

/*
 * Hard links among the files of one copy
 */

#pragma once

#include <sys/stat.h>

struct copy_links {
    void *tree; /* of tsearch() */
};

/*
 * The path that a file of the same inode was noted with before, or NULL: `path` is noted then.
 * Only regular files with several names are looked at.
 */
const char *copy_links_find(struct copy_links *links, const struct stat *status, const char *path);
void copy_links_done(struct copy_links *links);
