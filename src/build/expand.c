/* SPDX-License-Identifier: MIT */

/*
 * Variables and quotes in a word of a Cartefile
 */

#include "build/expand.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define DEPTH_MAX 20U
#define RESULT_MAX (1U << 20)
#define PATTERN_VALUE_MAX 1024U /* each part of a value is tried against a pattern */

struct scanner {
    const struct expand_scope *scope;
    const char *p;
    unsigned depth;
    bool keeps_quotes;
};

/* Expand up to the end or, unquoted, one of the characters of `stops`. */
static int scan_until(struct scanner *scanner, const char *stops, struct text *out,
                      struct error *err);
static int scan_dollar(struct scanner *scanner, struct text *out, struct error *err);

static int scan_quoted(struct scanner *scanner, struct text *out, struct error *err)
{
    char escape = scanner->scope->escape;

    while (*scanner->p && *scanner->p != '"') {
        const char *p = scanner->p;

        if (*p == '$') {
            if (scan_dollar(scanner, out, err) < 0)
                return -1;
        } else if (*p == escape && (p[1] == '"' || p[1] == '$' || p[1] == escape)) {
            text_add_char(out, p[1]);
            scanner->p += 2;
        } else {
            text_add_char(out, *p);
            scanner->p++;
        }
    }
    if (!*scanner->p)
        return error_set(err, ERROR_INVALID, "a double quote is not closed: add \"");
    scanner->p++;
    return 0;
}

static int scan_single(struct scanner *scanner, struct text *out, struct error *err)
{
    const char *end = strchr(scanner->p, '\'');

    if (!end)
        return error_set(err, ERROR_INVALID, "a single quote is not closed: add '");
    text_add_bytes(out, scanner->p, (size_t)(end - scanner->p));
    scanner->p = end + 1;
    return 0;
}

static int scan_one(struct scanner *scanner, struct text *out, struct error *err)
{
    char c = *scanner->p;

    if (c == '$')
        return scan_dollar(scanner, out, err);
    scanner->p++;
    if (c == '\'' && !scanner->keeps_quotes)
        return scan_single(scanner, out, err);
    if (c == '"' && !scanner->keeps_quotes)
        return scan_quoted(scanner, out, err);
    if (c == scanner->scope->escape && *scanner->p &&
        (!scanner->keeps_quotes || *scanner->p == '$'))
        c = *scanner->p++;
    text_add_char(out, c);
    return 0;
}

static int scan_until(struct scanner *scanner, const char *stops, struct text *out,
                      struct error *err)
{
    while (*scanner->p && !strchr(stops, *scanner->p)) {
        if (scan_one(scanner, out, err) < 0)
            return -1;
        if (out->length > RESULT_MAX)
            return error_set(err, ERROR_INVALID, "the value is longer than %u bytes", RESULT_MAX);
    }
    return 0;
}

/* The length of the shortest or longest part of `value` at its front or back that matches. */
static size_t matching_length(const char *value, const char *pattern, bool front, bool longest,
                              bool *found_out)
{
    size_t length = strlen(value);

    *found_out = false;
    for (size_t i = 0; i <= length; i++) {
        size_t size = longest ? length - i : i;
        AUTO_FREE char *part =
            front ? alloc_text_part(value, size) : alloc_text(value + length - size);

        if (fnmatch(pattern, part, 0) != 0)
            continue;
        *found_out = true;
        return size;
    }
    return 0;
}

static void add_trimmed(const char *value, const char *pattern, bool front, bool longest,
                        struct text *out)
{
    bool found = false;
    size_t size = matching_length(value, pattern, front, longest, &found);

    if (front)
        text_add(out, value + size);
    else
        text_add_bytes(out, value, strlen(value) - size);
}

static void add_replaced(const char *value, const char *pattern, const char *replacement, bool all,
                         struct text *out)
{
    while (*value) {
        bool found = false;
        size_t size = matching_length(value, pattern, true, true, &found);

        if (!found || size == 0) {
            text_add_char(out, *value++);
            continue;
        }
        text_add(out, replacement);
        value += size;
        if (!all)
            break;
    }
    text_add(out, value);
}

/* After "${name": a default, an alternative or a message, up to the brace. */
static int scan_default(struct scanner *scanner, const char *name, const char *value, char kind,
                        struct text *out, struct error *err)
{
    AUTO_TEXT struct text word = { 0 };

    if (scan_until(scanner, "}", &word, err) < 0)
        return -1;
    if (kind == '?' && !value)
        return error_set(err, ERROR_INVALID, "%s: %s", name,
                         word.length > 0 ? text_get(&word) : "is not set");
    if (kind == '+')
        text_add(out, value ? text_get(&word) : "");
    else
        text_add(out, value ? value : text_get(&word));
    return 0;
}

