/* SPDX-License-Identifier: MIT */

/*
 * Who a file of an image belongs to, and its mode: the values of --chown and --chmod
 */

#pragma once

#include <sys/types.h>

#include "image/merged.h"
#include "util/macro.h"

struct error;

/*
 * "1000", "1000:1000", "app", "app:staff": names are looked up in the image's own /etc/passwd
 * and /etc/group. Without a group, the group's number is the user's.
 */
int owner_parse(const struct merged *image, const char *text, uid_t *uid_out, gid_t *gid_out,
                struct error *err) MUST_CHECK;

/* Octal ("755") or symbolic ("u=rwX,go=rX"), applied to `mode`. */
int owner_apply_mode(const char *text, mode_t mode, mode_t *out, struct error *err) MUST_CHECK;
