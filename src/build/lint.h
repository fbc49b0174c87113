/* SPDX-License-Identifier: MIT */

/*
 * What is allowed in a Cartefile, but better not done
 *
 * The names of the rules are those of `docker build --check`. What the directive "# check=skip=A"
 * names is not looked for, and experimental rules only when "# check=experimental=A" asks for them.
 * Source: buildkit/frontend/dockerfile/linter.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "build/stage.h"
#include "util/macro.h"

enum lint_rule {
    LINT_STAGE_NAME_CASING,
    LINT_FROM_AS_CASING,
    LINT_NO_EMPTY_CONTINUATION,
    LINT_CONSISTENT_INSTRUCTION_CASING,
    LINT_DUPLICATE_STAGE_NAME,
    LINT_RESERVED_STAGE_NAME,
    LINT_JSON_ARGS_RECOMMENDED,
    LINT_MAINTAINER_DEPRECATED,
    LINT_UNDEFINED_ARG_IN_FROM,
    LINT_WORKDIR_RELATIVE_PATH,
    LINT_UNDEFINED_VAR,
    LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED,
    LINT_LEGACY_KEY_VALUE_FORMAT,
    LINT_INVALID_BASE_IMAGE_PLATFORM,
    LINT_REDUNDANT_TARGET_PLATFORM,
    LINT_SECRETS_USED_IN_ARG_OR_ENV,
    LINT_INVALID_DEFAULT_ARG_IN_FROM,
    LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
    LINT_COPY_IGNORED_FILE,
    LINT_INVALID_DEFINITION_DESCRIPTION,
    LINT_EXPOSE_PROTO_CASING,
    LINT_EXPOSE_INVALID_FORMAT,
    LINT_RULE_COUNT,
};

struct lint_row {
    const char *name;
    const char *doc; /* one sentence: what is better */
    bool is_experimental;
};
const struct lint_row *lint_get_row(enum lint_rule rule);

/*
 * Look at a Cartefile whose stages are read: each finding is a warning of builder->diagnostics,
 * with the rule's name as its path. Returns how many there are.
 */
size_t lint_run(const struct builder *builder);

/* The file as far as it was looked at, for the rules in lint_words.c and lint_stage.c. */
struct lint {
    const struct builder *builder;
    size_t count;
};

/* Add a finding, unless its rule is not to be looked for. */
void lint_add(struct lint *lint, enum lint_rule rule, const struct cartefile_instruction *at,
              const char *format, ...) PRINTF_LIKE(4, 5);
