/* SPDX-License-Identifier: MIT */

/*
 * Configuration of a server
 *
 * A server is configured by environment variables alone, so that one image serves every
 * stack. One row of a table describes a variable; the same rows are what `--help` prints.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/macro.h"

struct error;

enum config_kind {
    CONFIG_NUMBER, /* an int64_t, within min and max */
    CONFIG_TEXT,   /* a const char *, borrowed from the environment */
};

struct config_row {
    const char *name;
    const char *doc;      /* one sentence */
    const char *fallback; /* as it would be written in the environment */
    enum config_kind kind;
    size_t offset;    /* of an int64_t or a const char * in the struct that is filled */
    int64_t min, max; /* of a number */
};

/* Fill `target` from the environment. The rows end with a row without a name. */
int config_load(const struct config_row *rows, void *target, struct error *err) MUST_CHECK;

/* Print the rows for people. */
void config_print(const struct config_row *rows);
