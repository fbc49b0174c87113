/* SPDX-License-Identifier: MIT */

/*
 * The images of the index, and what each needs
 */

#pragma once

#include "util/macro.h"

struct error;
struct fsck_check;

/* The blobs were looked at before: what is wrong with them stands in check->bad_blobs. */
int fsck_images_check(struct fsck_check *check, struct error *err) MUST_CHECK;
