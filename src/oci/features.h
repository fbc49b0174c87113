/* SPDX-License-Identifier: MIT */

/*
 * Documents about the runtime itself: what it can do, and an example of what it reads
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"

struct json;

/* The features document (features.md), from the tables that decide; the caller frees it. */
struct json *features_describe(void) MUST_CHECK;

/* A config.json for a shell in a root file system beside it. */
struct json *features_example(bool rootless) MUST_CHECK;
