/* SPDX-License-Identifier: MIT */

/*
 * A root file system becomes the archive of one
 */

#include "image/export.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/charset.h"
#include "image/first_name.h"
#include "image/merged.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define CHUNK_SIZE 65536U
#define XATTR_MAX 65536U

struct export
{
    struct archive *archive;
    const struct merged *view;
    const struct image_progress *progress;
    struct first_names names;
    uint64_t done_bytes;
};

static int archive_failed(const struct export *export, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "write the archive: %s",
                     archive_error_string(export->archive));
}

static struct archive_entry *new_entry(const struct merged_node *node)
{
    const struct stat *status = &node->status;
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, node->path);
    archive_entry_set_mode(entry, status->st_mode);
    archive_entry_set_uid(entry, (la_int64_t)status->st_uid);
    archive_entry_set_gid(entry, (la_int64_t)status->st_gid);
    archive_entry_set_mtime(entry, status->st_mtim.tv_sec, 0);
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        archive_entry_set_rdev(entry, status->st_rdev);
    if (S_ISREG(status->st_mode))
        archive_entry_set_size(entry, status->st_size);
    if (S_ISLNK(status->st_mode))
        archive_entry_set_symlink(entry, node->link);
    return entry;
}

static int add_xattrs(struct archive_entry *entry, int fd, struct error *err)
{
    AUTO_FREE char *names = alloc_zeroed(2, XATTR_MAX);
    char *value = names + XATTR_MAX;
    ssize_t length = flistxattr(fd, names, XATTR_MAX);

    if (length < 0 && errno != ENOTSUP)
        return error_set_errno(err, errno, "list attributes");
    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(names + i) + 1) {
        const char *name = names + i;
        ssize_t size = 0;

        if (!text_starts_with(name, "user.") && strcmp(name, "security.capability") != 0)
            continue;
        size = fgetxattr(fd, name, value, XATTR_MAX);
        if (size < 0)
            return error_set_errno(err, errno, "read attribute '%s'", name);
        archive_entry_xattr_add_entry(entry, name, value, (size_t)size);
    }
    return 0;
}

/* A file that has become shorter meanwhile is filled up with zeros, one that grew is cut. */
static int write_content(struct export *export, int fd, struct error *err)
{
    AUTO_FREE char *chunk = alloc_zeroed(1, CHUNK_SIZE);

    for (;;) {
        ssize_t got = read(fd, chunk, CHUNK_SIZE);
        la_ssize_t put = 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "read");
        if (got == 0)
            return 0;
        put = archive_write_data(export->archive, chunk, (size_t)got);
        if (put < 0)
            return archive_failed(export, err);
        if (put < got)
            return 0;
        export->done_bytes += (uint64_t)got;
        image_progress_tell(export->progress, "archive", export->done_bytes, 0);
    }
}

static int write_entry(struct export *export, struct archive_entry *entry,
                       const struct merged_node *node, struct error *err)
{
    const char *first = first_name_find(&export->names, &node->status, node->path);
    AUTO_CLOSE int fd = -1;

    if (first) {
        archive_entry_set_hardlink(entry, first);
        archive_entry_set_size(entry, 0);
    } else if (S_ISREG(node->status.st_mode)) {
        fd = merged_open_file(export->view, node->path, err);
        if (fd < 0 || add_xattrs(entry, fd, err) < 0)
            return -1;
    }
    if (archive_write_header(export->archive, entry) < ARCHIVE_WARN)
        return archive_failed(export, err);
    return fd >= 0 ? write_content(export, fd, err) : 0;
}

static int visit(void *context, struct merged_node *node, bool *enter, struct error *err)
{
    struct archive_entry *entry = NULL;
    int result = 0;

    (void)enter;
    /* A socket is nothing without its process, and tar has no form for it. */
    if (S_ISSOCK(node->status.st_mode))
        return 0;
    entry = new_entry(node);
    result = write_entry(context, entry, node, err);
    archive_entry_free(entry);
    return result < 0 ? error_wrap(err, "'/%s'", node->path) : 0;
}

static int run(struct export *export, int fd, struct error *err)
{
    if (archive_write_set_format_pax_restricted(export->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(export->archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(export->archive, fd) != ARCHIVE_OK)
        return archive_failed(export, err);
    if (merged_walk(export->view, "", visit, export, err) < 0)
        return -1;
    if (archive_write_close(export->archive) != ARCHIVE_OK)
        return archive_failed(export, err);
    image_progress_tell(export->progress, "archive", export->done_bytes, export->done_bytes);
    return 0;
}

int export_tree(const struct strings *layers, int fd, const struct image_progress *progress,
                struct error *err)
{
    AUTO(merged) struct merged *view = merged_open(layers, err);
    struct export export = { .view = view, .progress = progress };
    struct charset charset;
    int result = 0;

    if (!view)
        return -1;
    charset = charset_enter();
    export.archive = archive_write_new();
    result = run(&export, fd, err);
    archive_write_free(export.archive);
    charset_leave(charset);
    first_name_done(&export.names);
    return result;
}
