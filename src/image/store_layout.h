/* SPDX-License-Identifier: MIT */

/*
 * The folders of a new store
 */

#pragma once

#include "util/macro.h"

struct error;

/* Make what a store begins with. It is one when it has the file oci-layout, which comes last. */
int store_layout_make(int fd, struct error *err) MUST_CHECK;
