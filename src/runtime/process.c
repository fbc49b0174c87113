/* SPDX-License-Identifier: MIT */

/*
 * Processes by pidfd and start time
 */

#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"

pid_t process_fork(uint64_t flags, int cgroup_fd, bool sibling, int *pidfd_out, struct error *err)
{
    int pidfd = -1;
    struct clone_args arguments = {
        .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    pid_t pid = -1;

    if (cgroup_fd >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (unsigned)cgroup_fd;
    }
    if (sibling) { /* it then inherits the caller's own exit signal */
        arguments.flags |= CLONE_PARENT;
        arguments.exit_signal = 0;
    }
    pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (pid < 0)
        return error_set_errno(err, errno, "make a process%s",
                               errno == ENOSPC ? " with namespaces, more than user.max_*" : "");
    if (pid > 0)
        *pidfd_out = pidfd;
    return pid;
}

void process_end(int pidfd, bool reap)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    siginfo_t info;

    pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    poll(&ended, 1, 5000);
    if (reap)
        waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

/* The number in the field `field` of the text of /proc/PID/stat, counted as in proc(5). */
static bool parse_field(const char *stat, int field, uint64_t *out)
{
    const char *p = strrchr(stat, ')'); /* the name before may hold anything */
    char *end = NULL;
    uint64_t value = 0;

    for (int at = 2; p && at < field; at++)
        p = strchr(p + 1, ' ');
    if (!p)
        return false;
    value = strtoull(p, &end, 10);
    if (end == p)
        return false;
    *out = value;
    return true;
}

bool process_parse_start_time(const char *stat, uint64_t *out)
{
    return parse_field(stat, 22, out);
}

static int read_field(pid_t pid, int field, uint64_t *out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (file_read(AT_FDCWD, path, 4096, &text, err) < 0)
        return -1;
    if (!parse_field(text_get(&text), field, out))
        return error_set(err, ERROR_SYSTEM, "'%s' cannot be understood", path);
    return 0;
}

int process_read_start_time(pid_t pid, uint64_t *out, struct error *err)
{
    return read_field(pid, 22, out, err);
}

int process_read_has_executed(pid_t pid, bool *out, struct error *err)
{
    const uint64_t forked_without_exec = 0x40;
    uint64_t flags = 0;

    if (read_field(pid, 9, &flags, err) < 0)
        return -1;
    *out = (flags & forked_without_exec) == 0;
    return 0;
}

void process_reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
