/* SPDX-License-Identifier: MIT */

/*
 * In the foreground: what `run` and `exec` of carte-oci do while the process lives
 */

#include "cli/oci_attend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/terminal.h"
#include "runtime/container.h"
#include "util/error.h"
#include "util/parse.h"

int oci_attend_open(struct oci_attend *out, int stdio[3], struct error *err)
{
    if (relay_open(&out->pipes, err) < 0)
        return -1;
    for (int i = 0; i < RELAY_COUNT; i++)
        stdio[i] = out->pipes.given[i];
    return 0;
}

void oci_attend_close(struct oci_attend *attend)
{
    relay_close(&attend->pipes);
}

int oci_attend_run(struct oci_attend *attend, const struct container_process *process,
                   int *status_out, struct error *err)
{
    static const int user[RELAY_COUNT] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
    siginfo_t info = { 0 };

    if (process->terminal_fd >= 0) {
        relay_close(&attend->pipes);
        if (terminal_relay(process->terminal_fd, process->pidfd, err) < 0)
            return -1;
    } else if (relay_run(&attend->pipes, user, process->pidfd, err) < 0) {
        return -1;
    }
    while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "wait for the process");
    }
    *status_out = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}

int oci_attend_blame(struct command_call *call, struct error *err)
{
    if (err->code == ERROR_NOT_FOUND)
        call->exit_status = COMMAND_EXIT_NOT_FOUND;
    else if (err->code == ERROR_DENIED)
        call->exit_status = COMMAND_EXIT_CANNOT_EXECUTE;
    return -1;
}

int oci_attend_fds(int64_t more, unsigned *listen_out, unsigned *all_out, struct error *err)
{
    const char *listen = getenv("LISTEN_FDS");
    int64_t count = 0;

    if (listen && *listen && parse_int(listen, 0, 1024, &count, err) < 0)
        return error_wrap(err, "LISTEN_FDS");
    for (int fd = 3; fd < 3 + count + more; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            return error_set(err, ERROR_INVALID, "descriptor %d is to be preserved, and not open",
                             fd);
    }
    *listen_out = (unsigned)count;
    *all_out = (unsigned)(count + more);
    return 0;
}
