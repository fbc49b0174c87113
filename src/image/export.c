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

#include "image/charset.h"
#include "image/first_name.h"
#include "image/merged.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define CHUNK_SIZE 65536U
#define XATTR_MAX 65536U

struct export
{
    struct archive *archive;
    const struct merged *view;
    const struct image_progress *progress;
    const char *path, *name; /* what stands at `path` in the view is called `name` here */
    struct id_shift ids;
    struct first_names names;
    uint64_t done_bytes;
};

static int archive_failed(const struct export *export, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "write the archive: %s",
                     archive_error_string(export->archive));
}

/* The name in the archive of a path of the view; the caller frees it. */
static char *name_of(const struct export *export, const char *path)
{
    const char *rest = path + strlen(export->path);

    rest += *rest == '/';
    if (*rest == '\0' || *export->name == '\0')
        return alloc_text(*rest ? rest : export->name);
    return alloc_format("%s/%s", export->name, rest);
}

static struct archive_entry *new_entry(const struct export *export, const struct merged_node *node)
{
    const struct stat *status = &node->status;
    struct archive_entry *entry = archive_entry_new();
    AUTO_FREE char *name = name_of(export, node->path);

    archive_entry_set_pathname(entry, name);
    archive_entry_set_mode(entry, status->st_mode);
    archive_entry_set_uid(entry, (la_int64_t)id_shift_inside(&export->ids, status->st_uid));
    archive_entry_set_gid(entry, (la_int64_t)id_shift_inside(&export->ids, status->st_gid));
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
        ssize_t got = file_read_some(fd, chunk, CHUNK_SIZE, err);
        la_ssize_t put = 0;

        if (got <= 0)
            return (int)got;
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
        AUTO_FREE char *name = name_of(export, first);

        archive_entry_set_hardlink(entry, name);
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
    entry = new_entry(context, node);
    result = write_entry(context, entry, node, err);
    archive_entry_free(entry);
    return result < 0 ? error_wrap(err, "'/%s'", node->path) : 0;
}

/* Of a folder with a name, itself and what is below; without one, that alone. */
static int write_all(struct export *export, struct merged_node *node, struct error *err)
{
    bool enter = true;

    if (*export->name && visit(export, node, &enter, err) < 0)
        return -1;
    if (!S_ISDIR(node->status.st_mode))
        return 0;
    return merged_walk(export->view, export->path, visit, export, err);
}

static int run(struct export *export, struct merged_node *node, int fd, struct error *err)
{
    if (archive_write_set_format_pax_restricted(export->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(export->archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(export->archive, fd) != ARCHIVE_OK)
        return archive_failed(export, err);
    if (write_all(export, node, err) < 0)
        return -1;
    if (archive_write_close(export->archive) != ARCHIVE_OK)
        return archive_failed(export, err);
    image_progress_tell(export->progress, "archive", export->done_bytes, export->done_bytes);
    return 0;
}

static int write_archive(struct export *export, struct merged_node *node, int fd, struct error *err)
{
    struct charset charset = charset_enter();
    int result = 0;

    export->archive = archive_write_new();
    result = run(export, node, fd, err);
    archive_write_free(export->archive);
    charset_leave(charset);
    first_name_done(&export->names);
    return result;
}

int export_tree(const struct strings *layers, const struct id_shift *ids, int fd,
                const struct image_progress *progress, struct error *err)
{
    AUTO(merged) struct merged *view = merged_open(layers, err);
    struct export export = {
        .view = view, .progress = progress, .path = "", .name = "", .ids = *ids
    };
    struct merged_node root = { .status = { .st_mode = S_IFDIR } };

    return view ? write_archive(&export, &root, fd, err) : -1;
}

int export_part(const struct strings *layers, const struct export_part *part, int fd,
                struct error *err)
{
    AUTO(merged) struct merged *view = merged_open(layers, err);
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    static const struct image_progress untold = { 0 };
    struct export export = {
        .view = view, .progress = &untold, .name = part->name, .ids = part->ids
    };

    if (!view || merged_find(view, part->path, part->follow, &node, err) < 0)
        return -1;
    if (!node.found)
        return error_set(err, ERROR_NOT_FOUND, "there is no '%s'", part->path);
    export.path = node.path;
    return write_archive(&export, &node, fd, err);
}
