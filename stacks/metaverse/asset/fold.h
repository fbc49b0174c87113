/* SPDX-License-Identifier: MIT */

/*
 * Text without regard to case
 *
 * An image from scratch has no locale, so the letters that matter to users are known here:
 * Latin, Greek and Cyrillic. Everything else, Hangul among it, has no case.
 */

#pragma once

/* A copy of valid UTF-8 with capital letters made small; the caller frees it. */
char *fold_text(const char *text);
