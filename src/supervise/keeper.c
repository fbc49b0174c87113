/* SPDX-License-Identifier: MIT */

/*
 * The keeper: parent of a stack's processes
 *
 * A loop around sigtimedwait(): SIGCHLD is blocked, so that no child's end is missed between
 * looking and waiting. Nothing here allocates memory.
 */

#include "supervise/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervise/exits.h"

#define BACKOFF_FIRST_MS 10
#define BACKOFF_LAST_MS 5000
#define BACKOFF_RESET_MS 10000 /* a supervisor that ran so long starts anew without delay */

struct keeper {
    char *const *argv;
    int exits;         /* the file of records */
    uint64_t sequence; /* of the last record */
    pid_t supervisor;  /* 0: none runs */
    int64_t started_ms, start_at_ms, backoff_ms;
    bool ended; /* the supervisor is not to be started again */
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The status in waitpid()'s form. */
static int wait_status(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return (info->si_status & 0xff) << 8;
    return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

static void record_exit(struct keeper *keeper, const siginfo_t *info)
{
    struct exits_record record = {
        .sequence = keeper->sequence + 1,
        .start_time = exits_start_time(info->si_pid),
        .wall_ms = now_ms(CLOCK_REALTIME),
        .pid = info->si_pid,
        .status = wait_status(info),
    };

    if (exits_write(keeper->exits, &record))
        keeper->sequence++;
    else
        dprintf(STDERR_FILENO, "carte-keeper: record the exit of %d: %s\n", (int)info->si_pid,
                strerror(errno));
}

static void handle_supervisor_exit(struct keeper *keeper, int status)
{
    int64_t now = now_ms(CLOCK_BOOTTIME);

    keeper->supervisor = 0;
    if (WIFEXITED(status) &&
        (WEXITSTATUS(status) == KEEPER_DONE || WEXITSTATUS(status) == KEEPER_REFUSED)) {
        keeper->ended = true;
        return;
    }
    if (now - keeper->started_ms >= BACKOFF_RESET_MS)
        keeper->backoff_ms = 0;
    keeper->start_at_ms = now + keeper->backoff_ms;
    keeper->backoff_ms = keeper->backoff_ms ? keeper->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (keeper->backoff_ms > BACKOFF_LAST_MS)
        keeper->backoff_ms = BACKOFF_LAST_MS;
}

/* Record, then reap, all that has ended. */
static void reap_children(struct keeper *keeper)
{
    for (;;) {
        siginfo_t info = { 0 };

        if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG | __WALL) < 0 || !info.si_pid)
            return;
        record_exit(keeper, &info);
        waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG | __WALL);
        if (info.si_pid == keeper->supervisor)
            handle_supervisor_exit(keeper, wait_status(&info));
    }
}

/*
 * When memory runs out, it is a container that goes: those have the usual score again (plan.c),
 * the supervisor keeps this one. Best effort: it needs a capability that not every root has.
 */
static void lower_oom_score(void)
{
    static const char score[] = "-900";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, score, strlen(score)) < 0)
        errno = 0;
    close(fd);
}

static void start_supervisor(struct keeper *keeper)
{
    pid_t child = fork();

    if (child == 0) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGHUP, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        execv(keeper->argv[0], keeper->argv);
        dprintf(STDERR_FILENO, "carte-keeper: execute %s: %s\n", keeper->argv[0], strerror(errno));
        _exit(127);
    }
    keeper->started_ms = now_ms(CLOCK_BOOTTIME);
    if (child > 0)
        keeper->supervisor = child;
    else
        keeper->start_at_ms = keeper->started_ms + BACKOFF_LAST_MS;
}

/* Sleep until a child ends, or until it is time to start the supervisor. */
static void wait_for_child(const struct keeper *keeper, const sigset_t *child_ended)
{
    int64_t left_ms = keeper->start_at_ms - now_ms(CLOCK_BOOTTIME);
    struct timespec timeout;

    if (keeper->supervisor) {
        sigwaitinfo(child_ended, NULL);
        return;
    }
    if (left_ms < 1)
        left_ms = 1;
    timeout.tv_sec = left_ms / 1000;
    timeout.tv_nsec = left_ms % 1000 * 1000000;
    sigtimedwait(child_ended, NULL, &timeout);
}

/*
 * The lock lasts as long as the process: the descriptor is never closed, nor inherited. Being
 * one of fcntl(), it can be looked at without being taken (keeper_start.h).
 */
static bool take_lock(const char *folder)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char path[4096];
    int fd = -1;

    snprintf(path, sizeof(path), "%s/keeper.lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool open_exits(struct keeper *keeper, const char *folder)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/exits", folder);
    keeper->exits = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (keeper->exits < 0)
        return false;
    keeper->sequence = exits_last_sequence(keeper->exits);
    return true;
}

int keeper_run(const char *folder, char *const argv[])
{
    struct keeper keeper = { .argv = argv };
    sigset_t child_ended;

    setsid();
    if (chdir("/") < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || !take_lock(folder) ||
        !open_exits(&keeper, folder))
        return EXIT_FAILURE;
    lower_oom_score();
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    for (;;) {
        reap_children(&keeper);
        if (keeper.ended)
            return EXIT_SUCCESS;
        if (!keeper.supervisor && now_ms(CLOCK_BOOTTIME) >= keeper.start_at_ms)
            start_supervisor(&keeper);
        wait_for_child(&keeper, &child_ended);
    }
}
