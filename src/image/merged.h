/* SPDX-License-Identifier: MIT */

/*
 * Several layers seen as one tree, without mounting them
 *
 * Layers are in the form of overlayfs: a character device 0/0 hides what lies below it, the
 * attribute trusted.overlay.opaque the content of a folder. Symbolic links are followed inside
 * the view only. One plain folder is a view of one layer.
 */

#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct merged;

struct merged_node {
    bool found;
    char *path; /* resolved: without symbolic links in it; relative, "" is the root */
    struct stat status;
    char *link; /* of a symbolic link that was not followed */
};

void merged_node_done(struct merged_node *node);
#define AUTO_MERGED_NODE __attribute__((cleanup(merged_node_done)))

/* `layers` are folders, topmost first. */
struct merged *merged_open(const struct strings *layers, struct error *err) MUST_CHECK;
void merged_free(struct merged *merged);
DEFINE_CLEANUP(merged)

/*
 * Look `path` up. What does not exist is no error: node->path is then where it would be made.
 * `follow` is about the last part; links on the way are always followed.
 */
int merged_find(const struct merged *merged, const char *path, bool follow,
                struct merged_node *node, struct error *err) MUST_CHECK;

/* The names in a folder, sorted. `path` is resolved (merged_node.path). */
int merged_list(const struct merged *merged, const char *path, struct strings *names,
                struct error *err) MUST_CHECK;

/*
 * Call `visit` for all that is below the folder `path`, in a fixed order, parents before their
 * children. It may take node->path and node->link. *enter, true before, says of a folder
 * whether to go into it. The walk keeps a descriptor for each folder on its way and ends with
 * ERROR_INVALID when they are nested deeper than MERGED_DEPTH_MAX.
 */
#define MERGED_DEPTH_MAX 400U
typedef int (*merged_visit_fn)(void *context, struct merged_node *node, bool *enter,
                               struct error *err);
int merged_walk(const struct merged *merged, const char *path, merged_visit_fn visit, void *context,
                struct error *err) MUST_CHECK;

/* Open a regular file for reading. */
int merged_open_file(const struct merged *merged, const char *path, struct error *err) MUST_CHECK;

/* Read a small file whole; ERROR_NOT_FOUND: there is none. */
struct text;
int merged_read(const struct merged *merged, const char *path, size_t limit, struct text *out,
                struct error *err) MUST_CHECK;

/* Whether what `status` describes hides what lies below it. */
bool merged_is_whiteout(const struct stat *status);
bool merged_is_opaque(int folder_fd);
