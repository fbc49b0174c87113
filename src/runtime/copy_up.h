/* SPDX-License-Identifier: MIT */

/*
 * What an image has in a folder that a fresh file system is to cover
 */

#pragma once

#include "util/macro.h"

struct error;

/*
 * Copy the content of the folder `path` below `rootfd`, and its mode and owner, to the open
 * folder `to`: folders, files, symbolic links; others are left out. What is no folder, or does
 * not exist, has nothing to be copied.
 */
int copy_up_folder(int rootfd, const char *path, int to, struct error *err) MUST_CHECK;
