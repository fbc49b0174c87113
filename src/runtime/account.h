/* SPDX-License-Identifier: MIT */

/*
 * Users and groups of an image
 *
 * Looked up in the image's own /etc/passwd and /etc/group by our own code: the host's name
 * services know nothing of them, and the image's must not run on the host.
 */

#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/macro.h"

struct container_ids;
struct error;
struct strings;

#define ACCOUNT_GROUPS_MAX 128

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[ACCOUNT_GROUPS_MAX]; /* supplementary; the first is `gid` */
    size_t group_count;
    char home[256];
};

/*
 * Pure: `user` is "name", "uid", "name:group", "uid:gid" (NULL: root), `more` supplementary
 * groups (or NULL); `passwd` and `group` are the texts of the two files. Without a group the
 * primary one and those that list the user count. ERROR_NOT_FOUND: a name is not there.
 */
int account_resolve(const char *passwd, const char *group, const char *user,
                    const struct strings *more, struct account *out, struct error *err) MUST_CHECK;

/* The same with the files below `rootfd`; a file that is missing is empty. */
int account_find(int rootfd, const char *user, const struct strings *more, struct account *out,
                 struct error *err) MUST_CHECK;

/* In numbers: exactly these, with the home folder that /etc/passwd below `rootfd` gives the user.
 */
int account_take(int rootfd, const struct container_ids *ids, struct account *out,
                 struct error *err) MUST_CHECK;
