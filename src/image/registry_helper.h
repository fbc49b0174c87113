/* SPDX-License-Identifier: MIT */

/*
 * The programs docker-credential-*, which keep passwords of registries
 *
 * Source: docker-credential-helpers; a verb is the argument, JSON or an address the input.
 */

#pragma once

#include "util/macro.h"
#include "util/text.h"

struct error;

#define REGISTRY_HELPER_OUTPUT_MAX (64U << 10)

/*
 * Run docker-credential-`helper` with `verb` ("get", "store", "erase") and `input`. What it
 * prints is added to `out`, also when it fails. ERROR_NOT_FOUND: there is no such program, or
 * it says that it knows no credentials. ERROR_DENIED: it failed.
 */
int registry_helper_run(const char *helper, const char *verb, const char *input, struct text *out,
                        struct error *err) MUST_CHECK;
