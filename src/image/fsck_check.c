/* SPDX-License-Identifier: MIT */

/*
 * One look through a store
 */

#include "image/fsck_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/store.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

static void report(const struct fsck_check *check, const struct fsck_finding *finding)
{
    check->options->report(check->options->context, finding);
}

void fsck_check_damage(struct fsck_check *check, const char *what, const char *cure, bool repaired)
{
    const struct fsck_finding finding = {
        .kind = FSCK_DAMAGE,
        .what = what,
        .cure = cure,
        .repaired = repaired,
    };

    if (repaired)
        check->summary.repaired++;
    else
        check->summary.damaged++;
    report(check, &finding);
}

int fsck_check_leftover(struct fsck_check *check, const char *folder, const char *name,
                        const char *why, struct error *err)
{
    AUTO_FREE char *what = alloc_format("%s/%s: %s", folder, name, why);
    const struct fsck_finding finding = {
        .kind = FSCK_LEFTOVER,
        .what = what,
        .cure = check->options->repair ? "removed" : "'carte fsck --repair' removes it",
        .repaired = check->options->repair,
    };

    if (finding.repaired && fsck_check_remove(check, folder, name, err) < 0)
        return -1;
    if (finding.repaired)
        check->summary.repaired++;
    else
        check->summary.left++;
    report(check, &finding);
    return 0;
}

int fsck_check_remove(struct fsck_check *check, const char *folder, const char *name,
                      struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);
    AUTO_FREE char *gone = NULL;

    if (store_begin(check->store, &check->session, err) < 0)
        return -1;
    gone = session_new_name(check->session, "removed");
    if (renameat(check->store_fd, path, check->session->fd, gone) < 0)
        return error_set_errno(err, errno, "take '%s' away", path);
    return file_remove_tree(check->session->fd, gone, err);
}
