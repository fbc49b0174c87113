/* SPDX-License-Identifier: MIT */

/*
 * Network namespaces that have a name
 *
 * A namespace is held by a bind mount of its nsfs file, so that it outlives its processes and
 * is found again by its path. Visiting one moves the calling thread alone.
 */

#pragma once

#include "util/macro.h"

struct error;

/*
 * Move the calling thread to the namespace `netns`; netns_leave(home) brings it back. It
 * aborts when the way back is closed: to go on in a foreign network would be worse.
 */
int netns_enter(int netns, int *home_out, struct error *err) MUST_CHECK;
void netns_leave(int home);

/* Open the namespace held at `path`. ERROR_NOT_FOUND: there is none. */
int netns_open(const char *path, int *fd_out, struct error *err) MUST_CHECK;

/* Make a namespace with loopback up and settings fit for a container, held at `path`. */
int netns_make(const char *path, struct error *err) MUST_CHECK;

/* Let go of the namespace at `path`; it is no error when there is none. */
int netns_remove(const char *path, struct error *err) MUST_CHECK;

/* Write a setting below /proc/sys/net of the present namespace; a missing one is skipped. */
int netns_set(const char *name, const char *value, struct error *err) MUST_CHECK;
