/* SPDX-License-Identifier: MIT */

/*
 * Whose a cgroup is, where the path alone does not say it
 *
 * A word for each folder: device and inode, which is the kernel's id of the cgroup. It has 64
 * bits and is counted up, so it does not come back before the machine starts anew.
 */

#include "runtime/cgroup_mark.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "util/error.h"
#include "util/text.h"

#define WORD_MAX 64

static int format_word(int dirfd, char out[WORD_MAX], struct error *err)
{
    struct stat status;

    if (fstat(dirfd, &status) < 0)
        return error_set_errno(err, errno, "look at a cgroup");
    snprintf(out, WORD_MAX, "%llx:%llx", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    return 0;
}

int cgroup_mark_format(const struct cgroup *cgroup, struct text *out, struct error *err)
{
    for (size_t i = 0; i < CGROUP_HIERARCHY_MAX; i++) {
        char word[WORD_MAX];

        if (cgroup->dirfd[i] < 0)
            continue;
        if (format_word(cgroup->dirfd[i], word, err) < 0)
            return -1;
        text_add_format(out, "%s%s", out->length > 0 ? " " : "", word);
    }
    return 0;
}

int cgroup_mark_has(const char *mark, int dirfd, bool *out, struct error *err)
{
    char word[WORD_MAX];

    if (mark && format_word(dirfd, word, err) < 0)
        return -1;
    *out = !mark || text_has_word(mark, ' ', word);
    return 0;
}

int cgroup_mark_keep(const char *mark, struct cgroup *cgroup, bool *out, struct error *err)
{
    bool kept = false;

    for (size_t i = 0; i < CGROUP_HIERARCHY_MAX; i++) {
        bool has = false;

        if (cgroup->dirfd[i] < 0)
            continue;
        if (cgroup_mark_has(mark, cgroup->dirfd[i], &has, err) < 0)
            return -1;
        kept = kept || has;
        if (has)
            continue;
        close(cgroup->dirfd[i]);
        cgroup->dirfd[i] = -1;
    }
    *out = kept;
    return 0;
}
