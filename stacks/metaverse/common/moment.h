/* SPDX-License-Identifier: MIT */

/*
 * Times of clients
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Read an RFC 3339 time with any offset as milliseconds since 1970; false when it is none. */
bool moment_parse(const char *text, int64_t *wall_ms_out);
