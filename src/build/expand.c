/* SPDX-License-Identifier: MIT */

/*
 * Variables and quotes in a word of a Cartefile
 */

#include "build/expand.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define DIGITS "0123456789"
#define DEPTH_MAX 20U
#define RESULT_MAX (1U << 20)
#define PATTERN_MAX 128U
#define PATTERN_VALUE_MAX 1024U /* each part of a value is tried against a pattern */

struct scanner {
    const struct expand_scope *scope;
    const char *p;
    unsigned depth;
    bool keeps_quotes;
    bool keeps_escapes; /* within a pattern, which has its own */
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
        (!scanner->keeps_quotes || *scanner->p == '$')) {
        if (scanner->keeps_escapes)
            text_add_char(out, '\\');
        c = *scanner->p++;
    }
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

/* A pattern of the shell, in which '*' and '?' have a meaning. */
struct glob {
    char bytes[PATTERN_MAX];
    bool is_special[PATTERN_MAX]; /* not escaped, and one of "*?" */
    size_t count;
};

static int parse_glob(const struct text *pattern, struct glob *out, struct error *err)
{
    *out = (struct glob){ 0 };
    for (const char *p = text_get(pattern); *p; p++) {
        bool is_escaped = *p == '\\' && p[1];

        if (out->count == PATTERN_MAX)
            return error_set(err, ERROR_INVALID, "a pattern is longer than %u bytes", PATTERN_MAX);
        p += is_escaped;
        out->is_special[out->count] = !is_escaped && (*p == '*' || *p == '?');
        out->bytes[out->count++] = *p;
    }
    return 0;
}

static bool is_star(const struct glob *glob, size_t i)
{
    return glob->is_special[i] && glob->bytes[i] == '*';
}

/* active[i]: part i may come next. All ways through the pattern are followed at once. */
static void step(const struct glob *glob, char c, bool *active)
{
    for (size_t i = glob->count; i-- > 0;) {
        bool fits = glob->is_special[i] || glob->bytes[i] == c;

        active[i + 1] |= active[i] && fits && !is_star(glob, i);
        active[i] = active[i] && is_star(glob, i);
    }
    for (size_t i = 0; i < glob->count; i++)
        active[i + 1] |= active[i] && is_star(glob, i);
}

/* The length of the shortest or longest beginning of `value` that matches. */
static bool match_front(const struct glob *glob, const char *value, bool longest,
                        size_t *length_out)
{
    bool active[PATTERN_MAX + 1] = { true };
    bool found = false;

    for (size_t i = 0; i < glob->count && is_star(glob, i); i++)
        active[i + 1] = true;
    for (size_t i = 0;; i++) {
        if (active[glob->count]) {
            *length_out = i;
            found = true;
        }
        if (!value[i] || (found && !longest))
            return found;
        active[glob->count] = false;
        step(glob, value[i], active);
    }
}

/* The same of its end. */
static bool match_back(const struct glob *glob, const char *value, bool longest, size_t *length_out)
{
    size_t length = strlen(value);

    for (size_t i = 0; i <= length; i++) {
        size_t size = longest ? length - i : i;
        size_t matching = 0;

        if (!match_front(glob, value + length - size, true, &matching) || matching != size)
            continue;
        *length_out = size;
        return true;
    }
    return false;
}

static void add_trimmed(const char *value, const struct glob *glob, bool front, bool longest,
                        struct text *out)
{
    size_t size = 0;

    if (front && match_front(glob, value, longest, &size))
        text_add(out, value + size);
    else if (!front && match_back(glob, value, longest, &size))
        text_add_bytes(out, value, strlen(value) - size);
    else
        text_add(out, value);
}

static void add_replaced(const char *value, const struct glob *glob, const char *replacement,
                         bool all, struct text *out)
{
    while (*value) {
        size_t size = 0;

        if (!match_front(glob, value, true, &size) || size == 0) {
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

/* Up to one of `stops`, with the escapes in it. */
static int scan_pattern(struct scanner *scanner, const char *stops, struct text *out,
                        struct error *err)
{
    bool before = scanner->keeps_escapes;
    int result = 0;

    scanner->keeps_escapes = true;
    result = scan_until(scanner, stops, out, err);
    scanner->keeps_escapes = before;
    return result;
}

static int scan_trim(struct scanner *scanner, const char *value, char kind, struct text *out,
                     struct error *err)
{
    AUTO_TEXT struct text pattern = { 0 };
    struct glob glob;
    bool longest = *scanner->p == kind;

    scanner->p += longest;
    if (scan_pattern(scanner, "}", &pattern, err) < 0 || parse_glob(&pattern, &glob, err) < 0)
        return -1;
    add_trimmed(value, &glob, kind == '#', longest, out);
    return 0;
}

static int scan_replace(struct scanner *scanner, const char *value, struct text *out,
                        struct error *err)
{
    AUTO_TEXT struct text pattern = { 0 };
    AUTO_TEXT struct text replacement = { 0 };
    struct glob glob;
    bool all = *scanner->p == '/';

    scanner->p += all;
    if (scan_pattern(scanner, "/}", &pattern, err) < 0 || parse_glob(&pattern, &glob, err) < 0)
        return -1;
    scanner->p += *scanner->p == '/';
    if (scan_until(scanner, "}", &replacement, err) < 0)
        return -1;
    add_replaced(value, &glob, text_get(&replacement), all, out);
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

/* Letters, digits and '_'; of a name that begins with a digit, digits only. */
static size_t name_length(const char *p)
{
    size_t length = strspn(p, DIGITS);

    while (!isdigit((unsigned char)*p) && (isalnum((unsigned char)p[length]) || p[length] == '_'))
        length++;
    return length;
}

static void add_value(const struct scanner *scanner, const char *name, const char *value,
                      struct text *out)
{
    if (value)
        text_add(out, value);
    else if (scanner->scope->missing)
        scanner->scope->missing(scanner->scope->context, name);
}

static int scan_braces(struct scanner *scanner, struct text *out, struct error *err)
{
    size_t length = name_length(scanner->p);
    AUTO_FREE char *name = alloc_text_part(scanner->p, length);
    const char *value = NULL;

    scanner->p += length;
    if (length == 0)
        return error_set(err, ERROR_INVALID, "'${' without a name: write '\\$' for a dollar sign");
    value = scanner->scope->find(scanner->scope->context, name);
    if (*scanner->p && *scanner->p != '}') {
        if (scan_modifier(scanner, name, value, out, err) < 0)
            return -1;
    } else {
        add_value(scanner, name, value, out);
    }
    if (*scanner->p != '}')
        return error_set(err, ERROR_INVALID, "'${%s' is not closed: add '}'", name);
    scanner->p++;
    return 0;
}

static int scan_name(struct scanner *scanner, struct text *out)
{
    size_t length = name_length(scanner->p);
    AUTO_FREE char *name = alloc_text_part(scanner->p, length);

    scanner->p += length;
    if (length > 0) {
        add_value(scanner, name, scanner->scope->find(scanner->scope->context, name), out);
        return 0;
    }
    /* The shell's own parameters have no value here: $$, $?, $@ */
    if (*scanner->p && strchr("@*#?-$!", *scanner->p))
        scanner->p++;
    else
        text_add_char(out, '$');
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
