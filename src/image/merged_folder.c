/* SPDX-License-Identifier: MIT */

/*
 * One folder of a view of layers
 */

#include "image/merged_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/merged.h"
#include "util/alloc.h"
#include "util/error.h"

void merged_folder_done(struct merged_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        close(folder->fds[i]);
    free(folder->fds);
    *folder = (struct merged_folder){ 0 };
}

void merged_folder_add(struct merged_folder *folder, int fd)
{
    int *place = ALLOC_APPEND(folder->fds, folder->count);

    *place = fd;
}

int merged_folder_copy(struct merged_folder *to, const struct merged_folder *from,
                       struct error *err)
{
    merged_folder_done(to);
    for (size_t i = 0; i < from->count; i++) {
        int fd = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
            return error_set_errno(err, errno, "duplicate a descriptor");
        merged_folder_add(to, fd);
    }
    return 0;
}

int merged_folder_step(const struct merged_folder *folder, const char *name,
                       struct merged_folder *next, struct stat *status, int *file_fd,
                       struct error *err)
{
    *file_fd = -1;
    for (size_t i = 0; i < folder->count; i++) {
        struct stat here;
        int fd = -1;

        if (fstatat(folder->fds[i], name, &here, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                continue;
            return error_set_errno(err, errno, "look at '%s'", name);
        }
        if (merged_is_whiteout(&here) || (!S_ISDIR(here.st_mode) && next->count > 0))
            return 0;
        if (next->count == 0)
            *status = here;
        if (!S_ISDIR(here.st_mode)) {
            *file_fd = folder->fds[i];
            return 0;
        }
        fd = openat(folder->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return error_set_errno(err, errno, "open folder '%s'", name);
        merged_folder_add(next, fd);
        if (merged_is_opaque(fd))
            return 0;
    }
    return 0;
}

char *merged_folder_read_link(int folder_fd, const char *name, struct error *err)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(folder_fd, name, target, sizeof(target) - 1);

    if (length < 0) {
        error_set_errno(err, errno, "read link '%s'", name);
        return NULL;
    }
    return alloc_text_part(target, (size_t)length);
}
