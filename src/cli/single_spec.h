/* SPDX-License-Identifier: MIT */

/*
 * The options of `carte run` and `create` become a stack file
 *
 * An option that has the spelling of a service's key is put under that key as it is: the stack
 * reader checks it, and its message names the option.
 */

#pragma once

#include "cli/single_option.h"
#include "util/macro.h"

struct error;

/*
 * Pure but for the environment and --env-file: the text of a stack file with the one service
 * `name`. `words` are the image and the command. ERROR_INVALID names the option.
 */
int single_spec_format(const struct single_options *options, const char *name,
                       const struct strings *words, char **out, struct error *err) MUST_CHECK;

/* The option that filled the key of a service, such as "mem_limit"; NULL: there is none. */
const char *single_spec_spelling(const char *key);
