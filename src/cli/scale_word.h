/* SPDX-License-Identifier: MIT */

/*
 * "login=5", as `scale` and `up --scale` take it
 */

#pragma once

#include <stdint.h>

#include "util/macro.h"

struct error;

#define SCALE_WORD_MAX 10000

/* ERROR_INVALID says how it is written. The caller frees *service_out. */
int scale_word_parse(const char *word, char **service_out, int64_t *count_out,
                     struct error *err) MUST_CHECK;
