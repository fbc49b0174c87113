/* SPDX-License-Identifier: MIT */

/*
 * Values of templates: how they print, which are true, and the functions over them
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

struct error;
struct template_function;

/* What was made on the way; NULL is the value of what does not exist. */
struct template_pool {
    struct json **items;
    size_t count;
};

const struct json *template_value_keep(struct template_pool *pool, struct json *value);
void template_value_pool_done(struct template_pool *pool);

struct json *template_value_new_bool(bool value) MUST_CHECK;

/* ERROR_INVALID: there is no such field, and the nearest. */
int template_value_field(const struct json *value, const char *name, const struct json **out,
                         struct error *err) MUST_CHECK;

/* Go's truth: not empty, not zero. */
bool template_value_is_true(const struct json *value);
void template_value_print(const struct json *value, struct text *out);

const struct template_function *template_value_find_function(const char *name, size_t length);
int template_value_call(const struct template_function *function, struct template_pool *pool,
                        const struct json *const *arguments, size_t count, const struct json **out,
                        struct error *err) MUST_CHECK;
