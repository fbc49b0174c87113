/* SPDX-License-Identifier: MIT */

/*
 * What can be wrong with an instruction by itself
 */

#include "image/cartefile_check.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/diagnostic.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

typedef int (*check_fn)(const struct cartefile_reading *reading, size_t offset,
                        const struct cartefile_instruction *at);

static bool is_stage_name(const char *name)
{
    if (!isalpha((unsigned char)*name))
        return false;
    for (; *name; name++) {
        if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
            return false;
    }
    return true;
}

static int check_from(const struct cartefile_reading *reading, size_t offset,
                      const struct cartefile_instruction *at)
{
    const struct strings *words = &at->words;

    if (words->count == 1)
        return 0;
    if (words->count != 3 || strcasecmp(words->items[1], "AS") != 0)
        return cartefile_instruction_refuse(reading, offset,
                                            "expected FROM IMAGE, or FROM IMAGE AS NAME");
    if (!is_stage_name(words->items[2]))
        return cartefile_instruction_refuse(
            reading, offset,
            "'%s' is no name of a stage: begin with a letter, go on with letters, digits, '-', '_' "
            "and '.'",
            words->items[2]);
    return 0;
}

static int check_arg(const struct cartefile_reading *reading, size_t offset,
                     const struct cartefile_instruction *at)
{
    for (size_t i = 0; i < at->words.count; i++) {
        if (at->words.items[i][0] == '=')
            return cartefile_instruction_refuse(
                reading, offset, "'%s' has no name: write NAME=DEFAULT", at->words.items[i]);
    }
    return 0;
}

/* NAME=value..., or the old form NAME value. */
static int check_pairs(const struct cartefile_reading *reading, size_t offset,
                       const struct cartefile_instruction *at)
{
    bool is_old = !strchr(at->words.items[0], '=');

    if (is_old && at->words.count < 2)
        return cartefile_instruction_refuse(reading, offset, "'%s' has no value: write %s=...",
                                            at->words.items[0], at->words.items[0]);
    for (size_t i = 0; !is_old && i < at->words.count; i++) {
        const char *equals = strchr(at->words.items[i], '=');

        if (!equals || equals == at->words.items[i])
            return cartefile_instruction_refuse(
                reading, offset,
                "'%s' is not of the form NAME=value: put quotes around a value with blanks",
                at->words.items[i]);
    }
    return 0;
}

static int check_health_flag(const struct strings_pair *flag, struct error *err)
{
    int64_t value = 0;

    if (strcmp(flag->key, "retries") == 0)
        return parse_int(flag->value, 0, INT32_MAX, &value, err);
    if (parse_duration_ms(flag->value, &value, err) < 0)
        return -1;
    if (value < 1 && strcmp(flag->value, "0") != 0 && strcmp(flag->value, "0s") != 0)
        return error_set(err, ERROR_INVALID, "'%s' is less than 1ms", flag->value);
    return 0;
}

static int check_health(const struct cartefile_reading *reading, size_t offset,
                        const struct cartefile_instruction *at)
{
    const char *kind = at->words.items[0];
    struct error err = { 0 };

    for (size_t i = 0; i < at->flags.count; i++) {
        if (check_health_flag(&at->flags.pairs[i], &err) < 0)
            return cartefile_instruction_refuse(reading, offset, "--%s: %s", at->flags.pairs[i].key,
                                                err.text);
    }
    if (strcasecmp(kind, "NONE") == 0) {
        if (at->words.count > 1 || at->flags.count > 0)
            return cartefile_instruction_refuse(reading, offset, "HEALTHCHECK NONE stands alone");
        return 0;
    }
    if (strcasecmp(kind, "CMD") != 0)
        return cartefile_instruction_refuse(
            reading, offset, "HEALTHCHECK needs NONE, or CMD and a command, not '%.40s'", kind);
    if (at->words.count < 2)
        return cartefile_instruction_refuse(reading, offset, "HEALTHCHECK CMD needs a command");
    return 0;
}

