/* SPDX-License-Identifier: MIT */

/*
 * Files with several names: which of them an archive had first
 */

#pragma once

struct stat;

struct first_names {
    void *tree;
};

/*
 * The name under which the file was met before, or NULL: it is a file of one name, or `path` is
 * the first of them and is kept for the others.
 */
const char *first_name_find(struct first_names *names, const struct stat *status, const char *path);
void first_name_done(struct first_names *names);
