/* SPDX-License-Identifier: MIT */

/*
 * One look through a store: private to fsck*.c
 */

#pragma once

#include "image/catalog.h"
#include "image/fsck.h"
#include "image/session.h"
#include "util/strings.h"

struct fsck_check {
    struct store *store;
    int store_fd;
    const struct fsck_options *options;
    struct fsck_summary summary;
    struct catalog catalog;
    struct session *session;  /* when there is something to write */
    struct strings bad_blobs; /* digests whose content is another */
};

/* Report what was found; `cure` is what to do about it or, when it is `repaired`, what was done. */
void fsck_check_damage(struct fsck_check *check, const char *what, const char *cure, bool repaired);

/* Report, and with --repair remove, what nobody needs. */
int fsck_check_leftover(struct fsck_check *check, const char *folder, const char *name,
                        const char *why, struct error *err) MUST_CHECK;

/* Take `name` out of `folder` at once, and remove it. */
int fsck_check_remove(struct fsck_check *check, const char *folder, const char *name,
                      struct error *err) MUST_CHECK;
