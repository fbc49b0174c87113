/* SPDX-License-Identifier: MIT */

/*
 * Writing into a folder that nobody may lead out of
 *
 * A tree is filled from sources that are not trusted. Every path is resolved by the kernel
 * inside the tree (openat2), symbolic links included: whatever was written before, nothing
 * lands outside. Paths are relative, without empty parts, "." and "..".
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;

#define TREE_PATH_MAX 4095U
#define TREE_DEPTH_MAX 400U /* folders in folders, also when links lead deeper than a path says */

struct tree_entry {
    const char *path; /* "" is the tree's own folder */
    mode_t mode;      /* with the type */
    uid_t uid;
    gid_t gid;
    const char *link; /* target of a symbolic link */
    dev_t device;     /* of a character or block device */
    int64_t mtime;    /* seconds; negative: left as it comes */
};

/*
 * Bring a path of an archive into our form: "./" in front and "/" at the end are dropped.
 * ERROR_INVALID: it is absolute, has "..", is too long or too deep. The caller frees *out.
 */
int tree_clean_path(const char *path, char **out, struct error *err) MUST_CHECK;

/* Open a folder of the tree; symbolic links are followed within it. */
int tree_open_folder(int root, const char *path, struct error *err) MUST_CHECK;

/* Make the folder `path` and those above it that are missing, with mode 755 and owner root. */
int tree_make_folders(int root, const char *path, struct error *err) MUST_CHECK;

/*
 * Open the folder that `path` lies in, made like tree_make_folders() if it is missing; *name_out is
 * the last part of `path`, *linked_out whether the way leads through symbolic links. ERROR_INVALID:
 * it is deeper than TREE_DEPTH_MAX.
 */
int tree_open_parent(int root, const char *path, const char **name_out, bool *linked_out,
                     struct error *err) MUST_CHECK;

/*
 * Make the entry, replacing what is there (a folder over a folder keeps its content). Of a
 * regular file, *fd_out is the open, empty file: the caller writes its content and ends with
 * tree_finish_file(). Otherwise *fd_out is -1 and the entry is finished.
 */
int tree_put(int root, const struct tree_entry *entry, int *fd_out, struct error *err) MUST_CHECK;

/* The same as `name` in the open folder `parent`; entry->path is for messages. */
int tree_put_at(int parent, const char *name, const struct tree_entry *entry, int *fd_out,
                struct error *err) MUST_CHECK;

/* Owner, mode and, as what is done last, time; `fd` stays open. */
int tree_finish_file(int fd, const struct tree_entry *entry, struct error *err) MUST_CHECK;
int tree_finish_file_time(int fd, const struct tree_entry *entry, struct error *err) MUST_CHECK;

/*
 * Another name, `name` in the open folder `parent`, for the file `target` of the tree `root`.
 * ERROR_INVALID: there is no such file, or it is a folder or the mark of a deleted file.
 */
int tree_put_link(int parent, const char *name, int root, const char *target,
                  struct error *err) MUST_CHECK;

/* What stands at `path` itself; false: nothing. Links on the way are followed in the tree. */
struct stat;
bool tree_find(int root, const char *path, struct stat *status_out);

/* Devices that an image may hold: null, zero, full, random, urandom, tty, console, ptmx. */
bool tree_is_default_device(mode_t mode, dev_t device);
