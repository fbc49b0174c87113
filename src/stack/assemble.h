/* SPDX-License-Identifier: MIT */

/*
 * One document after the other is laid on the tree of the stack
 *
 * Each goes its own way first: variables are put in, the files it includes are laid below it,
 * short spellings become long ones, and services take over what they extend.
 */

#pragma once

#include "stack/node.h"
#include "stack/reading.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct assemble_run {
    struct reading *reading;
    struct strings_map variables;
    struct strings unset; /* variables that were warned about */
    struct strings chain; /* the files and services that led here, against circles */
    size_t budget;        /* bytes that variables may still add */
    size_t reads;         /* files read so far */
};

void assemble_done(struct assemble_run *run);

/*
 * The mappings of a file (`-` is the standard input) as a list. NULL: *err is set when the file
 * cannot be read, else the mistakes are in the diagnostics.
 */
struct node *assemble_read(struct assemble_run *run, const char *path,
                           struct error *err) MUST_CHECK;

/* Lay `document`, a mapping as it was read, on `root`. It is changed on the way. */
void assemble_apply(struct assemble_run *run, struct node *document, struct node *root);
