/* SPDX-License-Identifier: MIT */

/*
 * What an engine is told of a new process
 */

#include "oci/tell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/send_fd.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

int tell_check(const struct tell *tell, bool has_terminal, struct error *err)
{
    if (has_terminal && !tell->console_socket)
        return error_set(err, ERROR_INVALID,
                         "process.terminal: a terminal needs somebody who takes it: "
                         "--console-socket SOCKET");
    if (!has_terminal && tell->console_socket)
        return error_set(err, ERROR_INVALID,
                         "--console-socket: the process has no terminal: set process.terminal, "
                         "or leave the option out");
    if (tell->console_socket && send_fd_check(tell->console_socket, err) < 0)
        return -1;
    return tell->pidfd_socket ? send_fd_check(tell->pidfd_socket, err) : 0;
}

static int send_terminal(const char *socket, int master, struct error *err)
{
    char name[64] = "/dev/ptmx";

    (void)ptsname_r(master, name, sizeof(name));
    return send_fd(socket, master, name, err);
}

int tell_process(const struct tell *tell, struct container_process *process, struct error *err)
{
    char number[32];

    if (tell->console_socket) {
        if (send_terminal(tell->console_socket, process->terminal_fd, err) < 0)
            return -1;
        close(process->terminal_fd);
        process->terminal_fd = -1;
    }
    if (tell->pidfd_socket && send_fd(tell->pidfd_socket, process->pidfd, "pidfd", err) < 0)
        return -1;
    if (!tell->pid_file)
        return 0;
    snprintf(number, sizeof(number), "%d", (int)process->pid);
    return file_replace(AT_FDCWD, tell->pid_file, number, strlen(number), FILE_VOLATILE(0644), err);
}

int tell_why(struct error *err)
{
    if (err->code == ERROR_NOT_FOUND)
        error_wrap(err, "executable file not found in $PATH");
    if (err->code == ERROR_DENIED)
        error_wrap(err, "permission denied");
    return -1;
}

void tell_end(struct container_process *process)
{
    siginfo_t info;

    pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
    waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED);
    cleanup_close(&process->pidfd);
    cleanup_close(&process->terminal_fd);
    process->pidfd = process->terminal_fd = -1;
}
