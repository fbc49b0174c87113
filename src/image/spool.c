/* SPDX-License-Identifier: MIT */

/*
 * The files of an image archive
 */

#include "image/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/charset.h"
#include "image/session.h"
#include "image/stream_reader.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define CHUNK_SIZE 65536U
#define LINKS_MAX 8U

struct spool {
    struct session *session;
    const struct image_progress *progress;
    int folder;  /* -1: an archive, read whole */
    void *files; /* tree of struct spool_file */
    size_t count;
    uint64_t size_bytes;
    uint64_t archive_bytes; /* of the archive's own file; 0: not known */
};

static int compare_paths(const void *a, const void *b)
{
    const struct spool_file *one = a;
    const struct spool_file *two = b;

    return strcmp(one->path, two->path);
}

static void file_free(void *node)
{
    struct spool_file *file = node;

    if (!file)
        return;
    free(file->path);
    free(file->stored);
    free(file->link);
    free(file);
}

void spool_free(struct spool *spool)
{
    if (!spool)
        return;
    tdestroy(spool->files, file_free);
    free(spool);
}

static const struct spool_file *find_known(const struct spool *spool, const char *path)
{
    char *key = alloc_text(path);
    const struct spool_file wanted = { .path = key };
    struct spool_file *const *found = tfind(&wanted, &spool->files, compare_paths);

    free(key);
    return found ? *found : NULL;
}

/* An archive that says two things of one name would be read differently by different readers. */
static int add_file(struct spool *spool, struct spool_file *file, struct error *err)
{
    const struct spool_file *same = find_known(spool, file->path);

    if (same) {
        bool is_equal = text_equal(same->link, file->link) && strcmp(same->hex, file->hex) == 0;

        if (!is_equal)
            error_set(err, ERROR_INVALID, "it is in the archive twice, with different content");
        file_free(file);
        return is_equal ? 0 : -1;
    }
    if (!tsearch(file, &spool->files, compare_paths))
        abort();
    spool->count++;
    return 0;
}

/* A file of the archive on its way into the session. */
struct storing {
    struct spool *spool;
    struct spool_file *file;
    struct hash_sha256 hash;
    int fd;
};

static int begin_storing(struct storing *storing, struct spool *spool, struct spool_file *file,
                         struct error *err)
{
    file->stored = session_new_name(spool->session, "archived");
    *storing = (struct storing){
        .spool = spool,
        .file = file,
        .fd = openat(spool->session->fd, file->stored,
                     O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600),
    };
    hash_sha256_init(&storing->hash);
    return storing->fd < 0 ? error_set_errno(err, errno, "make a file in the store") : 0;
}

static int store_bytes(struct storing *storing, const void *data, size_t length, struct error *err)
{
    storing->spool->size_bytes += length;
    if (storing->spool->size_bytes > SPOOL_SIZE_MAX)
        return error_set(err, ERROR_INVALID, "the archive is larger than the limit");
    storing->file->size_bytes += length;
    hash_sha256_update(&storing->hash, data, length);
    return file_write_all(storing->fd, data, length, err);
}

static void end_storing(struct storing *storing)
{
    hash_sha256_hex(&storing->hash, storing->file->hex);
    if (storing->fd >= 0)
        close(storing->fd);
}

static int archive_failed(struct archive *archive, struct error *err)
{
    const char *text = archive_error_string(archive);

    return error_set(err, ERROR_INVALID, "broken archive: %s", text ? text : "unknown");
}

static void tell_read(const struct spool *spool, struct archive *archive, bool is_end)
{
    uint64_t done = (uint64_t)MAX(archive_filter_bytes(archive, -1), INT64_C(0));

    image_progress_tell(spool->progress, "archive", done, is_end ? done : spool->archive_bytes);
}

static int read_content(const struct spool *spool, struct archive *archive, struct storing *storing,
                        struct error *err)
{
    const void *data = NULL;
    size_t length = 0;
    la_int64_t offset = 0;

