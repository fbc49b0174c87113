/* SPDX-License-Identifier: MIT */

/*
 * Numbers, durations and sizes as people write them
 *
 * Each takes the whole string or refuses it (ERROR_INVALID, with the cure in the text), and
 * writes its output only on success.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

/* A decimal integer between `min` and `max`. */
int parse_int(const char *text, int64_t min, int64_t max, int64_t *out,
              struct error *err) MUST_CHECK;

/* "1.5" or ".5" as thousandths: 1500, 500. Not negative, at most three decimals count. */
int parse_millis(const char *text, int64_t *out, struct error *err) MUST_CHECK;

/* "250ms", "10s", "1m30s", "2h", "1d", "1w", also "us" and fractions; "0" alone is zero. */
int parse_duration_ms(const char *text, int64_t *out, struct error *err) MUST_CHECK;

/* "64m", "1.5GB", "2048k", "1gb", "100": units of 1024, without regard to case. */
int parse_bytes(const char *text, uint64_t *out, struct error *err) MUST_CHECK;

/* "true" or "false"; with `loose` also yes, no, on, off, y, n, as YAML 1.1 has them. */
int parse_bool(const char *text, bool loose, bool *out, struct error *err) MUST_CHECK;

/*
 * Split `text` into words as a shell does: blanks, single and double quotes and backslashes;
 * nothing is expanded. ERROR_INVALID: a quote is not closed.
 */
struct strings;
int parse_words(const char *text, struct strings *out, struct error *err) MUST_CHECK;

/* "TERM", "SIGTERM", "15", "SIGRTMIN+3", "RTMAX-1", in any case; 0 is no signal here. */
int parse_signal(const char *text, int *out, struct error *err) MUST_CHECK;

/* Format for people: "1.5 GiB", "10s", "1m30s". `out` holds at least 32 bytes. */
void parse_format_bytes(uint64_t bytes, char out[32]);
void parse_format_duration(int64_t ms, char out[32]);
