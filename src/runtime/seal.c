/* SPDX-License-Identifier: MIT */

/*
 * Keep the running program out of reach of containers
 */

#include "runtime/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/mount.h"
#include "util/cleanup.h"
#include "util/error.h"

#define PATH_VARIABLE "CARTE_PROGRAM"

static bool is_sealed(void)
{
    struct statvfs status;

    return statvfs("/proc/self/exe", &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

const char *seal_get_path(void)
{
    return is_sealed() ? getenv(PATH_VARIABLE) : NULL; /* else it is another program's */
}

/*
 * Open the program by its path, because only a mount of the own namespace can be copied, and
 * the program may have been executed in another. ESTALE: the file there is not it any more.
 */
static int open_same(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat found;
    struct stat running;

    if (fd < 0 || (fstat(fd, &found) == 0 && stat("/proc/self/exe", &running) == 0 &&
                   found.st_dev == running.st_dev && found.st_ino == running.st_ino))
        return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

/* Executed by descriptor, a process would be named after the descriptor's number. */
static void restore_name(void)
{
    const char *path = seal_get_path();
    const char *name = path ? strrchr(path, '/') : NULL;

    if (name)
        prctl(PR_SET_NAME, name + 1, 0, 0, 0);
}

int seal_program(char *const argv[], struct error *err)
{
    AUTO_CLOSE int program = -1;
    AUTO_CLOSE int copy = -1;
    char path[PATH_MAX];
    ssize_t length = 0;

    if (is_sealed()) {
        restore_name();
        return 0;
    }
    length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length < 0)
        return error_set_errno(err, errno, "look for the running program");
    path[length] = '\0';
    program = open_same(path);
    if (program < 0)
        return error_set_errno(err, errno, "open the running program '%s'", path);
    if (mount_clone(program, "", false, &copy, err) < 0 ||
        mount_change(copy, false, MOUNT_ATTR_RDONLY, err) < 0)
        return error_wrap(err, "seal the running program");
    if (setenv(PATH_VARIABLE, path, 1) == 0)
        execveat(copy, "", argv, environ, AT_EMPTY_PATH);
    error_set_errno(err, errno, "execute the running program again");
    unsetenv(PATH_VARIABLE);
    return -1;
}
