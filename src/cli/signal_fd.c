/* SPDX-License-Identifier: MIT */

/*
 * Signals as something to poll for
 */

#include "cli/signal_fd.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "util/error.h"

int signal_fd_open(const int *signals, size_t count, int *out, struct error *err)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *out < 0 ? error_set_errno(err, errno, "open a descriptor for signals") : 0;
}

int signal_fd_take(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
