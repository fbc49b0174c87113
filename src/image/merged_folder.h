/* SPDX-License-Identifier: MIT */

/*
 * One folder of a view of layers: the folders that make it up, topmost first
 *
 * Private to merged.c. Names are opened, never paths, and never a link.
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;
struct stat;

struct merged_folder {
    int *fds;
    size_t count;
};

void merged_folder_done(struct merged_folder *folder);
#define AUTO_MERGED_FOLDER __attribute__((cleanup(merged_folder_done)))

/* Add a layer's folder below the others; the descriptor is owned from then on. */
void merged_folder_add(struct merged_folder *folder, int fd);

/* `to` becomes a copy with descriptors of its own. */
int merged_folder_copy(struct merged_folder *to, const struct merged_folder *from,
                       struct error *err) MUST_CHECK;

/*
 * From `folder` to `name`. Of a folder, `next`, which is empty, is filled; of anything else
 * *file_fd is the descriptor in `folder` of the layer that has it, borrowed. Neither: there is
 * nothing of that name.
 */
int merged_folder_step(const struct merged_folder *folder, const char *name,
                       struct merged_folder *next, struct stat *status, int *file_fd,
                       struct error *err) MUST_CHECK;

/* The target of a symbolic link, which the caller frees, or NULL. */
char *merged_folder_read_link(int folder_fd, const char *name, struct error *err) MUST_CHECK;
