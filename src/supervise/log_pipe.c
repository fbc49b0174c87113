/* SPDX-License-Identifier: MIT */

/*
 * The FIFO that a replica writes into
 */

#include "supervise/log_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/error.h"

#define PIPE_BYTES (256 << 10)

int log_pipe_open(const char *path, int *fd_out, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    struct stat status;

    if (mkfifo(path, 0600) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make the pipe '%s'", path);
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    /* The replica's user may open /dev/stdout again; the folder is root's alone. */
    if (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode) || fchmod(fd, 0622) < 0)
        return error_set(err, ERROR_SYSTEM, "'%s' is no usable pipe: remove it", path);
    /* Room for a burst while nobody reads; the limit for users may forbid it. */
    (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
    *fd_out = STEAL_FD(fd);
    return 0;
}

int log_pipe_open_writer(const char *path, int *fd_out, struct error *err)
{
    /* Also for reading: without a reader of its own it would be killed by SIGPIPE. */
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    *fd_out = fd;
    return 0;
}