    for (;;) {
        int status = archive_read_data_block(archive, &data, &length, &offset);

        if (status == ARCHIVE_EOF)
            return 0;
        if (status < ARCHIVE_WARN)
            return archive_failed(archive, err);
        if ((uint64_t)offset != storing->file->size_bytes)
            return error_set(err, ERROR_INVALID, "a sparse file, which no image archive has");
        if (store_bytes(storing, data, length, err) < 0)
            return -1;
        tell_read(spool, archive, false);
    }
}

static int take_content(struct spool *spool, struct archive *archive, struct spool_file *file,
                        struct error *err)
{
    struct storing storing;
    int result = begin_storing(&storing, spool, file, err);

    if (result == 0)
        result = read_content(spool, archive, &storing, err);
    end_storing(&storing);
    return result;
}

/* Where a symbolic link at `path` leads, read as text: nothing is ever followed on disk. */
static int resolve_link(const char *path, const char *target, char **out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_TEXT struct text at = { 0 };

    text_add_bytes(&at, path, slash ? (size_t)(slash - path) : 0);
    while (text_starts_with(target, "../")) {
        const char *last = strrchr(text_get(&at), '/');
        size_t length = last ? (size_t)(last - text_get(&at)) : 0;

        if (at.length == 0)
            return error_set(err, ERROR_INVALID, "a link that leads out of the archive");
        at.length = length;
        at.data[length] = '\0';
        target += strlen("../");
    }
    if (*target == '/')
        return error_set(err, ERROR_INVALID, "a link that leads out of the archive");
    if (at.length > 0)
        text_add_char(&at, '/');
    text_add(&at, target);
    return tree_clean_path(text_get(&at), out, err);
}

static int take_entry(struct spool *spool, struct archive *archive, struct archive_entry *entry,
                      struct spool_file *file, struct error *err)
{
    const char *hard = archive_entry_hardlink(entry);
    const char *soft = archive_entry_symlink(entry);

    if (tree_clean_path(archive_entry_pathname(entry), &file->path, err) < 0)
        return -1;
    if (hard)
        return tree_clean_path(hard, &file->link, err);
    if (archive_entry_filetype(entry) == AE_IFLNK)
        return resolve_link(file->path, soft ? soft : "", &file->link, err);
    if (archive_entry_filetype(entry) != AE_IFREG)
        return error_set(err, ERROR_INVALID, "no file, folder or link");
    return take_content(spool, archive, file, err);
}

