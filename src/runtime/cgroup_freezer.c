/* SPDX-License-Identifier: MIT */

/*
 * Stop all processes of a cgroup where they are, and let them go on
 *
 * Version 2 says when all have stopped. Version 1 is asked again and again, and may get stuck
 * half-way while processes fork: then it is thawed for a moment and begins anew.
 */

#include "runtime/cgroup_freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_file.h"
#include "runtime/cgroup_usage.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* So many times version 1 is asked before it is thawed for a moment. */
#define ASK_COUNT 50

static int find_folder(const struct cgroup *cgroup, int *out, struct error *err)
{
    *out = cgroup_get_folder(cgroup, CGROUP_FREEZER);
    if (*out < 0)
        return error_set(err, ERROR_UNSUPPORTED, "this host cannot freeze cgroups");
    return 0;
}

static int set_state(const struct cgroup *cgroup, int dirfd, bool frozen, struct error *err)
{
    if (cgroup_get_version(cgroup, CGROUP_FREEZER) == CGROUP_V2)
        return cgroup_file_write(dirfd, "cgroup.freeze", frozen ? "1" : "0", err);
    return cgroup_file_write(dirfd, "freezer.state", frozen ? "FROZEN" : "THAWED", err);
}

static bool is_frozen(const struct cgroup *cgroup, int dirfd)
{
    bool v2 = cgroup_get_version(cgroup, CGROUP_FREEZER) == CGROUP_V2;
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (file_read(dirfd, v2 ? "cgroup.events" : "freezer.state", 4096, &text, &ignored) < 0)
        return false;
    if (v2)
        return cgroup_usage_find(text_get(&text), "frozen") == 1;
    return text_starts_with(text_get(&text), "FROZEN");
}

/* Who asked may have been killed before it was so. */
static bool is_asked_to_freeze(const struct cgroup *cgroup, int dirfd)
{
    bool v2 = cgroup_get_version(cgroup, CGROUP_FREEZER) == CGROUP_V2;
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (file_read(dirfd, v2 ? "cgroup.freeze" : "freezer.state", 4096, &text, &ignored) < 0)
        return false;
    return v2 ? text_starts_with(text_get(&text), "1")
              : !text_starts_with(text_get(&text), "THAWED");
}

/* The kernel tells of each change of the file by POLLPRI. */
static bool wait_v2(const struct cgroup *cgroup, int dirfd, int64_t deadline_ms)
{
    AUTO_CLOSE int events = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    struct pollfd changed = { .fd = events, .events = POLLPRI };
    int64_t left_ms = deadline_ms - clock_now_ms();

    while (events >= 0 && left_ms > 0) {
        char text[256];

        if (pread(events, text, sizeof(text), 0) < 0) /* what comes from now on counts */
            return false;
        if (is_frozen(cgroup, dirfd))
            return true;
        poll(&changed, 1, (int)MIN(left_ms, 1000));
        left_ms = deadline_ms - clock_now_ms();
    }
    return is_frozen(cgroup, dirfd);
}

static bool wait_v1(const struct cgroup *cgroup, int dirfd, int64_t deadline_ms)
{
    struct error ignored = { 0 };

    for (int asked = 1; clock_now_ms() < deadline_ms; asked++) {
        if (is_frozen(cgroup, dirfd))
            return true;
        if (asked % ASK_COUNT == 0 && set_state(cgroup, dirfd, false, &ignored) < 0)
            error_clear(&ignored);
        poll(NULL, 0, 1);
        if (set_state(cgroup, dirfd, true, &ignored) < 0)
            error_clear(&ignored);
    }
    return is_frozen(cgroup, dirfd);
}

int cgroup_freezer_freeze(const struct cgroup *cgroup, int64_t timeout_ms, struct error *err)
{
    int64_t deadline_ms = clock_now_ms() + timeout_ms;
    bool v2 = cgroup_get_version(cgroup, CGROUP_FREEZER) == CGROUP_V2;
    struct error ignored = { 0 };
    int dirfd = -1;

    if (find_folder(cgroup, &dirfd, err) < 0 || set_state(cgroup, dirfd, true, err) < 0)
        return -1;
    if ((v2 ? wait_v2 : wait_v1)(cgroup, dirfd, deadline_ms))
        return 0;
    if (set_state(cgroup, dirfd, false, &ignored) < 0)
        error_clear(&ignored);
    return error_set(err, ERROR_TIMEOUT, "processes of cgroup '%s' did not stop within %lld ms",
                     cgroup->path, (long long)timeout_ms);
}

int cgroup_freezer_thaw(const struct cgroup *cgroup, struct error *err)
{
    int dirfd = -1;

    if (find_folder(cgroup, &dirfd, err) < 0)
        return -1;
    return set_state(cgroup, dirfd, false, err);
}

bool cgroup_freezer_is_frozen(const struct cgroup *cgroup)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_FREEZER);

    return dirfd >= 0 && is_asked_to_freeze(cgroup, dirfd);
}
