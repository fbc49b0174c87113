/* SPDX-License-Identifier: MIT */

/*
 * The time that all files of a layer get: SOURCE_DATE_EPOCH, else 1970
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

/* Seconds since 1970 from `value`; NULL or empty: from the environment; nothing there: 0. */
int epoch_parse(const char *value, int64_t *out, struct error *err) MUST_CHECK;

/* "2026-01-31T12:00:00Z" */
void epoch_format(int64_t epoch, char out[32]);