static int check_shell(const struct cartefile_reading *reading, size_t offset,
                       const struct cartefile_instruction *at)
{
    if (at->is_json)
        return 0;
    return cartefile_instruction_refuse(reading, offset,
                                        "SHELL needs a JSON array: SHELL [\"/bin/sh\", \"-c\"]");
}

static const check_fn checks[CARTEFILE_KEYWORD_COUNT] = {
    [CARTEFILE_FROM] = check_from,          [CARTEFILE_ARG] = check_arg,
    [CARTEFILE_ENV] = check_pairs,          [CARTEFILE_LABEL] = check_pairs,
    [CARTEFILE_HEALTHCHECK] = check_health, [CARTEFILE_SHELL] = check_shell,
};

int cartefile_check_instruction(const struct cartefile_reading *reading, size_t offset,
                                const struct cartefile_instruction *at)
{
    return checks[at->keyword] ? checks[at->keyword](reading, offset, at) : 0;
}

bool cartefile_check_is_trigger(enum cartefile_keyword keyword)
{
    return keyword != CARTEFILE_FROM && keyword != CARTEFILE_MAINTAINER &&
           keyword < CARTEFILE_ONBUILD;
}

static void refuse(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                   struct diagnostics *diagnostics, const char *why)
{
    const struct diagnostic_place place = {
        .file = cartefile->path,
        .line = at->line,
        .column = at->column,
        .last_line = at->last_line,
    };

    diagnostic_add(diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "%s %s",
                   cartefile_keyword_name(at->keyword), why);
}

static void refuse_file(const struct cartefile *cartefile, struct diagnostics *diagnostics,
                        const char *why)
{
    const struct diagnostic_place place = {
        .file = cartefile->path,
        .line = 1,
        .column = 1,
    };

    diagnostic_add(diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "%s", why);
}

/* The short form has each of its keywords once, and no other. */
static void check_short(const struct cartefile *cartefile, struct diagnostics *diagnostics)
{
    static const enum cartefile_keyword keywords[] = { CARTEFILE_FROM, CARTEFILE_NAME,
                                                       CARTEFILE_PATH, CARTEFILE_EXE_PATH };
    size_t counts[CARTEFILE_KEYWORD_COUNT] = { 0 };

    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (at->keyword < CARTEFILE_NAME && at->keyword != CARTEFILE_FROM)
            refuse(cartefile, at, diagnostics,
                   "does not go with NAME, PATH and exe_PATH: the short form has FROM and these "
                   "only");
        else if (++counts[at->keyword] > 1)
            refuse(cartefile, at, diagnostics, "is given twice");
    }
    for (size_t i = 0; i < ARRAY_SIZE(keywords) && diagnostics->error_count == 0; i++) {
        AUTO_TEXT struct text why = { 0 };

        if (counts[keywords[i]] > 0)
            continue;
        text_add_format(&why, "%s is missing: the short form has FROM, NAME, PATH and exe_PATH",
                        cartefile_keyword_name(keywords[i]));
        refuse_file(cartefile, diagnostics, text_get(&why));
    }
}

void cartefile_check_order(struct cartefile *cartefile, struct diagnostics *diagnostics)
{
    size_t first = 0;

    for (size_t i = 0; i < cartefile->count; i++)
        cartefile->is_short |= cartefile->instructions[i].keyword >= CARTEFILE_NAME;
    if (cartefile->is_short) {
        check_short(cartefile, diagnostics);
        return;
    }
    while (first < cartefile->count && cartefile->instructions[first].keyword != CARTEFILE_FROM)
        first++;
    if (first == cartefile->count) {
        refuse_file(cartefile, diagnostics, "no FROM: begin with FROM IMAGE or FROM scratch");
        return;
    }
    for (size_t i = 0; i < first; i++) {
        if (cartefile->instructions[i].keyword != CARTEFILE_ARG)
            refuse(cartefile, &cartefile->instructions[i], diagnostics,
                   "stands before FROM: only ARG may, begin with FROM");
    }
}
