/* SPDX-License-Identifier: MIT */

/*
 * A small init
 *
 * The kernel shields process 1 from signals it has no handler for, and gives it all orphans.
 * This one waits for signals instead of handling them; those of the terminal's job control
 * are not its business.
 */

#include "runtime/init.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reap all that has ended; when `child` is among them, end as it did. */
static void reap(pid_t child)
{
    int status = 0;

    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        if (pid != child)
            continue;
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
}

_Noreturn void init_run(pid_t child)
{
    sigset_t all;

    sigfillset(&all);
    for (;;) {
        siginfo_t info;

        if (sigwaitinfo(&all, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD)
            reap(child);
        else if (info.si_signo != SIGTTIN && info.si_signo != SIGTTOU)
            kill(child, info.si_signo); /* not reaped yet, so the pid is still the child's */
    }
}
