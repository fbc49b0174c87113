/* SPDX-License-Identifier: MIT */

/*
 * On the host: a process that nobody has a reason to signal, with an id of one's choice (S39)
 *
 * Usage: decoy PID IN OUT
 *
 * Makes the process PID and ends; fails while that id is in use. The process writes its id to OUT,
 * and each signal that it gets, until it reads something from IN, a FIFO.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static int live(const char *in, const char *out)
{
    struct pollfd polls[] = { { .fd = -1, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
    struct signalfd_siginfo info;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    polls[1].fd = signalfd(-1, &all, SFD_CLOEXEC);
    if (!freopen(out, "w", stdout))
        return 1;
    printf("decoy %d\n", (int)getpid());
    fflush(stdout);
    polls[0].fd = open(in, O_RDONLY | O_CLOEXEC);
    while (poll(polls, 2, -1) > 0) {
        if (polls[1].revents && read(polls[1].fd, &info, sizeof(info)) == sizeof(info))
            printf("signal %u from %u\n", info.ssi_signo, info.ssi_pid);
        fflush(stdout);
        if (polls[0].revents)
            break;
    }
    puts("decoy ends");
    return 0;
}

int main(int argc, char **argv)
{
    pid_t wanted = argc == 4 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    struct clone_args args = {
        .exit_signal = SIGCHLD,
        .set_tid = (uint64_t)(uintptr_t)&wanted,
        .set_tid_size = 1,
    };
    long pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        _exit(live(argv[2], argv[3]) | fflush(stdout));
    if (pid < 0)
        fprintf(stderr, "process %s: %s\n", argv[1], strerror(errno));
    return pid < 0;
}
