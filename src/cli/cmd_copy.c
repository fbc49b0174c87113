/* SPDX-License-Identifier: MIT */

/*
 * `carte cp`: files from and to containers
 *
 * The source becomes a tar stream, written by a process of its own, and the target unpacks it.
 * On the container's side every path is resolved within its root, and on the target's nothing
 * is written outside of the folder that was named, however the source is made.
 */

#include "cli/cmd_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/container_layer.h"
#include "cli/container_root.h"
#include "image/export.h"
#include "image/stream_reader.h"
#include "image/unpack.h"
#include "runtime/confined.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define SIZE_MAX_BYTES (UINT64_C(64) << 30)

struct copy_options {
    bool archive, follow;
};

static const struct option copy_options[] = {
    {
        .letter = 'a',
        .name = "archive",
        OPTION(FLAG, struct copy_options, archive),
        .doc = "Keep the owners of the source; else what is copied is root's.",
    },
    {
        .letter = 'L',
        .name = "follow-link",
        OPTION(FLAG, struct copy_options, follow),
        .doc = "Copy what a link that is named as the source leads to.",
    },
    { 0 },
};

/* One of the two places: on this machine, in a container, or "-". */
struct side {
    const char *word;
    bool is_stream, is_container;
    char *path;
    int root; /* of the container, or of this machine */
    struct id_shift ids;
};

#define SIDE_NONE  \
    {              \
        .root = -1 \
    }
#define AUTO_SIDE __attribute__((cleanup(side_done)))

static void side_done(struct side *side)
{
    cleanup_close(&side->root);
    free(side->path);
}

/* "NAME:PATH" is a container's; what begins with '/' or '.' never is. */
static int open_side(const char *word, struct side *out, struct error *err)
{
    const char *colon = strchr(word, ':');
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_FREE char *name = NULL;

    out->word = word;
    out->is_stream = strcmp(word, "-") == 0;
    if (out->is_stream)
        return 0;
    if (!colon || word[0] == '/' || word[0] == '.') {
        out->path = alloc_text(word);
        return 0;
    }
    name = alloc_text_part(word, (size_t)(colon - word));
    out->is_container = true;
    out->path = alloc_text(colon[1] ? colon + 1 : "/");
    if (container_find(name, &found, err) < 0 ||
        container_layer_find_ids(&found, &out->ids, err) < 0)
        return -1;
    return container_root_open(&found, &out->root, err);
}

/* Open a path of a side; -1 with errno set. */
static int open_path(const struct side *side, const char *path, int flags)
{
    if (side->is_container)
        return confined_open(side->root, path, flags);
    return open(path, flags | O_CLOEXEC);
}

static bool ends_in_itself(const char *path)
{
    return strcmp(path, ".") == 0 || text_ends_with(path, "/.");
}

/* The last part of a path, without slashes behind it; the caller frees it. */
static char *base_name(const char *path)
{
    size_t end = strlen(path);
    size_t begin;

    while (end > 0 && path[end - 1] == '/')
        end--;
    begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return alloc_text_part(path + begin, end - begin);
}

static char *parent_name(const char *path)
{
    AUTO_FREE char *base = base_name(path);
    size_t end = strlen(path);

    while (end > 0 && path[end - 1] == '/')
        end--;
    end -= strlen(base);
    return end == 0 ? alloc_text(".") : alloc_text_part(path, end);
}

/* Where the copy goes: an open folder, and the name in it ("" is the folder itself). */
struct target {
    int folder;
    char *name;
    struct id_shift ids;
};

static int set_target(struct target *target, int folder, char *name)
{
    target->folder = folder;
    target->name = name;
    return 0;
}

/*
 * As `cp -r` does: into a folder that is there, under the source's name; else as the name that
 * is given. A source that ends in "/." is its content.
 */
static int find_target(const struct side *source, const struct side *target, bool is_folder,
                       struct target *out, struct error *err)
{
    int folder = open_path(target, target->path, O_RDONLY | O_DIRECTORY);
    AUTO_FREE char *above = NULL;

    if (folder >= 0)
        return set_target(out, folder,
                          source->is_stream || ends_in_itself(source->path)
                              ? alloc_text("")
                              : base_name(source->path));
    if (errno != ENOENT && errno != ENOTDIR)
        return error_set_errno(err, errno, "open '%s'", target->word);
    if (source->is_stream || (!is_folder && text_ends_with(target->path, "/")))
        return error_set(err, ERROR_NOT_FOUND, "the folder '%s' does not exist", target->word);
    if (errno == ENOTDIR && is_folder)
        return error_set(err, ERROR_INVALID, "a folder cannot be copied over the file '%s'",
                         target->word);
    above = parent_name(target->path);
    folder = open_path(target, above, O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return error_set_errno(err, errno, "open the folder above '%s'", target->word);
    return set_target(out, folder, base_name(target->path));
}

/* Is the source a folder? ERROR_NOT_FOUND: there is none. */
static int look_at_source(const struct side *source, bool follow, bool *is_folder_out,
                          struct error *err)
{
    AUTO_CLOSE int fd = open_path(source, source->path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "open '%s'", source->word);
    *is_folder_out = S_ISDIR(status.st_mode);
    return 0;
}

/* Write what stands at `path` of this machine as a tar stream. */
static int pack_here(const char *path, const char *name, int fd, struct error *err)
{
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_FREE char *base = base_name(path);
    const struct export_part part = { .path = base, .name = name };

    strings_take(&layers, parent_name(path));
    return export_part(&layers, &part, fd, err);
}

static int pack_source(const struct side *source, const char *name, bool follow, int fd,
                       struct error *err)
{
    const struct export_part part = {
        .path = source->path,
        .name = name,
        .follow = follow,
        .ids = source->ids,
    };
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_FREE char *real = NULL;

