/* SPDX-License-Identifier: MIT */

/*
 * What the tables say, for editors
 *
 * schema/stack.schema.json is the output of schema_write_json() (`make generate`), which
 * `carte-stack schema` prints as well; docs/reference/stack.md that of schema_reference.h.
 */

#pragma once

#include "stack/field.h"
#include "util/text.h"

/* Add a JSON schema of the stack file. */
void schema_write_json(struct text *out);

/* Add a dictionary for the fuzzer: every key and every word that may stand for a value. */
void schema_write_dictionary(struct text *out);

/*
 * Call `visit` for each object of the stack file, from the outside in and each once.
 */
typedef void schema_visit_fn(const struct object *object, void *context);
void schema_each_object(schema_visit_fn *visit, void *context);
