/* SPDX-License-Identifier: MIT */

/*
 * Base64 (RFC 4648); the work is nettle's
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"
#include "util/text.h"

struct error;

/* With padding, on one line; the caller frees it. */
char *base64_encode(const void *data, size_t length) MUST_CHECK;

/* Add the bytes to `out`. ERROR_INVALID: no base64, or it ends too early. */
int base64_decode(const char *text, struct text *out, struct error *err) MUST_CHECK;