    if (source->is_container) {
        strings_take(&layers, alloc_format("/proc/self/fd/%d", source->root));
        return export_part(&layers, &part, fd, err);
    }
    if (!follow && !ends_in_itself(source->path))
        return pack_here(source->path, name, fd, err);
    real = realpath(source->path, NULL);
    return real ? pack_here(real, name, fd, err)
                : error_set_errno(err, errno, "open '%s'", source->word);
}

/*
 * Make files as the container's root, with all our rights: mounts that shift its ids, as those of
 * its volumes do, take files of its own users only.
 */
static int become_root_of(const struct id_shift *ids, struct error *err)
{
    if (ids->count == 0)
        return 0;
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
        return error_set_errno(err, errno, "keep the rights of root");
    setfsuid(ids->first);
    setfsgid(ids->first);
    return 0;
}

static int unpack_target(const struct target *target, bool keeps_owner, int fd, struct error *err)
{
    AUTO(stream_reader) struct stream_reader *reader = stream_reader_new(fd, SIZE_MAX_BYTES, err);
    const struct unpack_options options = { .has_owner = !keeps_owner, .ids = target->ids };
    char digest[HASH_SHA256_HEX_SIZE];

    if (!reader || become_root_of(&target->ids, err) < 0)
        return -1;
    return unpack_archive(reader, target->folder, &options, digest, err);
}

/* The packing process tells of its error itself. */
static int start_packing(const struct side *source, const char *name, bool follow, int *out,
                         pid_t *pid_out, struct error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe");
    *pid_out = fork();
    if (*pid_out == 0) {
        struct error failure = { 0 };

        close(ends[0]);
        if (pack_source(source, name, follow, ends[1], &failure) == 0)
            _exit(0);
        fprintf(stderr, "carte: %s\n", failure.text);
        _exit(1);
    }
    close(ends[1]);
    if (*pid_out < 0) {
        close(ends[0]);
        return error_set_errno(err, errno, "make a process");
    }
    *out = ends[0];
    return 0;
}

static int end_packing(pid_t pid, const char *word, struct error *err)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return error_set(err, ERROR_SYSTEM, "'%s' was not read to its end", word);
}

static int copy(const struct side *source, const struct side *target,
                const struct copy_options *options, struct error *err)
{
    struct target place = { .folder = -1, .ids = target->ids };
    AUTO_FREE char *name = NULL;
    AUTO_CLOSE int folder = -1;
    AUTO_CLOSE int fd = -1;
    bool is_folder = true;
    pid_t pid = 0;
    int result;

    if (!source->is_stream && look_at_source(source, options->follow, &is_folder, err) < 0)
        return -1;
    if (target->is_stream) {
        name = ends_in_itself(source->path) ? alloc_text("") : base_name(source->path);
        return pack_source(source, name, options->follow, STDOUT_FILENO, err);
    }
    if (find_target(source, target, is_folder, &place, err) < 0)
        return -1;
    name = place.name;
    folder = place.folder;
    if (source->is_stream)
        return unpack_target(&place, true, STDIN_FILENO, err);
    if (start_packing(source, name, options->follow, &fd, &pid, err) < 0)
        return -1;
    result = unpack_target(&place, options->archive, fd, err);
    cleanup_close(&fd);
    fd = -1;
    if (result < 0) {
        struct error ignored = { 0 };

        (void)end_packing(pid, source->word, &ignored);
        return -1;
    }
    return end_packing(pid, source->word, err);
}

static int copy_run(struct command_call *call, struct error *err)
{
    const char *const *words = (const char *const *)call->operands->items;
    AUTO_SIDE struct side source = SIDE_NONE;
    AUTO_SIDE struct side target = SIDE_NONE;

    if (open_side(words[0], &source, err) < 0 || open_side(words[1], &target, err) < 0)
        return -1;
    if (source.is_container == target.is_container)
        return command_refuse(call, err,
                              "one of the two is to be CONTAINER:PATH, the other a path of this "
                              "machine or -");
    return copy(&source, &target, call->options, err);
}

const struct command cmd_copy = {
    .name = "cp",
    .operands = "CONTAINER:PATH|PATH|- CONTAINER:PATH|PATH|-",
    .summary = "Copy files and folders from or to a container.",
    .details = "With - a tar archive is written to the standard output, or read from the input "
               "and unpacked into a folder. A container need not run.",
    .options = copy_options,
    .options_size = sizeof(struct copy_options),
    .operand_min = 2,
    .operand_max = 2,
    .run = copy_run,
};
