/* SPDX-License-Identifier: MIT */

/*
 * Unix stream sockets with a name in the file system
 */

#include "util/local_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

/* The folder of `path`, open, and in *name_out what is left. */
static int open_folder(const char *path, const char **name_out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder =
        slash ? alloc_text_part(path, (size_t)(slash - path)) : alloc_text(".");
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *name_out = slash ? slash + 1 : path;
    return fd < 0 ? error_set_errno(err, errno, "open '%s'", folder) : fd;
}

static int set_address(int folder_fd, const char *name, struct sockaddr_un *out, struct error *err)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if ((size_t)snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", folder_fd,
                         name) >= sizeof(out->sun_path))
        return error_set(err, ERROR_INVALID, "socket name '%s' is too long", name);
    return 0;
}

int local_socket_listen(const char *path, int *out, struct error *err)
{
    const char *name = NULL;
    AUTO_CLOSE int folder = open_folder(path, &name, err);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    AUTO_FREE char *fresh = alloc_format("%s.new", name);
    struct sockaddr_un address;
    mode_t mask = 0;
    int status = 0;

    if (folder < 0 || set_address(folder, fresh, &address, err) < 0)
        return -1;
    if (fd < 0)
        return error_set_errno(err, errno, "make a socket");
    if (unlinkat(folder, fresh, 0) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove the old '%s'", fresh);
    mask = umask(0177);
    status = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (status < 0 || listen(fd, 128) < 0)
        return error_set_errno(err, errno, "listen at '%s'", path);
    if (renameat(folder, fresh, folder, name) < 0)
        return error_set_errno(err, errno, "rename to '%s'", path);
    *out = STEAL_FD(fd);
    return 0;
}

int local_socket_connect(const char *path, int *out, struct error *err)
{
    const char *name = NULL;
    AUTO_CLOSE int folder = open_folder(path, &name, err);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;

    if (folder < 0 || set_address(folder, name, &address, err) < 0)
        return -1;
    if (fd < 0)
        return error_set_errno(err, errno, "make a socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        *out = STEAL_FD(fd);
        return 0;
    }
    if (errno == ENOENT || errno == ECONNREFUSED)
        return error_set(err, ERROR_NOT_FOUND, "nobody listens at '%s'", path);
    return error_set_errno(err, errno, "connect to '%s'", path);
}
