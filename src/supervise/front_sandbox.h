/* SPDX-License-Identifier: MIT */

/*
 * What the front gives up before it reads the first byte of a stranger
 *
 * Its user (nobody), all capabilities, new privileges, new processes, core dumps, files (a
 * seccomp allow-list without any call that opens one) and sockets other than IP.
 */

#pragma once

#include "util/macro.h"

struct error;

/* Keep only `socket`, which is 3, and stderr of the descriptors; die with the process `parent`. */
int front_sandbox_detach(int socket, int parent, struct error *err) MUST_CHECK;

/* Give up the rest; to be called last, when everything is set up. */
int front_sandbox_enter(struct error *err) MUST_CHECK;