static int read_archive(struct spool *spool, struct archive *archive, struct error *err)
{
    struct archive_entry *entry = NULL;
    int status = ARCHIVE_OK;

    while ((status = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
        const char *path = status < ARCHIVE_WARN ? NULL : archive_entry_pathname(entry);
        struct spool_file *file = NULL;

        if (status < ARCHIVE_WARN)
            return archive_failed(archive, err);
        if (!path)
            return error_set(err, ERROR_INVALID, "an entry of the archive has no name");
        if (archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        if (spool->count >= SPOOL_FILES_MAX)
            return error_set(err, ERROR_INVALID, "the archive has more than %u files",
                             SPOOL_FILES_MAX);
        file = alloc_new(struct spool_file);
        if (take_entry(spool, archive, entry, file, err) < 0) {
            file_free(file);
            return error_wrap(err, "'%.200s' in the archive", path);
        }
        if (add_file(spool, file, err) < 0)
            return error_wrap(err, "'%.200s' in the archive", path);
    }
    tell_read(spool, archive, true);
    return 0;
}

static int open_archive(struct spool *spool, int fd, struct error *err)
{
    struct archive *archive = archive_read_new();
    struct charset charset = charset_enter();
    int result = 0;

    archive_read_support_format_tar(archive);
    if (stream_reader_support(archive, err) < 0)
        result = -1;
    else if (archive_read_open_fd(archive, fd, CHUNK_SIZE) != ARCHIVE_OK)
        result = archive_failed(archive, err);
    else
        result = read_archive(spool, archive, err);
    archive_read_free(archive);
    charset_leave(charset);
    return result;
}

struct spool *spool_open(int fd, struct session *session, const struct image_progress *progress,
                         struct error *err)
{
    AUTO(spool) struct spool *spool = alloc_new(struct spool);
    struct stat status;

    spool->session = session;
    spool->progress = progress;
    spool->folder = -1;
    if (fstat(fd, &status) < 0) {
        error_set_errno(err, errno, "look at the archive");
        return NULL;
    }
    if (S_ISDIR(status.st_mode)) {
        spool->folder = fd;
        return STEAL_PTR(spool);
    }
    if (S_ISREG(status.st_mode))
        spool->archive_bytes = (uint64_t)status.st_size;
    return open_archive(spool, fd, err) < 0 ? NULL : STEAL_PTR(spool);
}

static int open_in_folder(int folder, const char *path)
{
    return file_open_resolved(folder, path, O_RDONLY | O_NONBLOCK,
                              RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

static int copy_bytes(struct storing *storing, int from, struct error *err)
{
    AUTO_FREE char *chunk = alloc_zeroed(1, CHUNK_SIZE);

    for (;;) {
        ssize_t got = file_read_some(from, chunk, CHUNK_SIZE, err);

        if (got <= 0)
            return (int)got;
        if (store_bytes(storing, chunk, (size_t)got, err) < 0)
            return -1;
    }
}

static int copy_content(struct spool *spool, struct spool_file *file, int from, struct error *err)
{
    struct storing storing;
    int result = begin_storing(&storing, spool, file, err);

    if (result == 0)
        result = copy_bytes(&storing, from, err);
    end_storing(&storing);
    return result;
}

/* Of a folder, a file is read when it is first asked for. */
static int fetch(struct spool *spool, const char *path, const struct spool_file **out,
                 struct error *err)
{
    AUTO_CLOSE int from = open_in_folder(spool->folder, path);
    struct spool_file *file = NULL;
    struct stat status;

    *out = NULL;
    if (from < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (from < 0 || fstat(from, &status) < 0)
        return error_set_errno(err, errno, "open '%s' of the folder", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' of the folder is no file", path);
    file = alloc_new(struct spool_file);
    file->path = alloc_text(path);
    if (copy_content(spool, file, from, err) < 0) {
        file_free(file);
        return error_wrap(err, "'%s' of the folder", path);
    }
    if (add_file(spool, file, err) < 0)
        return -1;
    *out = file;
    return 0;
}

int spool_find(struct spool *spool, const char *path, const struct spool_file **out,
               struct error *err)
{
    const struct spool_file *file = find_known(spool, path);

    for (unsigned links = 0; file && file->link; links++) {
        if (links == LINKS_MAX)
            return error_set(err, ERROR_INVALID, "'%s' in the archive: too many links", path);
        file = find_known(spool, file->link);
    }
    *out = file;
    return file || spool->folder < 0 ? 0 : fetch(spool, path, out, err);
}

int spool_get(struct spool *spool, const char *path, const struct spool_file **out,
              struct error *err)
{
    if (spool_find(spool, path, out, err) < 0)
        return -1;
    return *out ? 0 : error_set(err, ERROR_NOT_FOUND, "the archive has no '%.200s'", path);
}

int spool_open_file(const struct spool *spool, const struct spool_file *file, struct error *err)
{
    int fd = openat(spool->session->fd, file->stored, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd < 0 ? error_set_errno(err, errno, "open '%s' of the archive", file->path) : fd;
}

int spool_read(const struct spool *spool, const struct spool_file *file, size_t limit,
               struct text *out, struct error *err)
{
    AUTO_CLOSE int fd = spool_open_file(spool, file, err);

    if (fd < 0)
        return -1;
    if (file_read_fd(fd, limit, out, err) < 0)
        return error_wrap(err, "'%.200s' of the archive", file->path);
    return 0;
}

int spool_commit(struct spool *spool, const struct spool_file *file, int store_fd,
                 struct error *err)
{
    AUTO_FREE char *digest = alloc_format("sha256:%s", file->hex);
    AUTO_FREE char *name = session_new_name(spool->session, "blob");
    AUTO_CLOSE int fd = -1;

    if (blob_exists(store_fd, digest))
        return 0;
    fd = spool_open_file(spool, file, err);
    if (fd < 0)
        return -1;
    if (linkat(spool->session->fd, file->stored, spool->session->fd, name, 0) < 0)
        return error_set_errno(err, errno, "name a blob");
    return blob_commit(store_fd, spool->session, name, fd, digest, err);
}
