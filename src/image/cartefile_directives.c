/* SPDX-License-Identifier: MIT */

/*
 * The directives at the top of a Cartefile
 */

#include "image/cartefile_directives.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/cartefile.h"
#include "util/alloc.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/parse.h"

struct directive {
    char *key, *value;
    size_t line, key_column, value_column; /* in bytes: what stands before them is ASCII */
};

static void directive_done(struct directive *directive)
{
    free(directive->key);
    free(directive->value);
}

static size_t skip_blanks(const char *line, size_t length, size_t at)
{
    while (at < length && isblank((unsigned char)line[at]))
        at++;
    return at;
}

/* "# key = value"; false: this is an ordinary comment, or none. */
static bool split(const char *line, size_t length, struct directive *out)
{
    size_t at = skip_blanks(line, length, 0);
    size_t end = 0;

    if (at == length || line[at] != '#')
        return false;
    at = end = skip_blanks(line, length, at + 1);
    while (end < length && isalnum((unsigned char)line[end]))
        end++;
    if (end == at || !isalpha((unsigned char)line[at]))
        return false;
    out->key_column = at + 1;
    out->value_column = skip_blanks(line, length, end);
    if (out->value_column == length || line[out->value_column] != '=')
        return false;
    out->value_column = skip_blanks(line, length, out->value_column + 1);
    while (length > out->value_column && isspace((unsigned char)line[length - 1]))
        length--;
    if (length == out->value_column)
        return false;
    out->key = alloc_text_part(line + at, end - at);
    out->value = alloc_text_part(line + out->value_column, length - out->value_column);
    out->value_column++;
    return true;
}

struct reading {
    struct cartefile *cartefile;
    struct diagnostics *diagnostics;
    const struct directive *directive;
};

static struct diagnostic_place place_of(const struct reading *reading)
{
    return (struct diagnostic_place){
        .file = reading->cartefile->path,
        .line = reading->directive->line,
        .column = reading->directive->value_column,
        .last_line = reading->directive->line,
    };
}

static void read_syntax(const struct reading *reading)
{
    static const char *const known[] = { "docker/dockerfile", "docker.io/docker/dockerfile" };
    const char *value = reading->directive->value;
    struct diagnostic_place place = place_of(reading);

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (text_starts_with(value, known[i]) &&
            (!value[strlen(known[i])] || strchr(":@-", value[strlen(known[i])])))
            return;
    }
    place.last_line = 0;
    diagnostic_add(reading->diagnostics, DIAGNOSTIC_WARNING, &place, "syntax",
                   "'%s' is not used: the language is the one of docker/dockerfile", value);
}

static void read_escape(const struct reading *reading)
{
    const char *value = reading->directive->value;
    struct diagnostic_place place = place_of(reading);

    if (strcmp(value, "\\") == 0 || strcmp(value, "`") == 0)
        reading->cartefile->escape = value[0];
    else
        diagnostic_add(reading->diagnostics, DIAGNOSTIC_ERROR, &place, NULL,
                       "escape '%s': expected '\\' or '`'", value);
}

static void add_list(char *value, struct strings *out)
{
    char *rest = NULL;

    for (char *item = strtok_r(value, ", \t", &rest); item; item = strtok_r(NULL, ", \t", &rest))
        strings_add(out, item);
}

static void read_check_option(const struct reading *reading, char *option)
{
    static const char *const names[] = { "skip", "error", "experimental", NULL };
    struct cartefile *cartefile = reading->cartefile;
    struct diagnostic_place place = place_of(reading);
    char *value = strchr(option, '=');
    struct error err = { 0 };
    const char *nearest = NULL;

    if (value)
        *value++ = '\0';
    option += strspn(option, " \t");
    option[strcspn(option, " \t")] = '\0';
    if (value && strcasecmp(option, "skip") == 0) {
        add_list(value, &cartefile->skipped_rules);
    } else if (value && strcasecmp(option, "experimental") == 0) {
        add_list(value, &cartefile->experimental_rules);
    } else if (value && strcasecmp(option, "error") == 0) {
        value += strspn(value, " \t");
        value[strcspn(value, " \t")] = '\0';
        if (parse_bool(value, false, &cartefile->findings_are_errors, &err) < 0)
            diagnostic_add(reading->diagnostics, DIAGNOSTIC_ERROR, &place, NULL,
                           "check: error=%s: expected true or false", value);
    } else {
        nearest = text_nearest(option, names);
        diagnostic_add(
            reading->diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "check: '%s': expected %s",
            option, value && nearest ? nearest : "skip=RULE,..., error=true or experimental=...");
    }
}

static void read_check(const struct reading *reading)
{
    AUTO_FREE char *value = alloc_text(reading->directive->value);
    char *rest = NULL;

    for (char *option = strtok_r(value, ";", &rest); option; option = strtok_r(NULL, ";", &rest))
        read_check_option(reading, option);
}

static const struct kind {
    const char *key;
    void (*read)(const struct reading *reading);
} kinds[] = {
    { "syntax", read_syntax },
    { "escape", read_escape },
    { "check", read_check },
};

/* False: the line is no directive, and so none follows. */
static bool take(const struct reading *reading, bool seen[ARRAY_SIZE(kinds)])
{
    const struct directive *directive = reading->directive;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct diagnostic_place place = place_of(reading);

        if (strcasecmp(kinds[i].key, directive->key) != 0)
            continue;
        place.column = directive->key_column;
        if (seen[i])
            diagnostic_add(reading->diagnostics, DIAGNOSTIC_ERROR, &place, NULL,
                           "the directive '%s' is given twice", kinds[i].key);
        else
            kinds[i].read(reading);
        seen[i] = true;
        return true;
    }
    return false;
}

void cartefile_directives_read(struct cartefile *cartefile, struct cartefile_lines *lines,
                               struct diagnostics *diagnostics)
{
    bool seen[ARRAY_SIZE(kinds)] = { false };
    struct cartefile_lines before = *lines;
    const char *line = NULL;
    size_t length = 0;
    bool is_directive = true;

    while (is_directive && cartefile_lines_read(lines, &line, &length)) {
        struct directive directive = { 0 };
        struct reading reading = { cartefile, diagnostics, &directive };

        is_directive = split(line, length, &directive);
        directive.line = lines->line;
        is_directive = is_directive && take(&reading, seen);
        directive_done(&directive);
        if (is_directive)
            before = *lines;
    }
    *lines = before;
    lines->escape = cartefile->escape;
}
