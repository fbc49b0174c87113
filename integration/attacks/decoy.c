/* SPDX-License-Identifier: MIT */

/*
 * On the host: a process that nobody has a reason to signal (S39)
 *
 * Writes its id to standard output, and each signal that it gets, until it reads something.
 */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(void)
{
    struct pollfd polls[] = { { .fd = 0, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
    struct signalfd_siginfo info;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    polls[1].fd = signalfd(-1, &all, SFD_CLOEXEC);
    printf("decoy %d\n", (int)getpid());
    fflush(stdout);
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
