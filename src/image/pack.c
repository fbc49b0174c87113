/* SPDX-License-Identifier: MIT */

/*
 * A folder becomes the tar stream of a layer
 */

#include "image/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/charset.h"
#include "image/first_name.h"
#include "image/merged.h"
#include "image/stream_writer.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define XATTR_MAX 65536U
#define BLOCK 131072

struct pack {
    struct archive *archive;
    struct stream_writer *out;
    struct hash_sha256 hash;
    int64_t mtime;
    struct first_names names;
    struct text path;
    unsigned depth;
    struct error failure; /* of the stream */
    char chunk[BLOCK];
};

static la_ssize_t write_chunk(struct archive *archive, void *context, const void *data,
                              size_t length)
{
    struct pack *pack = context;

    (void)archive;
    hash_sha256_update(&pack->hash, data, length);
    return stream_writer_add(pack->out, data, length, &pack->failure) < 0 ? -1 : (la_ssize_t)length;
}

static int archive_failed(struct pack *pack, struct error *err)
{
    if (pack->failure.code == ERROR_NONE)
        return error_set(err, ERROR_SYSTEM, "write a layer: '%s': %s", text_get(&pack->path),
                         archive_error_string(pack->archive));
    *err = pack->failure;
    return -1;
}

/* Attributes that travel with a layer; overlayfs's own are dealt with or refused. */
static int add_xattr(struct archive_entry *entry, int fd, const char *name, struct error *err)
{
    AUTO_FREE char *value = NULL;
    ssize_t length = 0;

    if (strcmp(name, "trusted.overlay.redirect") == 0 ||
        strcmp(name, "trusted.overlay.metacopy") == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the kernel's overlayfs wrote '%s': load it with redirect_dir=off", name);
    if (text_starts_with(name, "trusted.overlay.") && !text_ends_with(name, ".opaque")) {
        fremovexattr(fd, name);
        return 0;
    }
    if (!text_starts_with(name, "user.") && strcmp(name, "security.capability") != 0)
        return 0;
    value = alloc_zeroed(1, XATTR_MAX);
    length = fgetxattr(fd, name, value, XATTR_MAX);
    if (length < 0)
        return error_set_errno(err, errno, "read attribute '%s'", name);
    archive_entry_xattr_add_entry(entry, name, value, (size_t)length);
    return 0;
}

static int add_xattrs(struct archive_entry *entry, int fd, struct error *err)
{
    char list[XATTR_MAX];
    ssize_t length = flistxattr(fd, list, sizeof(list));
    AUTO_STRINGS struct strings names = { 0 };

    if (length < 0 && errno == ENOTSUP)
        return 0;
    if (length < 0)
        return error_set_errno(err, errno, "list attributes");
    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(list + i) + 1)
        strings_add(&names, list + i);
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        if (add_xattr(entry, fd, names.items[i], err) < 0)
            return -1;
    }
    return 0;
}

static int write_content(struct pack *pack, int fd, uint64_t size, struct error *err)
{
    while (size > 0) {
        ssize_t got = file_read_some(fd, pack->chunk, MIN(size, sizeof(pack->chunk)), err);

        if (got < 0)
            return error_wrap(err, "'%s'", text_get(&pack->path));
        if (got == 0)
            return error_set(err, ERROR_SYSTEM, "'%s' changed while it was read",
                             text_get(&pack->path));
        if (archive_write_data(pack->archive, pack->chunk, (size_t)got) != got)
            return archive_failed(pack, err);
        size -= (uint64_t)got;
    }
    return 0;
}

static struct archive_entry *new_entry(const struct pack *pack, const struct stat *status)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, pack->path.length > 0 ? text_get(&pack->path) : "./");
    archive_entry_set_mode(entry, status->st_mode);
    archive_entry_set_uid(entry, (la_int64_t)status->st_uid);
    archive_entry_set_gid(entry, (la_int64_t)status->st_gid);
    archive_entry_set_mtime(entry, pack->mtime, 0);
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        archive_entry_set_rdev(entry, status->st_rdev);
    if (S_ISREG(status->st_mode))
        archive_entry_set_size(entry, status->st_size);
    return entry;
}

/* `fd` is the open file or folder, or -1. Sets the entry's time in the tree too. */
static int write_entry(struct pack *pack, int fd, const struct stat *status, const char *link,
                       struct error *err)
{
    struct archive_entry *entry = new_entry(pack, status);
    const char *first = first_name_find(&pack->names, status, text_get(&pack->path));
    int result = -1;

    if (first) {
        archive_entry_set_hardlink(entry, first);
        archive_entry_set_size(entry, 0);
    } else if (link) {
        archive_entry_set_symlink(entry, link);
    }
    if (!first && fd >= 0 && add_xattrs(entry, fd, err) < 0)
        error_wrap(err, "'%s'", text_get(&pack->path));
    else if (archive_write_header(pack->archive, entry) < ARCHIVE_WARN)
        archive_failed(pack, err);
    else if (!first && S_ISREG(status->st_mode))
        result = write_content(pack, fd, (uint64_t)status->st_size, err);
    else
        result = 0;
    archive_entry_free(entry);
    return result;
}

static int write_marker(struct pack *pack, const char *name, struct error *err)
{
    const struct stat status = { .st_mode = S_IFREG, .st_nlink = 1 };
    size_t length = pack->path.length;
    int result = 0;

    text_add_format(&pack->path, "%s.wh.%s", length > 0 ? "/" : "", name);
    result = write_entry(pack, -1, &status, NULL, err);
    pack->path.length = length;
    pack->path.data[length] = '\0';
    return result;
}

