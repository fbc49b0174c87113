/* SPDX-License-Identifier: MIT */

/*
 * Rules that need nothing but the words of the file
 */

#include "build/lint_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

static bool has_case(const char *word, int (*is)(int))
{
    for (; *word; word++) {
        if (isalpha((unsigned char)*word) && !is((unsigned char)*word))
            return false;
    }
    return true;
}

/* Instructions of the other case than most are told of; those of both cases always. */
static void check_casing(struct lint *lint)
{
    const struct cartefile *cartefile = lint->builder->cartefile;
    size_t upper = 0;
    size_t lower = 0;

    for (size_t i = 0; i < cartefile->count; i++) {
        upper += has_case(cartefile->instructions[i].spelling, isupper);
        lower += has_case(cartefile->instructions[i].spelling, islower);
    }
    for (size_t i = 0; i < cartefile->count && !cartefile->is_short; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (!has_case(at->spelling, lower > upper ? islower : isupper))
            lint_add(lint, LINT_CONSISTENT_INSTRUCTION_CASING, at,
                     "'%s' is not in %s case as most instructions are", at->spelling,
                     lower > upper ? "lower" : "upper");
    }
}

/* Whether one of the words of a name, between '_', is in the list. */
static bool has_part(const char *name, const char *const *list)
{
    AUTO_FREE char *copy = alloc_text(name);
    char *rest = NULL;

    for (char *part = strtok_r(copy, "_", &rest); part; part = strtok_r(NULL, "_", &rest)) {
        for (size_t i = 0; list[i]; i++) {
            if (strcasecmp(part, list[i]) == 0)
                return true;
        }
    }
    return false;
}

static void check_secret(struct lint *lint, const struct cartefile_instruction *at,
                         const char *name)
{
    static const char *const secret[] = { "apikey", "auth",   "credential", "credentials",
                                          "key",    "passwd", "password",   "pword",
                                          "secret", "token",  NULL };
    static const char *const open[] = { "public", NULL };

    if (has_part(name, secret) && !has_part(name, open))
        lint_add(lint, LINT_SECRETS_USED_IN_ARG_OR_ENV, at,
                 "%s '%s' looks like a secret, which everybody who has the image could read: use "
                 "RUN --mount=type=secret",
                 cartefile_keyword_name(at->keyword), name);
}

static void check_names(struct lint *lint, const struct cartefile_instruction *at)
{
    bool is_old = at->keyword != CARTEFILE_ARG && !strchr(at->words.items[0], '=');

    if (is_old)
        lint_add(lint, LINT_LEGACY_KEY_VALUE_FORMAT, at,
                 "write %s %s=value in place of %s %s value", cartefile_keyword_name(at->keyword),
                 at->words.items[0], cartefile_keyword_name(at->keyword), at->words.items[0]);
    for (size_t i = 0; i < (is_old ? 1 : at->words.count); i++) {
        AUTO_FREE char *name =
            alloc_text_part(at->words.items[i], strcspn(at->words.items[i], "="));

        if (at->keyword != CARTEFILE_LABEL)
            check_secret(lint, at, name);
    }
}

static void check_description(struct lint *lint, const struct cartefile_instruction *at,
                              const char *const *names, size_t count)
{
    size_t length = at->comment ? strcspn(at->comment, " \t") : 0;

    if (length == 0 || count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (strcspn(names[i], "=") == length && strncmp(names[i], at->comment, length) == 0)
            return;
    }
    lint_add(lint, LINT_INVALID_DEFINITION_DESCRIPTION, at,
             "the comment above does not begin with '%.*s': write '# %.*s DESCRIPTION', or leave a "
             "blank line between",
             (int)strcspn(names[0], "="), names[0], (int)strcspn(names[0], "="), names[0]);
}

static bool names_platform(const char *stage_name, const char *platform)
{
    AUTO_FREE char *copy = alloc_text(platform);
    char *rest = NULL;

    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (strcasestr(stage_name, part))
            return true;
    }
    return false;
}

