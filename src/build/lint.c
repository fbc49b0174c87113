/* SPDX-License-Identifier: MIT */

/*
 * What is allowed in a Cartefile, but better not done
 */

#include "build/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "build/lint_stage.h"
#include "build/lint_words.h"
#include "util/diagnostic.h"
#include "util/text.h"

static const struct lint_row rows[LINT_RULE_COUNT] = {
    [LINT_STAGE_NAME_CASING] = { "StageNameCasing", "Stage names are in lower case.", false },
    [LINT_FROM_AS_CASING] = { "FromAsCasing", "AS has the case of its FROM.", false },
    [LINT_NO_EMPTY_CONTINUATION] = { "NoEmptyContinuation",
                                     "There is no blank line inside of an instruction.", false },
    [LINT_CONSISTENT_INSTRUCTION_CASING] = { "ConsistentInstructionCasing",
                                             "All instructions are in upper case, or all in lower "
                                             "case.",
                                             false },
    [LINT_DUPLICATE_STAGE_NAME] = { "DuplicateStageName", "No two stages have the same name.",
                                    false },
    [LINT_RESERVED_STAGE_NAME] = { "ReservedStageName",
                                   "No stage is called `scratch` or `context`.", false },
    [LINT_JSON_ARGS_RECOMMENDED] = { "JSONArgsRecommended",
                                     "CMD and ENTRYPOINT are JSON arrays: a shell in between keeps "
                                     "signals from the program.",
                                     false },
    [LINT_MAINTAINER_DEPRECATED] = { "MaintainerDeprecated", "LABEL stands in place of MAINTAINER.",
                                     false },
    [LINT_UNDEFINED_ARG_IN_FROM] = { "UndefinedArgInFrom",
                                     "Variables in FROM are declared by an ARG before the first "
                                     "FROM.",
                                     false },
    [LINT_WORKDIR_RELATIVE_PATH] = { "WorkdirRelativePath",
                                     "The first WORKDIR is absolute: the image below may change "
                                     "its own.",
                                     false },
    [LINT_UNDEFINED_VAR] = { "UndefinedVar", "Variables have a value where they are used.", false },
    [LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED] = { "MultipleInstructionsDisallowed",
                                                "A stage has one CMD, one ENTRYPOINT and one "
                                                "HEALTHCHECK: only the last counts.",
                                                false },
    [LINT_LEGACY_KEY_VALUE_FORMAT] = { "LegacyKeyValueFormat",
                                       "ENV and LABEL are written NAME=value.", false },
    [LINT_INVALID_BASE_IMAGE_PLATFORM] = { "InvalidBaseImagePlatform",
                                           "The image below is for the platform that is built "
                                           "for.",
                                           false },
    [LINT_REDUNDANT_TARGET_PLATFORM] = { "RedundantTargetPlatform",
                                         "`--platform=$TARGETPLATFORM` is left out: it is the "
                                         "default.",
                                         false },
    [LINT_SECRETS_USED_IN_ARG_OR_ENV] = { "SecretsUsedInArgOrEnv",
                                          "Secrets are given by `RUN --mount=type=secret`, not by "
                                          "ARG or ENV.",
                                          false },
    [LINT_INVALID_DEFAULT_ARG_IN_FROM] = { "InvalidDefaultArgInFrom",
                                           "The defaults of ARG give each FROM the name of an "
                                           "image.",
                                           false },
    [LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED] = { "FromPlatformFlagConstDisallowed",
                                                   "`--platform` of FROM is a variable, unless "
                                                   "the stage's name has the platform in it.",
                                                   false },
    [LINT_COPY_IGNORED_FILE] = { "CopyIgnoredFile",
                                 "COPY and ADD take nothing that the ignore file leaves out.",
                                 false },
    [LINT_INVALID_DEFINITION_DESCRIPTION] = { "InvalidDefinitionDescription",
                                              "A comment right above FROM or ARG begins with the "
                                              "name it describes.",
                                              true },
    [LINT_EXPOSE_PROTO_CASING] = { "ExposeProtoCasing", "The protocol of EXPOSE is in lower case.",
                                   false },
    [LINT_EXPOSE_INVALID_FORMAT] = { "ExposeInvalidFormat",
                                     "EXPOSE names a port of the container, without an address or "
                                     "a port of the host.",
                                     false },
};

const struct lint_row *lint_get_row(enum lint_rule rule)
{
    return &rows[rule];
}

static bool names(const struct strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], name) == 0 || strcasecmp(list->items[i], "all") == 0)
            return true;
    }
    return false;
}

void lint_add(struct lint *lint, enum lint_rule rule, const struct cartefile_instruction *at,
              const char *format, ...)
{
    const struct cartefile *cartefile = lint->builder->cartefile;
    struct diagnostic_place place = {
        .file = cartefile->path,
        .line = at->line,
        .column = at->column,
    };
    char text[768];
    va_list arguments;

    if (names(&cartefile->skipped_rules, rows[rule].name) ||
        (rows[rule].is_experimental && !names(&cartefile->experimental_rules, rows[rule].name)))
        return;
    if (rule == LINT_NO_EMPTY_CONTINUATION) {
        place.line = at->empty_line;
        place.column = 1;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    lint->count++;
    diagnostic_add(lint->builder->diagnostics, DIAGNOSTIC_WARNING, &place, rows[rule].name, "%s",
                   text);
}

/* A rule that is to be skipped, but does not exist, was meant to be another. */
static void check_names(const struct lint *lint, const struct strings *list)
{
    const char *known[LINT_RULE_COUNT + 1] = { 0 };

    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        known[i] = rows[i].name;
    for (size_t i = 0; i < list->count; i++) {
        bool found = strcasecmp(list->items[i], "all") == 0;
        const char *nearest = text_nearest(list->items[i], known);

        for (size_t k = 0; k < LINT_RULE_COUNT; k++)
            found |= strcasecmp(list->items[i], known[k]) == 0;
        if (!found)
            diagnostic_add(lint->builder->diagnostics, DIAGNOSTIC_WARNING, NULL, "check",
                           "there is no rule '%s'%s%s%s", list->items[i],
                           nearest ? ": did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
}

size_t lint_run(const struct builder *builder)
{
    struct lint lint = { .builder = builder };

    check_names(&lint, &builder->cartefile->skipped_rules);
    check_names(&lint, &builder->cartefile->experimental_rules);
    lint_words_check(&lint);
    lint_stage_check(&lint);
    return lint.count;
}
