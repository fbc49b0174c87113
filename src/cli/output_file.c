/* SPDX-License-Identifier: MIT */

/*
 * A file that a command writes
 */

#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

static int open_stdout(struct output_file *file, struct error *err)
{
    if (isatty(STDOUT_FILENO))
        return error_set(err, ERROR_INVALID,
                         "the archive is not for a terminal: use -o FILE, or redirect the output");
    file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    return file->fd < 0 ? error_set_errno(err, errno, "open the standard output") : 0;
}

int output_file_open(struct output_file *file, const char *path, struct error *err)
{
    AUTO_FREE char *folder = NULL;
    const char *slash = NULL;
    struct stat status;

    *file = (struct output_file){ .fd = -1 };
    if (!path || strcmp(path, "-") == 0)
        return open_stdout(file, err);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        file->fd = open(path, O_WRONLY | O_CLOEXEC);
        return file->fd < 0 ? error_set_errno(err, errno, "open '%s'", path) : 0;
    }
    slash = strrchr(path, '/');
    folder = slash ? alloc_text_part(path, (size_t)(slash - path) + 1) : alloc_text(".");
    file->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return error_set_errno(err, errno, "make '%s'", path);
    file->path = alloc_text(path);
    return 0;
}

/* A file without a name can be given one that is free only, so the last step is a rename. */
int output_file_commit(struct output_file *file, struct error *err)
{
    AUTO_FREE char *from = alloc_format("/proc/self/fd/%d", file->fd);
    AUTO_FREE char *fresh = NULL;

    if (!file->path)
        return 0;
    if (fsync(file->fd) < 0)
        return error_set_errno(err, errno, "sync '%s'", file->path);
    fresh = alloc_format("%s.%d", file->path, (int)getpid());
    if (linkat(AT_FDCWD, from, AT_FDCWD, fresh, AT_SYMLINK_FOLLOW) < 0)
        return error_set_errno(err, errno, "make '%s'", fresh);
    if (rename(fresh, file->path) < 0) {
        error_set_errno(err, errno, "make '%s'", file->path);
        unlink(fresh);
        return -1;
    }
    return 0;
}

void output_file_done(struct output_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    *file = (struct output_file){ .fd = -1 };
}
