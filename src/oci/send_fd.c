/* SPDX-License-Identifier: MIT */

/*
 * A descriptor for somebody who listens at a Unix socket
 */

#include "oci/send_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

int send_fd_check(const char *path, struct error *err)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return error_set_errno(err, errno, "socket '%s'", path);
    if (!S_ISSOCK(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' is no socket", path);
    return 0;
}

/* An address has room for 107 bytes; a descriptor of the file has a short path. */
static int connect_to(const char *path, struct error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    AUTO_CLOSE int file = open(path, O_PATH | O_CLOEXEC);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file);
    if (file < 0 || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return error_set_errno(err, errno, "connect to the socket '%s'", path);
    return STEAL_FD(fd);
}

int send_fd(const char *path, int fd, const char *name, struct error *err)
{
    AUTO_CLOSE int socket_fd = connect_to(path, err);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec data = { .iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name) };
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    if (socket_fd < 0)
        return -1;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
        return error_set_errno(err, errno, "send a descriptor to the socket '%s'", path);
    return 0;
}
