/* SPDX-License-Identifier: MIT */

/*
 * Options of a command line, described by rows of data
 */

#include "cli/option.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

struct parser {
    const struct option_set *sets;
    size_t set_count;
    const struct option_line *line;
    int next; /* index of the argument that is read next */
};

struct found {
    const struct option *option;
    void *target;
};

static int parse_seconds(const char *value, int64_t *out, struct error *err)
{
    int64_t seconds;

    if (value[0] == '\0' || value[strspn(value, "0123456789")] != '\0')
        return parse_duration_ms(value, out, err);
    if (parse_int(value, 0, INT64_MAX / SECOND_MS, &seconds, err) < 0)
        return -1;
    *out = seconds * SECOND_MS;
    return 0;
}

static int set_text(const struct option *option, const char *value, const char **out,
                    struct error *err)
{
    AUTO_TEXT struct text known = { 0 };

    if (!option->choices) {
        *out = value;
        return 0;
    }
    for (const char *const *choice = option->choices; *choice; choice++) {
        if (strcmp(*choice, value) == 0) {
            *out = value;
            return 0;
        }
        text_add_format(&known, "%s%s", choice == option->choices ? "" : ", ", *choice);
    }
    return error_set(err, ERROR_INVALID, "'%s' is not one of %s", value, text_get(&known));
}

static int set_value(const struct found *found, const char *value, struct error *err)
{
    const struct option *option = found->option;
    void *member = member_at(found->target, option->offset);

    switch (option->kind) {
    case OPTION_FLAG:
        return parse_bool(value, true, member, err);
    case OPTION_TEXT:
        return set_text(option, value, member, err);
    case OPTION_LIST:
        strings_add(member, value);
        return 0;
    case OPTION_INT:
        return parse_int(value, option->min, option->max, member, err);
    case OPTION_DURATION:
        return parse_seconds(value, member, err);
    }
    assert(0 && "an option kind without a case");
    return -1;
}

void option_init(const struct option_set *set)
{
    for (const struct option *option = set->rows; option && option->name; option++) {
        struct found found = { option, set->target };
        struct error err = { 0 };

        if (option->kind == OPTION_INT || option->kind == OPTION_DURATION)
            *(int64_t *)member_at(set->target, option->offset) = OPTION_UNSET;
        if (option->fallback && set_value(&found, option->fallback, &err) < 0)
            assert(0 && "the fallback of an option cannot be parsed");
    }
}

void option_done(const struct option_set *set)
{
    for (const struct option *option = set->rows; option && option->name; option++) {
        if (option->kind == OPTION_LIST)
            strings_done(member_at(set->target, option->offset));
    }
}

static bool find_letter(const struct parser *parser, char letter, struct found *out)
{
    for (size_t i = 0; i < parser->set_count; i++) {
        const struct option *option = parser->sets[i].rows;

        for (; option && option->name; option++) {
            if (option->letter == letter) {
                *out = (struct found){ option, parser->sets[i].target };
                return true;
            }
        }
    }
    return false;
}

static bool find_name(const struct parser *parser, const char *name, size_t length,
                      struct found *out)
{
    for (size_t i = 0; i < parser->set_count; i++) {
        const struct option *option = parser->sets[i].rows;

        for (; option && option->name; option++) {
            if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
                *out = (struct found){ option, parser->sets[i].target };
                return true;
            }
        }
    }
    return false;
}

/* Is it known from elsewhere? `name` is NULL for a letter. Then -1, else 0. */
static int refuse_known(const struct parser *parser, char letter, const char *name,
                        struct error *err)
{
    for (size_t i = 0; i < parser->set_count; i++) {
        const struct option_refused *row = parser->sets[i].refused;

        for (; row && row->name; row++) {
            if (name ? strcmp(row->name, name) != 0 : row->letter != letter)
                continue;
            return error_set(err, ERROR_UNSUPPORTED, "option '--%s' is not built%s%s", row->name,
                             row->cure ? ": " : "", row->cure ? row->cure : "");
        }
    }
    return 0;
}

static int refuse_name(const struct parser *parser, const char *name, struct error *err)
{
    AUTO_STRINGS struct strings known = { 0 };
    const char *nearest;

    if (refuse_known(parser, '\0', name, err) < 0)
        return -1;
    for (size_t i = 0; i < parser->set_count; i++) {
        const struct option *option = parser->sets[i].rows;

        for (; option && option->name; option++)
            strings_add(&known, option->name);
    }
    nearest = known.count ? text_nearest(name, (const char *const *)known.items) : NULL;
    if (nearest)
        return error_set(err, ERROR_INVALID, "unknown option '--%s'; did you mean '--%s'?", name,
                         nearest);
    return error_set(err, ERROR_INVALID, "unknown option '--%s'", name);
}

/* The value of an option: given behind it, or the next argument. */
static int take_value(struct parser *parser, const struct found *found, const char *attached,
                      struct error *err)
{
    const struct option *option = found->option;
    const char *value = attached;

    if (!value && option->kind == OPTION_FLAG)
        value = "true";
    if (!value && parser->next < parser->line->argc)
        value = parser->line->argv[parser->next++];
    if (!value)
        return error_set(err, ERROR_INVALID, "option '--%s' needs a value: --%s %s", option->name,
                         option->name, option->argument);
    if (set_value(found, value, err) < 0)
        return error_wrap(err, "option '--%s'", option->name);
    return 0;
}

static int parse_long(struct parser *parser, const char *argument, struct error *err)
{
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    struct found found;

    if (!find_name(parser, argument, length, &found)) {
        AUTO_FREE char *name = alloc_text_part(argument, length);

        return refuse_name(parser, name, err);
    }
    return take_value(parser, &found, equals ? equals + 1 : NULL, err);
}

/* "-dt5": flags may share a dash; the rest behind a letter that takes a value is the value. */
static int parse_letters(struct parser *parser, const char *letters, struct error *err)
{
    for (const char *letter = letters; *letter; letter++) {
        struct found found;

        if (!find_letter(parser, *letter, &found) && refuse_known(parser, *letter, NULL, err) < 0)
            return -1;
        if (!find_letter(parser, *letter, &found))
            return error_set(err, ERROR_INVALID, "unknown option '-%c'; --help lists them",
                             *letter);
        if (found.option->kind == OPTION_FLAG) {
            if (set_value(&found, "true", err) < 0)
                return -1;
            continue;
        }
        letter++;
        if (*letter == '=')
            letter++;
        return take_value(parser, &found, *letter ? letter : NULL, err);
    }
    return 0;
}

static void add_rest(struct parser *parser, struct strings *operands)
{
    while (parser->next < parser->line->argc)
        strings_add(operands, parser->line->argv[parser->next++]);
}

int option_parse(const struct option_set *sets, size_t set_count, const struct option_line *line,
                 struct strings *operands, struct error *err)
{
    struct parser parser = { .sets = sets, .set_count = set_count, .line = line };

    while (parser.next < line->argc) {
        const char *argument = line->argv[parser.next++];

        if (argument[0] != '-' || argument[1] == '\0') {
            strings_add(operands, argument);
            if (line->stop_at_operand)
                add_rest(&parser, operands);
        } else if (strcmp(argument, "--") == 0) {
            add_rest(&parser, operands);
        } else if (argument[1] == '-') {
            if (parse_long(&parser, argument + 2, err) < 0)
                return -1;
        } else if (parse_letters(&parser, argument + 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

void option_spelling(const struct option *option, char *out, size_t size)
{
    char letter[5] = "    ";

    if (option->letter)
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    snprintf(out, size, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
}
