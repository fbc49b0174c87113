/* SPDX-License-Identifier: MIT */

/*
 * Files of variables: .env and env_file
 *
 * Lines of `KEY=value`, `KEY: value`, `export KEY=value` or `KEY` alone; `#` comments; single
 * quotes are literal, double quotes know escapes and variables, and both may span lines.
 */

#pragma once

#include <stdbool.h>

#include "util/diagnostic.h"
#include "util/strings.h"

struct dotenv_options {
    const struct strings_map *variables; /* what values may use, besides those above them */
    bool raw;                            /* everything behind the '=' counts as it stands */
};

#define DOTENV_BYTES_MAX (1U << 20)

/*
 * Read `text` (the file `file`, a name from diagnostic_add_source()) into `out`, where later
 * keys replace earlier ones. A `KEY` alone takes its value from the variables, or has none.
 * Mistakes go to `diagnostics`.
 */
void dotenv_read(const char *file, const char *text, const struct dotenv_options *options,
                 struct strings_map *out, struct diagnostics *diagnostics);