static int scan_trim(struct scanner *scanner, const char *value, char kind, struct text *out,
                     struct error *err)
{
    AUTO_TEXT struct text pattern = { 0 };
    bool longest = *scanner->p == kind;

    scanner->p += longest;
    if (scan_until(scanner, "}", &pattern, err) < 0)
        return -1;
    add_trimmed(value, text_get(&pattern), kind == '#', longest, out);
    return 0;
}

static int scan_replace(struct scanner *scanner, const char *value, struct text *out,
                        struct error *err)
{
    AUTO_TEXT struct text pattern = { 0 };
    AUTO_TEXT struct text replacement = { 0 };
    bool all = *scanner->p == '/';

    scanner->p += all;
    if (scan_until(scanner, "/}", &pattern, err) < 0)
        return -1;
    scanner->p += *scanner->p == '/';
    if (scan_until(scanner, "}", &replacement, err) < 0)
        return -1;
    add_replaced(value, text_get(&pattern), text_get(&replacement), all, out);
    return 0;
}

static int scan_modifier(struct scanner *scanner, const char *name, const char *value,
                         struct text *out, struct error *err)
{
    char kind = *scanner->p++;

    if (strchr("#%/", kind) && value && strlen(value) > PATTERN_VALUE_MAX)
        return error_set(err, ERROR_INVALID, "${%s%c: the value is longer than %u bytes", name,
                         kind, PATTERN_VALUE_MAX);
    if (kind == ':') {
        kind = *scanner->p ? *scanner->p++ : '\0';
        if (value && !*value)
            value = NULL;
        if (kind == '\0' || !strchr("-+?", kind))
            return error_set(err, ERROR_INVALID, "${%s:%c: expected ':-', ':+' or ':?'", name,
                             kind ? kind : ' ');
    }
    if (strchr("-+?", kind))
        return scan_default(scanner, name, value, kind, out, err);
    if (kind == '#' || kind == '%')
        return scan_trim(scanner, value ? value : "", kind, out, err);
    if (kind == '/')
        return scan_replace(scanner, value ? value : "", out, err);
    return error_set(err, ERROR_INVALID, "${%s%c: expected '}' or one of :-+?#%%/", name, kind);
}

static int scan_braces(struct scanner *scanner, struct text *out, struct error *err)
{
    const char *start = scanner->p;
    AUTO_FREE char *name = NULL;
    const char *value = NULL;

    while (isalnum((unsigned char)*scanner->p) || *scanner->p == '_')
        scanner->p++;
    if (scanner->p == start)
        return error_set(err, ERROR_INVALID, "'${' without a name: write '\\$' for a dollar sign");
    name = alloc_text_part(start, (size_t)(scanner->p - start));
    value = scanner->scope->find(scanner->scope->context, name);
    if (*scanner->p && *scanner->p != '}') {
        if (scan_modifier(scanner, name, value, out, err) < 0)
            return -1;
    } else {
        text_add(out, value ? value : "");
    }
    if (*scanner->p != '}')
        return error_set(err, ERROR_INVALID, "'${%s' is not closed: add '}'", name);
    scanner->p++;
    return 0;
}

static int scan_name(struct scanner *scanner, struct text *out)
{
    const char *start = scanner->p;
    AUTO_FREE char *name = NULL;
    const char *value = NULL;

    while (isalnum((unsigned char)*scanner->p) || *scanner->p == '_') {
        scanner->p++;
        if (isdigit((unsigned char)*start))
            break;
    }
    if (scanner->p == start) {
        text_add_char(out, '$');
        return 0;
    }
    name = alloc_text_part(start, (size_t)(scanner->p - start));
    value = scanner->scope->find(scanner->scope->context, name);
    text_add(out, value ? value : "");
    return 0;
}

static int scan_dollar(struct scanner *scanner, struct text *out, struct error *err)
{
    int result = 0;

    scanner->p++;
    if (*scanner->p != '{')
        return scan_name(scanner, out);
    scanner->p++;
    if (++scanner->depth > DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "variables are nested deeper than %u", DEPTH_MAX);
    result = scan_braces(scanner, out, err);
    scanner->depth--;
    return result;
}

static int expand(const struct expand_scope *scope, const char *word, bool keeps_quotes, char **out,
                  struct error *err)
{
    struct scanner scanner = { .scope = scope, .p = word, .keeps_quotes = keeps_quotes };
    AUTO_TEXT struct text text = { 0 };

    if (scan_until(&scanner, "", &text, err) < 0)
        return -1;
    *out = text_steal(&text);
    return 0;
}

int expand_word(const struct expand_scope *scope, const char *word, char **out, struct error *err)
{
    return expand(scope, word, false, out, err);
}

int expand_text(const struct expand_scope *scope, const char *text, char **out, struct error *err)
{
    return expand(scope, text, true, out, err);
}
