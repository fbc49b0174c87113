/* SPDX-License-Identifier: MIT */

/*
 * An archive becomes a tree
 */

#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/charset.h"
#include "image/merged.h"
#include "image/stream_reader.h"
#include "image/tree.h"
#include "image/tree_cursor.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define ENTRIES_MAX UINT64_C(2000000)
#define BYTES_MAX (UINT64_C(64) << 30) /* with the holes of sparse files */
#define XATTR_MAX 65536U
#define MARKER ".wh."
#define OPAQUE_MARKER ".wh..wh..opq"
#define ID_MAX (UINT32_MAX - 1) /* what is above means "leave it" to the kernel */

struct unpack {
    struct archive *archive;
    struct stream_reader *in;
    const struct unpack_options *options;
    struct hash_sha256 hash;
    struct error failure; /* of the stream */
    struct tree_cursor cursor;
    uint64_t entries_left, bytes_left;
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

static int mark_opaque(int fd, struct error *err)
{
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return error_set_errno(err, errno, "mark a folder as opaque");
    return 0;
}

static int open_folder(int parent, const char *name, struct error *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? error_set_errno(err, errno, "open folder '%s'", name) : fd;
}

/* Overlayfs does not ask the root of a layer. */
static int put_opaque(struct unpack *unpack, const char *path, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    if (!*path)
        return error_set(err, ERROR_UNSUPPORTED, "a layer that deletes all below it");
    if (tree_make_folders(unpack->cursor.root, path, err) < 0)
        return -1;
    fd = tree_open_folder(unpack->cursor.root, path, err);
    return fd < 0 ? -1 : mark_opaque(fd, err);
}

/* A deletion concerns the layers below: what this layer has under the name stays. */
static int put_deletion(struct unpack *unpack, const char *path, struct error *err)
{
    const char *name = NULL;
    struct stat status;
    AUTO_CLOSE int fd = -1;

    if (tree_cursor_enter(&unpack->cursor, path, &name, err) < 0)
        return -1;
    if (fstatat(unpack->cursor.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (mknodat(unpack->cursor.fd, name, S_IFCHR, 0) < 0)
            return error_set_errno(err, errno, "mark '%s' as deleted", path);
        return 0;
    }
    if (!S_ISDIR(status.st_mode))
        return 0;
    fd = open_folder(unpack->cursor.fd, name, err);
    return fd < 0 ? -1 : mark_opaque(fd, err);
}

static int put_marker(struct unpack *unpack, const char *path, const char *name, struct error *err)
{
    size_t folder = (size_t)(name - path);
    AUTO_FREE char *target = NULL;

    if (strcmp(name, OPAQUE_MARKER) == 0) {
        target = alloc_text_part(path, folder > 0 ? folder - 1 : 0);
        return put_opaque(unpack, target, err);
    }
    name += strlen(MARKER);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        text_starts_with(name, MARKER))
        return error_set(err, ERROR_INVALID, "this is no valid mark of a deleted file");
    target = alloc_format("%.*s%s", (int)folder, path, name);
    return put_deletion(unpack, target, err);
}

/* Attributes for which a layer is no place are refused or, being the host's business, left. */
static int set_xattrs(int fd, struct archive_entry *entry, struct error *err)
{
    const char *name = NULL;
    const void *value = NULL;
    size_t length = 0;

    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
        if (text_starts_with(name, "trusted.overlay.") || length > XATTR_MAX)
            return error_set(err, ERROR_DENIED, "attribute '%s' is not allowed in an archive",
                             name);
        if (!text_starts_with(name, "user.") && strcmp(name, "security.capability") != 0)
            continue;
        if (fsetxattr(fd, name, value, length, 0) < 0 && errno != ENOTSUP)
            return error_set_errno(err, errno, "set attribute '%s'", name);
    }
    return 0;
}

static int write_content(const struct unpack *unpack, int fd, la_int64_t size, struct error *err)
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
        if (offset < 0 || offset > size || (la_int64_t)length > size - offset)
            return error_set(err, ERROR_INVALID, "content beyond the end of the file");
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

    if (write_content(unpack, fd, size, err) < 0)
        return -1;
    if (ftruncate(fd, size) < 0)
        return error_set_errno(err, errno, "set the size of '%s'", place->path);
    /* A change of owner drops file capabilities: they come after it. */
    if (tree_finish_file(fd, place, err) < 0 || set_xattrs(fd, entry, err) < 0)
        return -1;
    return tree_finish_file_time(fd, place, err);
}

static int finish_folder(int parent, const char *name, struct archive_entry *entry,
                         const struct tree_entry *place, struct error *err)
{
    AUTO_CLOSE int fd = open_folder(parent, name, err);

    if (fd < 0 || set_xattrs(fd, entry, err) < 0)
        return -1;
    return tree_finish_file_time(fd, place, err);
}

static int put_root(struct unpack *unpack, struct archive_entry *entry,
                    const struct tree_entry *place, struct error *err)
{
    int fd = -1;

    if (tree_cursor_leave(&unpack->cursor, err) < 0 ||
        tree_put(unpack->cursor.root, place, &fd, err) < 0)
        return -1;
    return finish_folder(unpack->cursor.root, ".", entry, place, err);
}

/* What was deleted before it is put here is new: nothing of the layers below shows in it. */
static int put_folder(int parent, const char *name, struct archive_entry *entry,
                      const struct tree_entry *place, struct error *err)
{
    struct stat before;
    bool was_deleted =
        fstatat(parent, name, &before, AT_SYMLINK_NOFOLLOW) == 0 && merged_is_whiteout(&before);
    AUTO_CLOSE int fd = -1;

    if (tree_put_at(parent, name, place, &fd, err) < 0)
        return -1;
    if (was_deleted) {
        fd = open_folder(parent, name, err);
        if (fd < 0 || mark_opaque(fd, err) < 0)
            return -1;
    }
    return finish_folder(parent, name, entry, place, err);
}

