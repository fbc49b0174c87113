/* SPDX-License-Identifier: MIT */

/*
 * The files of a cgroup
 */

#include "runtime/cgroup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

int cgroup_file_write(int dirfd, const char *name, const char *text, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (dirfd >= 0)
        fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (dirfd < 0 || (fd < 0 && errno == ENOENT))
        return error_set(err, ERROR_UNSUPPORTED, "no %s: controller not enabled", name);
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", name);
    if (write(fd, text, strlen(text)) < 0)
        return error_set_errno(err, errno, "write '%s' to %s", text, name);
    return 0;
}

uint64_t cgroup_file_read_number(int dirfd, const char *name)
{
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (dirfd < 0 || file_read(dirfd, name, 4096, &text, &ignored) < 0)
        return 0;
    return strtoull(text_get(&text), NULL, 10);
}