static void check_platform(struct lint *lint, const struct cartefile_instruction *at)
{
    const struct strings_pair *flag = strings_map_find(&at->flags, "platform");
    const char *name = at->words.count == 3 ? at->words.items[2] : "";

    if (!flag)
        return;
    if (strcmp(flag->value, "$TARGETPLATFORM") == 0 ||
        strcmp(flag->value, "${TARGETPLATFORM}") == 0)
        lint_add(lint, LINT_REDUNDANT_TARGET_PLATFORM, at,
                 "--platform=%s is the default: leave it out", flag->value);
    if (!strchr(flag->value, '$') && !names_platform(name, flag->value))
        lint_add(lint, LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED, at,
                 "--platform=%s is the same for each target: use a variable, or leave it out",
                 flag->value);
}

static void check_stage_name(struct lint *lint, const struct cartefile_instruction *at)
{
    static const char *const reserved[] = { "scratch", "context" };
    const struct cartefile *cartefile = lint->builder->cartefile;
    const char *name = at->words.items[2];

    if (!has_case(name, islower))
        lint_add(lint, LINT_STAGE_NAME_CASING, at, "write the stage's name '%s' in lower case",
                 name);
    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        if (strcasecmp(name, reserved[i]) == 0)
            lint_add(lint, LINT_RESERVED_STAGE_NAME, at,
                     "'%s' has a meaning of its own: call the stage something else", name);
    }
    for (const struct cartefile_instruction *other = cartefile->instructions; other < at; other++) {
        if (other->keyword == CARTEFILE_FROM && other->words.count == 3 &&
            strcasecmp(other->words.items[2], name) == 0) {
            lint_add(lint, LINT_DUPLICATE_STAGE_NAME, at,
                     "the stage of line %zu is called '%s', too: rename one", other->line, name);
            return;
        }
    }
}

static void check_from(struct lint *lint, const struct cartefile_instruction *at)
{
    const char *as = at->words.count == 3 ? at->words.items[1] : NULL;

    check_platform(lint, at);
    if (!as)
        return;
    if (has_case(at->spelling, isupper) != has_case(as, isupper) ||
        has_case(at->spelling, islower) != has_case(as, islower))
        lint_add(lint, LINT_FROM_AS_CASING, at, "'%s' and '%s' differ in case: write both alike",
                 at->spelling, as);
    check_stage_name(lint, at);
    check_description(lint, at, (const char *const *)&at->words.items[2], 1);
}

static void check_arg(struct lint *lint, const struct cartefile_instruction *at)
{
    check_names(lint, at);
    check_description(lint, at, (const char *const *)at->words.items, at->words.count);
}

static void check_maintainer(struct lint *lint, const struct cartefile_instruction *at)
{
    lint_add(lint, LINT_MAINTAINER_DEPRECATED, at,
             "MAINTAINER is deprecated: write LABEL org.opencontainers.image.authors=\"%s\"",
             at->rest);
}

static void (*const checks[CARTEFILE_KEYWORD_COUNT])(struct lint *lint,
                                                     const struct cartefile_instruction *at) = {
    [CARTEFILE_FROM] = check_from,
    [CARTEFILE_ARG] = check_arg,
    [CARTEFILE_ENV] = check_names,
    [CARTEFILE_LABEL] = check_names,
    [CARTEFILE_MAINTAINER] = check_maintainer,
};

void lint_words_check(struct lint *lint)
{
    const struct cartefile *cartefile = lint->builder->cartefile;

    check_casing(lint);
    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (at->empty_line > 0)
            lint_add(lint, LINT_NO_EMPTY_CONTINUATION, at,
                     "a blank line inside of %s: remove it, or begin it with '#'",
                     cartefile_keyword_name(at->keyword));
        if (checks[at->keyword])
            checks[at->keyword](lint, at);
    }
}
