/* SPDX-License-Identifier: MIT */

/*
 * What a command reads
 */

#include "cli/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "util/error.h"

int input_file_open(struct command_call *call, const char *path, struct error *err)
{
    bool is_stdin = !path || strcmp(path, "-") == 0;
    int fd = -1;

    if (is_stdin && isatty(STDIN_FILENO))
        return command_refuse(call, err,
                              "what is read comes from a file or by a pipe, not from a terminal");
    fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_set_errno(err, errno, "open '%s'", is_stdin ? "-" : path) : fd;
}
