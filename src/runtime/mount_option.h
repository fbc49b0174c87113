/* SPDX-License-Identifier: MIT */

/*
 * The options of a mount as fstab and OCI spell them
 */

#pragma once

#include "util/macro.h"

struct container_mount;
struct error;
struct strings;
struct text;

/*
 * Understand `options` into the fields of `mount`, of which `type` is set, and `idmap` where it has
 * maps of its own; what is not in the table goes to the file system, collected in `data`, which
 * `mount` borrows afterwards.
 * ERROR_INVALID: an option of ours that makes no sense.
 */
int mount_option_parse(const struct strings *options, struct text *data,
                       struct container_mount *mount, struct error *err) MUST_CHECK;

/* All that the table knows, in its order, ended by NULL. */
const char *const *mount_option_names(void);