static int check_entry(struct unpack *unpack, struct archive_entry *entry, struct error *err)
{
    la_int64_t uid = archive_entry_uid(entry);
    la_int64_t gid = archive_entry_gid(entry);
    la_int64_t size = archive_entry_size(entry);
    bool is_container = unpack->options->ids.count > 0 && !unpack->options->has_owner;
    la_int64_t last = is_container ? unpack->options->ids.count - 1 : ID_MAX;

    if (uid < 0 || uid > last || gid < 0 || gid > last)
        return error_set(err, ERROR_INVALID, "its owner %lld:%lld is out of range", (long long)uid,
                         (long long)gid);
    if (size < 0 || (uint64_t)size > unpack->bytes_left)
        return error_set(err, ERROR_INVALID, "the files of the archive are larger than the limit");
    unpack->bytes_left -= (uint64_t)size;
    return 0;
}

static int put_entry(struct unpack *unpack, struct archive_entry *entry, const char *path,
                     struct error *err)
{
    const struct unpack_options *options = unpack->options;
    const struct tree_entry place = {
        .path = path,
        .mode = archive_entry_mode(entry),
        .uid = id_shift_outside(
            &options->ids, options->has_owner ? options->uid : (uid_t)archive_entry_uid(entry)),
        .gid = id_shift_outside(
            &options->ids, options->has_owner ? options->gid : (gid_t)archive_entry_gid(entry)),
        .link = archive_entry_symlink(entry) ? archive_entry_symlink(entry)
                                             : archive_entry_symlink_utf8(entry),
        .device = archive_entry_rdev(entry),
        .mtime = MAX(archive_entry_mtime(entry), 0),
    };
    const char *name = NULL;
    AUTO_CLOSE int fd = -1;

    if (check_entry(unpack, entry, err) < 0)
        return -1;
    if (S_ISLNK(place.mode) && text_is_empty(place.link))
        return error_set(err, ERROR_INVALID, "a symbolic link without a target");
    if (!*path)
        return put_root(unpack, entry, &place, err);
    if (tree_cursor_enter(&unpack->cursor, path, &name, err) < 0)
        return -1;
    if (S_ISDIR(place.mode))
        return put_folder(unpack->cursor.fd, name, entry, &place, err);
    if (tree_put_at(unpack->cursor.fd, name, &place, &fd, err) < 0)
        return -1;
    return fd >= 0 ? put_file(unpack, entry, &place, fd, err) : 0;
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

static int put_link(struct unpack *unpack, const char *path, const char *link, struct error *err)
{
    AUTO_FREE char *target = NULL;
    const char *name = NULL;

    if (place_path(unpack, link, &target, err) < 0)
        return error_wrap(err, "target of the hard link");
    if (!*path || tree_cursor_enter(&unpack->cursor, path, &name, err) < 0)
        return *path ? -1 : error_set(err, ERROR_INVALID, "the root is no folder");
    return tree_put_link(unpack->cursor.fd, name, unpack->cursor.root, target, err);
}

/* Where a name of the form of a mark stands in the path, or NULL. */
static const char *find_marker(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (text_starts_with(part, MARKER))
            return part;
    }
    return NULL;
}

static int take_entry(struct unpack *unpack, struct archive_entry *entry, const char *path,
                      struct error *err)
{
    AUTO_FREE char *place = NULL;
    const char *link = archive_entry_hardlink(entry);
    const char *marker = NULL;

    if (!link)
        link = archive_entry_hardlink_utf8(entry);
    if (place_path(unpack, path, &place, err) < 0)
        return -1;
    marker = unpack->options->is_layer ? find_marker(place) : NULL;
    if (marker && (link || strchr(marker, '/')))
        return error_set(err, ERROR_INVALID, "this is no valid mark of a deleted file");
    if (marker)
        return put_marker(unpack, place, marker, err);
    if (link)
        return put_link(unpack, place, link, err);
    return put_entry(unpack, entry, place, err);
}

static int take_all(struct unpack *unpack, struct error *err)
{
    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(unpack->archive, &entry);
        const char *path = NULL;

        if (status == ARCHIVE_EOF)
            return 0;
        if (status < ARCHIVE_WARN)
            return archive_failed(unpack, err);
        if (unpack->entries_left-- == 0)
            return error_set(err, ERROR_INVALID, "the archive has too many entries");
        path = archive_entry_pathname(entry);
        if (!path)
            path = archive_entry_pathname_utf8(entry);
        if (!path)
            return error_set(err, ERROR_INVALID, "an entry of the archive has no name");
        if (take_entry(unpack, entry, path, err) < 0)
            return error_wrap(err, "'%.200s' in the archive", path);
    }
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
    return tree_cursor_leave(&unpack->cursor, err);
}

int unpack_archive(struct stream_reader *in, int tree_fd, const struct unpack_options *options,
                   char hex_out[HASH_SHA256_HEX_SIZE], struct error *err)
{
    struct unpack unpack = {
        .in = in,
        .options = options,
        .cursor = { .root = tree_fd, .fd = -1 },
        .entries_left = options->entries_max ? options->entries_max : ENTRIES_MAX,
        .bytes_left = options->bytes_max ? options->bytes_max : BYTES_MAX,
    };
    struct charset charset = charset_enter();
    int result = 0;

    unpack.archive = archive_read_new();
    hash_sha256_init(&unpack.hash);
    result = run(&unpack, err);
    archive_read_free(unpack.archive);
    charset_leave(charset);
    tree_cursor_done(&unpack.cursor);
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
