/* SPDX-License-Identifier: MIT */

/*
 * An archive becomes a tree
 */

#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/charset.h"
#include "image/merged.h"
#include "image/stream_reader.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define ENTRIES_MAX UINT64_C(2000000)
#define XATTR_MAX 65536U
#define OPAQUE_MARKER ".wh..wh..opq"

/* Folders get their times last, because writing into them changes these. */
struct folder_time {
    char *path;
    int64_t mtime;
};

struct unpack {
    struct archive *archive;
    struct stream_reader *in;
    int tree_fd;
    const struct unpack_options *options;
    struct hash_sha256 hash;
    struct error failure; /* of the stream */
    struct folder_time *times;
    size_t time_count;
};

static la_ssize_t read_chunk(struct archive *archive, void *context, const void **data)
{
    struct unpack *unpack = context;
    ssize_t got = stream_reader_next(unpack->in, data, &unpack->failure);

    if (got < 0) {
        archive_set_error(archive, EIO, "%s", unpack->failure.text);
        return -1;
    }
    hash_sha256_update(&unpack->hash, *data, (size_t)got);
    return got;
}

static int archive_failed(const struct unpack *unpack, struct error *err)
{
    const char *text = archive_error_string(unpack->archive);

    if (unpack->failure.code == ERROR_NONE)
        return error_set(err, ERROR_INVALID, "broken archive: %s", text ? text : "unknown");
    *err = unpack->failure;
    return -1;
}

static int make_opaque(int tree_fd, const char *folder, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (tree_make_folders(tree_fd, folder, err) < 0)
        return -1;
    fd = tree_open_folder(tree_fd, folder, err);
    if (fd < 0)
        return -1;
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return error_set_errno(err, errno, "mark '%s' as opaque", folder);
    return 0;
}

/* A deletion concerns the layers below: what this layer has under the name stays. */
static int put_deletion(int tree_fd, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder = alloc_text_part(path, slash ? (size_t)(slash - path) : 0);
    struct stat status;
    AUTO_CLOSE int fd = -1;

    if (tree_find(tree_fd, path, &status))
        return S_ISDIR(status.st_mode) ? make_opaque(tree_fd, path, err) : 0;
    if (tree_make_folders(tree_fd, folder, err) < 0)
        return -1;
    fd = tree_open_folder(tree_fd, folder, err);
    if (fd < 0)
        return -1;
    if (mknodat(fd, slash ? slash + 1 : path, S_IFCHR, 0) < 0)
        return error_set_errno(err, errno, "mark '%s' as deleted", path);
    return 0;
}

static int put_marker(const struct unpack *unpack, const char *path, const char *name,
                      struct error *err)
{
    size_t folder = (size_t)(name - path);
    AUTO_FREE char *target = NULL;

    if (strcmp(name, OPAQUE_MARKER) == 0) {
        target = alloc_text_part(path, folder > 0 ? folder - 1 : 0);
        return make_opaque(unpack->tree_fd, target, err);
    }
    name += strlen(".wh.");
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        text_starts_with(name, ".wh."))
        return error_set(err, ERROR_INVALID, "'%s' is no valid mark of a deleted file", path);
    target = alloc_format("%.*s%s", (int)folder, path, name);
    return put_deletion(unpack->tree_fd, target, err);
}

/* Attributes for which a layer is no place are refused or, being the host's business, left. */
static int set_xattrs(int fd, struct archive_entry *entry, struct error *err)
{
    const char *name = NULL;
    const void *value = NULL;
    size_t length = 0;

    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
        if (text_starts_with(name, "trusted.") || length > XATTR_MAX)
            return error_set(err, ERROR_DENIED, "attribute '%s' is not allowed in an archive",
                             name);
        if (!text_starts_with(name, "user.") && strcmp(name, "security.capability") != 0)
            continue;
        if (fsetxattr(fd, name, value, length, 0) < 0 && errno != ENOTSUP)
            return error_set_errno(err, errno, "set attribute '%s'", name);
    }
    return 0;
}

