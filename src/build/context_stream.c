/* SPDX-License-Identifier: MIT */

/*
 * A build context that comes as a stream
 */

#include "build/context_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/cartefile.h"
#include "image/layer.h"
#include "image/merged.h"
#include "image/session.h"
#include "image/store.h"
#include "image/stream_reader.h"
#include "image/unpack.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define BUFFER_BYTES 131072U

void context_stream_done(struct context_stream *stream)
{
    free(stream->folder);
    free(stream->cartefile);
    *stream = (struct context_stream){ 0 };
}

/* What comes cannot be read twice, so it is kept in a file without a name; a file can. */
static int keep(int fd, const struct session *session, struct error *err)
{
    AUTO_FREE char *buffer = alloc_array(char, BUFFER_BYTES);
    AUTO_CLOSE int kept = -1;
    struct stat status;
    ssize_t got = 0;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fcntl(fd, F_DUPFD_CLOEXEC, 3);
    kept = openat(session->fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (kept < 0)
        return error_set_errno(err, errno, "keep what comes");
    while ((got = file_read_some(fd, buffer, BUFFER_BYTES, err)) > 0) {
        if (file_write_all(kept, buffer, (size_t)got, err) < 0)
            return -1;
    }
    if (got < 0 || lseek(kept, 0, SEEK_SET) < 0)
        return got < 0 ? -1 : error_set_errno(err, errno, "seek");
    return STEAL_FD(kept);
}

static int unpack(int fd, int folder, struct error *err)
{
    const struct unpack_options options = { 0 };
    AUTO(stream_reader) struct stream_reader *reader = stream_reader_new(fd, LAYER_SIZE_MAX, err);
    char hex[HASH_SHA256_HEX_SIZE];

    if (!reader || unpack_archive(reader, folder, &options, hex, err) < 0)
        return error_wrap(err, "unpack the build context");
    return 0;
}

/* Links in what others made lead nowhere out of it. */
static int find_cartefile(const char *folder, const char *name, char **out, struct error *err)
{
    const char *const names[] = { name ? name : "Cartefile", "Dockerfile" };
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO(merged) struct merged *view = NULL;
    AUTO_TEXT struct text text = { 0 };

    strings_add(&layers, folder);
    view = merged_open(&layers, err);
    if (!view)
        return -1;
    for (size_t i = 0; i < (name ? 1 : ARRAY_SIZE(names)); i++) {
        if (merged_read(view, names[i], CARTEFILE_SIZE_MAX, &text, err) == 0) {
            *out = text_steal(&text);
            return 0;
        }
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    }
    return error_set(err, ERROR_NOT_FOUND, "the archive has no '%s'", names[0]);
}

static int read_archive(int fd, struct session *session, struct store *store, const char *cartefile,
                        struct context_stream *out, struct error *err)
{
    AUTO_FREE char *name = session_new_name(session, "context");
    AUTO_CLOSE int folder = -1;

    if (mkdirat(session->fd, name, 0755) == 0)
        folder = openat(session->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return error_set_errno(err, errno, "make a folder for the build context");
    out->folder = store_session_path(store, session, name);
    return unpack(fd, folder, err) < 0
               ? -1
               : find_cartefile(out->folder, cartefile, &out->cartefile, err);
}

int context_stream_read(struct store *store, int fd, const char *cartefile,
                        struct context_stream *out, struct error *err)
{
    struct session *session = NULL;
    AUTO_CLOSE int kept = -1;
    bool is_archive = false;

    if (store_begin(store, &session, err) < 0)
        return -1;
    kept = keep(fd, session, err);
    if (kept < 0 || unpack_is_archive(kept, &is_archive, err) < 0)
        return -1;
    if (is_archive)
        return read_archive(kept, session, store, cartefile, out, err);
    if (cartefile)
        return error_set(err, ERROR_INVALID, "the build context is no archive with a '%s' in it",
                         cartefile);
    return context_stream_read_cartefile(kept, &out->cartefile, err);
}

int context_stream_read_cartefile(int fd, char **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    if (file_read_fd(fd, CARTEFILE_SIZE_MAX, &text, err) < 0)
        return error_wrap(err, "read the Cartefile");
    if (text.length == 0)
        return error_set(err, ERROR_INVALID, "nothing came: neither a Cartefile nor an archive");
    if (strlen(text_get(&text)) != text.length)
        return error_set(err, ERROR_INVALID,
                         "what came is neither a Cartefile nor an archive: it has a NUL in it");
    *out = text_steal(&text);
    return 0;
}