static int set_time(const struct pack *pack, int folder, const char *name, struct error *err)
{
    const struct timespec times[2] = { { .tv_sec = pack->mtime }, { .tv_sec = pack->mtime } };

    if (utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "set the time of '%s'", text_get(&pack->path));
    return 0;
}

static int pack_folder(struct pack *pack, int fd, const struct stat *status, struct error *err);

static int pack_link(struct pack *pack, int folder, const char *name, const struct stat *status,
                     struct error *err)
{
    char target[TREE_PATH_MAX + 1];
    ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

    if (length < 0)
        return error_set_errno(err, errno, "read link '%s'", text_get(&pack->path));
    target[length] = '\0';
    return write_entry(pack, -1, status, target, err);
}

static int pack_child(struct pack *pack, int folder, const char *name, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "look at '%s'", text_get(&pack->path));
    if (S_ISSOCK(status.st_mode))
        return unlinkat(folder, name, 0) < 0 ? error_set_errno(err, errno, "remove a socket") : 0;
    if (merged_is_whiteout(&status))
        return 0;
    if (S_ISBLK(status.st_mode) ||
        (S_ISCHR(status.st_mode) && !tree_is_default_device(status.st_mode, status.st_rdev)))
        return error_set(err, ERROR_DENIED, "'%s' is a device, which an image may not hold",
                         text_get(&pack->path));
    if (text_starts_with(name, ".wh."))
        return error_set(err, ERROR_INVALID,
                         "'%s': names that begin with '.wh.' mean deleted files in a layer",
                         text_get(&pack->path));
    if (S_ISLNK(status.st_mode))
        return pack_link(pack, folder, name, &status, err) < 0 ? -1
                                                               : set_time(pack, folder, name, err);
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
        fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return error_set_errno(err, errno, "open '%s'", text_get(&pack->path));
    }
    if (S_ISDIR(status.st_mode) ? pack_folder(pack, fd, &status, err) < 0
                                : write_entry(pack, fd, &status, NULL, err) < 0)
        return -1;
    return set_time(pack, folder, name, err);
}

static int pack_named(struct pack *pack, int folder, const char *name, struct error *err)
{
    size_t length = pack->path.length;
    int result = 0;

    text_add_format(&pack->path, "%s%s", length > 0 ? "/" : "", name);
    result = pack_child(pack, folder, name, err);
    pack->path.length = length;
    pack->path.data[length] = '\0';
    return result;
}

/* Deletions stand before what is there. */
static int pack_markers(struct pack *pack, int fd, const struct strings *names, struct error *err)
{
    if (merged_is_opaque(fd) && write_marker(pack, ".wh..opq", err) < 0)
        return -1;
    for (size_t i = 0; i < names->count; i++) {
        struct stat status;

        if (fstatat(fd, names->items[i], &status, AT_SYMLINK_NOFOLLOW) < 0)
            return error_set_errno(err, errno, "look at '%s'", names->items[i]);
        if (merged_is_whiteout(&status) && write_marker(pack, names->items[i], err) < 0)
            return -1;
    }
    return 0;
}

static int pack_folder(struct pack *pack, int fd, const struct stat *status, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    bool is_plain_root = pack->path.length == 0 && (status->st_mode & 07777) == 0755 &&
                         status->st_uid == 0 && status->st_gid == 0;

    if (++pack->depth > TREE_DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders are nested deeper than %u", TREE_DEPTH_MAX);
    if (!is_plain_root && write_entry(pack, fd, status, NULL, err) < 0)
        return -1;
    if (file_list(fd, &names, err) < 0)
        return -1;
    strings_sort(&names);
    if (pack_markers(pack, fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (pack_named(pack, fd, names.items[i], err) < 0)
            return -1;
    }
    pack->depth--;
    return 0;
}

static int run(struct pack *pack, int tree_fd, struct error *err)
{
    struct stat status;

    if (fstat(tree_fd, &status) < 0)
        return error_set_errno(err, errno, "look at the tree of a layer");
    if (archive_write_set_format_pax_restricted(pack->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(pack->archive, BLOCK) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(pack->archive, 1) != ARCHIVE_OK ||
        archive_write_open(pack->archive, pack, NULL, write_chunk, NULL) != ARCHIVE_OK)
        return archive_failed(pack, err);
    text_add(&pack->path, "");
    if (pack_folder(pack, tree_fd, &status, err) < 0 || set_time(pack, tree_fd, ".", err) < 0)
        return -1;
    return archive_write_close(pack->archive) != ARCHIVE_OK ? archive_failed(pack, err) : 0;
}

int pack_tree(int tree_fd, int64_t mtime, struct stream_writer *out,
              char hex_out[HASH_SHA256_HEX_SIZE], struct error *err)
{
    AUTO_FREE struct pack *pack = alloc_new(struct pack);
    struct charset charset = charset_enter();
    int result = 0;

    pack->archive = archive_write_new();
    pack->out = out;
    pack->mtime = mtime;
    hash_sha256_init(&pack->hash);
    result = run(pack, tree_fd, err);
    archive_write_free(pack->archive);
    charset_leave(charset);
    first_name_done(&pack->names);
    text_done(&pack->path);
    if (result == 0)
        hash_sha256_hex(&pack->hash, hex_out);
    return result;
}