static int write_content(const struct unpack *unpack, int fd, struct error *err)
{
    const void *data = NULL;
    size_t length = 0;
    la_int64_t offset = 0;

    for (;;) {
        int status = archive_read_data_block(unpack->archive, &data, &length, &offset);

        if (status == ARCHIVE_EOF)
            return 0;
        if (status < ARCHIVE_WARN)
            return archive_failed(unpack, err);
        if (lseek(fd, offset, SEEK_SET) < 0)
            return error_set_errno(err, errno, "seek");
        if (file_write_all(fd, data, length, err) < 0)
            return -1;
    }
}

static int put_file(const struct unpack *unpack, struct archive_entry *entry,
                    const struct tree_entry *place, int fd, struct error *err)
{
    la_int64_t size = archive_entry_size(entry);

    if (write_content(unpack, fd, err) < 0)
        return -1;
    if (size < 0 || ftruncate(fd, size) < 0)
        return error_set_errno(err, errno, "set the size of '%s'", place->path);
    /* A change of owner drops file capabilities: they come after it. */
    if (tree_finish_file(fd, place, err) < 0 || set_xattrs(fd, entry, err) < 0)
        return -1;
    return tree_finish_file_time(fd, place, err);
}

static int finish_folder(struct unpack *unpack, struct archive_entry *entry,
                         const struct tree_entry *place, bool was_deleted, struct error *err)
{
    AUTO_CLOSE int fd = tree_open_folder(unpack->tree_fd, place->path, err);
    struct folder_time *time = NULL;

    if (fd < 0 || set_xattrs(fd, entry, err) < 0)
        return -1;
    time = ALLOC_APPEND(unpack->times, unpack->time_count);
    time->path = alloc_text(place->path);
    time->mtime = place->mtime;
    return was_deleted ? make_opaque(unpack->tree_fd, place->path, err) : 0;
}

static int put_entry(struct unpack *unpack, struct archive_entry *entry, const char *path,
                     struct error *err)
{
    const struct tree_entry place = {
        .path = path,
        .mode = archive_entry_mode(entry),
        .uid = (uid_t)archive_entry_uid(entry),
        .gid = (gid_t)archive_entry_gid(entry),
        .link = archive_entry_symlink(entry) ? archive_entry_symlink(entry)
                                             : archive_entry_symlink_utf8(entry),
        .device = archive_entry_rdev(entry),
        .mtime = MAX(archive_entry_mtime(entry), 0),
    };
    struct stat before;
    bool was_deleted = S_ISDIR(place.mode) && tree_find(unpack->tree_fd, path, &before) &&
                       merged_is_whiteout(&before);
    AUTO_CLOSE int fd = -1;

    if (S_ISLNK(place.mode) && text_is_empty(place.link))
        return error_set(err, ERROR_INVALID, "a symbolic link without a target");
    if (tree_put(unpack->tree_fd, &place, &fd, err) < 0)
        return -1;
    if (fd >= 0)
        return put_file(unpack, entry, &place, fd, err);
    return S_ISDIR(place.mode) ? finish_folder(unpack, entry, &place, was_deleted, err) : 0;
}

static int place_path(const struct unpack *unpack, const char *path, char **out, struct error *err)
{
    AUTO_FREE char *clean = NULL;

    if (tree_clean_path(path, &clean, err) < 0)
        return -1;
    if (unpack->options->place)
        return unpack->options->place(unpack->options->place_context, clean, out, err);
    *out = STEAL_PTR(clean);
    return 0;
}

static int take_entry(struct unpack *unpack, struct archive_entry *entry, const char *path,
                      struct error *err)
{
    AUTO_FREE char *place = NULL;
    AUTO_FREE char *target = NULL;
    const char *link = archive_entry_hardlink(entry);
    const char *name = NULL;

