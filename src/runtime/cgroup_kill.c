/* SPDX-License-Identifier: MIT */

/*
 * Kill all that runs in a cgroup
 *
 * Version 2 does it in one write. Version 1 is a loop over the lists of processes, which are
 * named by pidfd before they are signalled: a pid that went to a stranger in between is found
 * out because the stranger's cgroup is another. What is frozen is thawed, or it would not die.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"

struct sweep {
    const struct cgroup *cgroup;
    int64_t deadline_ms;
    bool found;
};

static void kill_process(struct sweep *sweep, pid_t pid)
{
    AUTO_CLOSE int pidfd = pidfd_open(pid, 0);
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };
    int64_t left_ms = sweep->deadline_ms - clock_now_ms();

    if (pidfd < 0 || !cgroup_list_has(sweep->cgroup, pid))
        return;
    if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0)
        return;
    poll(&gone, 1, (int)MIN(MAX(left_ms, 0), 100));
}

static void thaw(int dirfd)
{
    struct error ignored = { 0 };

    if (faccessat(dirfd, "freezer.state", F_OK, 0) == 0 &&
        file_write_control(dirfd, "freezer.state", "THAWED", &ignored) < 0)
        error_clear(&ignored);
}

static void kill_listed(struct sweep *sweep, int dirfd)
{
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    thaw(dirfd);
    if (file_read(dirfd, "cgroup.procs", 1 << 20, &text, &ignored) < 0)
        return;
    for (const char *p = text_get(&text); *p;) {
        char *end = NULL;
        long pid = strtol(p, &end, 10);

        if (end == p)
            return;
        sweep->found = true;
        if (pid > 0)
            kill_process(sweep, (pid_t)pid);
        p = end + (*end == '\n');
    }
}

/* The folder and those that its processes made below it; `dirfd` stays open. */
static void kill_below(struct sweep *sweep, int dirfd)
{
    struct stat status;
    DIR *folder = NULL;
    int copy = -1;

    kill_listed(sweep, dirfd);
    if (fstat(dirfd, &status) < 0 || status.st_nlink <= 2)
        return;
    copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder = copy < 0 ? NULL : fdopendir(copy);
    for (const struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder)) {
        AUTO_CLOSE int fd = -1;

        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        fd = openat(dirfd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            kill_below(sweep, fd);
    }
    if (folder)
        closedir(folder);
}

int cgroup_kill(const struct cgroup *cgroup, int64_t timeout_ms, struct error *err)
{
    struct sweep sweep = { .cgroup = cgroup, .deadline_ms = clock_now_ms() + timeout_ms };
    int unified = cgroup_get_unified(cgroup);
    struct error ignored = { 0 };

    if (unified >= 0 && file_write_control(unified, "cgroup.kill", "1", &ignored) < 0)
        error_clear(&ignored); /* older than Linux 5.14: the loop does it */
    do {
        sweep.found = false;
        for (size_t i = 0; i < cgroup->layout->count; i++) {
            if (cgroup->dirfd[i] >= 0)
                kill_below(&sweep, cgroup->dirfd[i]);
        }
        if (!sweep.found)
            return 0;
    } while (clock_now_ms() < sweep.deadline_ms);
    return error_set(err, ERROR_TIMEOUT,
                     "processes of cgroup '%s' did not end within %lld ms of being killed",
                     cgroup->path, (long long)timeout_ms);
}
