/* SPDX-License-Identifier: MIT */

/*
 * Strict text
 *
 * cJSON takes documents that RFC 8259 does not allow (raw control bytes, leading zeros),
 * and would hand them on to other clients. Every body passes here first.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define STRICT_DEPTH_MAX 64

/* Is it one whole JSON text, in valid UTF-8, nested at most STRICT_DEPTH_MAX deep? */
bool strict_is_json(const char *text, size_t length);

/* Is it valid UTF-8 without control characters? */
bool strict_is_line(const char *text);
