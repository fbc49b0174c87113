/* SPDX-License-Identifier: MIT */

/*
 * Names that belong to a folder for as long as that exists
 *
 * FOLDER/NAME is a symbolic link to its owner, so that a name is free again as soon as the owner
 * is gone, whoever removed it. The folder of links is locked for each look and change, since
 * several processes share it.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

/* Open the folder of links, made if it is missing, and lock it; closing unlocks. */
int lease_open(const char *folder, int *out, struct error *err) MUST_CHECK;

/* Does its owner exist? Else the link is removed. */
bool lease_is_held(int folder, const char *name);
bool lease_is_of(int folder, const char *name, const char *owner);

/* `owner` is an absolute path. It may have the name already. ERROR_EXISTS: another has it. */
int lease_take(int folder, const char *name, const char *owner, struct error *err) MUST_CHECK;

/* Nothing happens when it is another's. */
void lease_release(int folder, const char *name, const char *owner);
