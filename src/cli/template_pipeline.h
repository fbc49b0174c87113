/* SPDX-License-Identifier: MIT */

/*
 * Pipelines of templates: what stands between {{ and }} and has a value
 *
 * A pipeline is read and carried out in one go. While `skipping`, it is only read, so that a
 * mistake in the branch that is not taken is found, too.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/template_value.h"
#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

#define TEMPLATE_DEPTH_MAX 32U
#define TEMPLATE_VARIABLES_MAX 16U

struct template_variable {
    char name[32]; /* without the $; empty: the whole value */
    const struct json *value;
};

struct template_run {
    const char *at;
    const struct json *dot;
    struct template_variable variables[TEMPLATE_VARIABLES_MAX];
    size_t variable_count;
    struct template_pool pool;
    struct text *out;
    bool skipping;
    bool trim; /* blanks at the beginning of the next text */
    unsigned depth;
};

/* ERROR_INVALID with the place that the run is at. Returns -1. */
int template_pipeline_fail(const struct template_run *run, struct error *err, const char *what);

void template_pipeline_skip_blanks(struct template_run *run);

/* Go on behind these characters, or this word, if they are next. */
bool template_pipeline_take(struct template_run *run, const char *characters);
bool template_pipeline_take_word(struct template_run *run, const char *word);

/* The length of the name at `at`; 0: there is none. */
size_t template_pipeline_name_length(const char *at);

/* Whether nothing comes any more before "}}", "-}}", "|" or ")". */
bool template_pipeline_is_at_end(struct template_run *run);

/* *out may be NULL, the value of what does not exist. */
int template_pipeline_read(struct template_run *run, const struct json **out,
                           struct error *err) MUST_CHECK;
