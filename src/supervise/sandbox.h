/* SPDX-License-Identifier: MIT */

/*
 * What front and consoles give up before they read the first byte of a stranger
 *
 * Its user (nobody), all capabilities, new privileges, new processes, core dumps, files (a
 * seccomp allow-list without any call that opens one) and sockets other than IP.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct error;

/* The front: keep only `socket`, which is 3, and stderr of the descriptors; die with the process
 * `parent`. */
int sandbox_detach(int socket, int parent, struct error *err) MUST_CHECK;

/*
 * Give up the rest; to be called last, when everything is set up. Only with `dies_with_parent`
 * does the process end when its parent does.
 */
int sandbox_enter(bool dies_with_parent, struct error *err) MUST_CHECK;