    if (!link)
        link = archive_entry_hardlink_utf8(entry);
    if (place_path(unpack, path, &place, err) < 0)
        return -1;
    if (link) {
        if (place_path(unpack, link, &target, err) < 0)
            return error_wrap(err, "target of the hard link");
        return tree_put_link(unpack->tree_fd, place, target, err);
    }
    name = strrchr(place, '/');
    name = name ? name + 1 : place;
    if (unpack->options->is_layer && text_starts_with(name, ".wh."))
        return put_marker(unpack, place, name, err);
    return put_entry(unpack, entry, place, err);
}

static int take_all(struct unpack *unpack, struct error *err)
{
    uint64_t left = unpack->options->entries_max ? unpack->options->entries_max : ENTRIES_MAX;

    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(unpack->archive, &entry);
        const char *path = NULL;

        if (status == ARCHIVE_EOF)
            return 0;
        if (status < ARCHIVE_WARN)
            return archive_failed(unpack, err);
        if (left-- == 0)
            return error_set(err, ERROR_INVALID, "the archive has too many entries");
        path = archive_entry_pathname(entry);
        if (!path)
            path = archive_entry_pathname_utf8(entry);
        if (!path)
            return error_set(err, ERROR_INVALID, "an entry of the archive has no name");
        if (take_entry(unpack, entry, path, err) < 0)
            return error_wrap(err, "'%s' in the archive", path);
    }
}

static int set_folder_times(const struct unpack *unpack, struct error *err)
{
    for (size_t i = unpack->time_count; i > 0; i--) {
        const struct folder_time *time = &unpack->times[i - 1];
        const struct timespec times[2] = { { .tv_sec = time->mtime }, { .tv_sec = time->mtime } };
        AUTO_CLOSE int fd = -1;
        struct stat status;

        /* A later entry may have taken the folder's place. */
        if (!tree_find(unpack->tree_fd, time->path, &status) || !S_ISDIR(status.st_mode))
            continue;
        fd = tree_open_folder(unpack->tree_fd, time->path, err);
        if (fd < 0)
            return -1;
        if (futimens(fd, times) < 0)
            return error_set_errno(err, errno, "set the time of '%s'", time->path);
    }
    return 0;
}

static int read_rest(struct unpack *unpack, struct error *err)
{
    const void *data = NULL;
    ssize_t got = 1;

    while (got > 0) {
        got = stream_reader_next(unpack->in, &data, err);
        if (got > 0)
            hash_sha256_update(&unpack->hash, data, (size_t)got);
    }
    return (int)got;
}

static int run(struct unpack *unpack, struct error *err)
{
    archive_read_support_format_tar(unpack->archive);
    archive_read_support_format_empty(unpack->archive);
    if (archive_read_open(unpack->archive, unpack, NULL, read_chunk, NULL) != ARCHIVE_OK)
        return archive_failed(unpack, err);
    if (take_all(unpack, err) < 0 || read_rest(unpack, err) < 0)
        return -1;
    return set_folder_times(unpack, err);
}

int unpack_archive(struct stream_reader *in, int tree_fd, const struct unpack_options *options,
                   char hex_out[HASH_SHA256_HEX_SIZE], struct error *err)
{
    struct unpack unpack = { .in = in, .tree_fd = tree_fd, .options = options };
    struct charset charset = charset_enter();
    int result = 0;

    unpack.archive = archive_read_new();
    hash_sha256_init(&unpack.hash);
    result = run(&unpack, err);
    archive_read_free(unpack.archive);
    charset_leave(charset);
    for (size_t i = 0; i < unpack.time_count; i++)
        free(unpack.times[i].path);
    free(unpack.times);
    if (result == 0)
        hash_sha256_hex(&unpack.hash, hex_out);
    return result;
}

int unpack_is_archive(int fd, bool *out, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    const void *data = NULL;
    struct error ignored = { 0 };
    ssize_t got = 0;

    *out = false;
    reader = stream_reader_new(fd, UINT64_MAX, &ignored);
    if (reader)
        got = stream_reader_next(reader, &data, &ignored);
    if (got >= 512)
        *out = memcmp((const char *)data + 257, "ustar", 5) == 0;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return error_set_errno(err, errno, "seek");
    return 0;
}
