/* SPDX-License-Identifier: MIT */

/*
 * Where a process that is all but its program waits for its release
 */

#include "runtime/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

/* A socket's address is short: its folder goes in as a descriptor. */
static int make_address(const char *path, struct sockaddr_un *out, int *folder_out,
                        struct error *err)
{
    const char *name = strrchr(path, '/');
    AUTO_FREE char *folder = name ? alloc_text_part(path, (size_t)(name - path)) : alloc_text(".");
    int length = 0;

    *folder_out = open(*folder ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_out < 0)
        return error_set_errno(err, errno, "open folder '%s'", folder);
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    length = snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", *folder_out,
                      name ? name + 1 : path);
    if (length < 0 || (size_t)length >= sizeof(out->sun_path))
        return error_set(err, ERROR_INVALID, "the name of socket '%s' is too long", path);
    return 0;
}

static int make_socket(struct error *err)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    return fd < 0 ? error_set_errno(err, errno, "make a socket") : fd;
}

int gate_open(const char *path, int *out, struct error *err)
{
    AUTO_CLOSE int folder = -1;
    AUTO_CLOSE int fd = make_socket(err);
    struct sockaddr_un address;

    if (fd < 0 || make_address(path, &address, &folder, err) < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EADDRINUSE)
            return error_set(err, ERROR_EXISTS, "there is something at '%s'", path);
        return error_set_errno(err, errno, "make socket '%s'", path);
    }
    if (listen(fd, 1) < 0) {
        unlink(path);
        return error_set_errno(err, errno, "listen on '%s'", path);
    }
    *out = STEAL_FD(fd);
    return 0;
}

int gate_connect(const char *path, int *out, struct error *err)
{
    AUTO_CLOSE int folder = -1;
    AUTO_CLOSE int fd = make_socket(err);
    struct sockaddr_un address;

    if (fd < 0 || make_address(path, &address, &folder, err) < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == ECONNREFUSED || errno == ENOENT)
            return error_set(err, ERROR_EXISTS,
                             "no process waits to be started: it was started before or is dead");
        return error_set_errno(err, errno, "connect to '%s'", path);
    }
    *out = STEAL_FD(fd);
    return 0;
}
