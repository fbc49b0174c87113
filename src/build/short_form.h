/* SPDX-License-Identifier: MIT */

/*
 * The short form of a Cartefile: FROM, NAME, PATH, exe_PATH
 *
 * It makes three layers (the files of PATH without the executable, the executable, the start
 * script that enters /app and executes it) and a record of how the image came to be.
 */

#pragma once

#include "build/stage.h"

/* The three layers on the stage, and the configuration. */
int short_form_run(struct stage *stage, struct error *err) MUST_CHECK;

/* The image's name; borrowed from the Cartefile. */
const char *short_form_name(const struct cartefile *cartefile);

/* Write the record of the finished image. */
int short_form_save_record(const struct stage *stage, const char *image_id,
                           struct error *err) MUST_CHECK;
