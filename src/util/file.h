/* SPDX-License-Identifier: MIT */

/*
 * Files: read whole, replaced whole
 *
 * A file is replaced by write-to-temporary, fsync, rename, fsync of the folder, so that a
 * kill or a power cut at any instant leaves the old content or the new one.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"
#include "util/text.h"

struct error;
struct strings;

/* Who may read a file that is replaced, and whether it must survive a power cut. */
struct file_kind {
    mode_t mode;
    bool durable; /* its content, before it has its name */
    bool named;   /* its name */
};

/*
 * For CARTE_RUN: atomic, but not synced to disk; for CARTE_ROOT: synced, too. In between: what
 * is lost with its name in a power cut, but is whole when it has it.
 */
#define FILE_VOLATILE(mode_) ((struct file_kind){ .mode = (mode_) })
#define FILE_WHOLE(mode_) ((struct file_kind){ .mode = (mode_), .durable = true })
#define FILE_DURABLE(mode_) ((struct file_kind){ .mode = (mode_), .durable = true, .named = true })

/*
 * Read the file `path` below `dirfd` (AT_FDCWD: below the working folder) to the end of `out`.
 * ERROR_NOT_FOUND: it does not exist. ERROR_INVALID: it is longer than `limit` bytes.
 */
int file_read(int dirfd, const char *path, size_t limit, struct text *out,
              struct error *err) MUST_CHECK;

/*
 * openat2() of `path` below `folder`, with O_CLOEXEC and RESOLVE_ flags; -1: errno says why. A
 * rename elsewhere on the machine, which makes the kernel unsure of a "..", is no reason.
 */
int file_open_resolved(int folder, const char *path, int flags, uint64_t resolve) MUST_CHECK;

/* Read what is there, at most `size` bytes, in one go: how many they are, 0 at the end. */
ssize_t file_read_some(int fd, void *data, size_t size, struct error *err) MUST_CHECK;

/* Read all that comes from the open descriptor `fd`, at most `limit` bytes. */
int file_read_fd(int fd, size_t limit, struct text *out, struct error *err) MUST_CHECK;

/* Replace the file `path` below `dirfd` by `length` bytes of `data`. */
int file_replace(int dirfd, const char *path, const void *data, size_t length,
                 struct file_kind kind, struct error *err) MUST_CHECK;

/* Write all of it, however often write() stops in between. */
int file_write_all(int fd, const void *data, size_t length, struct error *err) MUST_CHECK;

/* Write a short text to an existing control file (of /proc or a cgroup) with one write(). */
int file_write_control(int dirfd, const char *path, const char *text, struct error *err) MUST_CHECK;

/* Make the folder `path` and those above it that are missing; it may exist. */
int file_make_folders(const char *path, mode_t mode, struct error *err) MUST_CHECK;

/* Add the names in the open folder `fd` to `names`, in no order, without "." and "..". */
int file_list(int fd, struct strings *names, struct error *err) MUST_CHECK;

/*
 * Remove `path` below `dirfd` and all that is in it, without following symbolic links and
 * without leaving the file system it lies on. It is no error when it does not exist.
 */
int file_remove_tree(int dirfd, const char *path, struct error *err) MUST_CHECK;

/* The bytes on disk of `path` below `folder` and all that is in it; what cannot be read is 0. */
uint64_t file_size_tree(int folder, const char *path);

bool file_exists(int dirfd, const char *path);
