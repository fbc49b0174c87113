/* SPDX-License-Identifier: MIT */

/*
 * Patterns of paths
 */

#include "build/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

enum token_kind {
    TOKEN_LITERAL,
    TOKEN_ANY,         /* ?: one character but '/' */
    TOKEN_STAR,        /* *: any number of them */
    TOKEN_SET,         /* [a-z] */
    TOKEN_ALL,         /* any number of any characters */
    TOKEN_FOLDERS,     /* **: this token and the next, folders with their '/', or nothing */
    TOKEN_FOLDERS_REST /* within those */
};

struct pattern_token {
    enum token_kind kind;
    bool negated;      /* of a set */
    uint32_t c;        /* of a literal */
    size_t first, end; /* ranges of a set */
};

/* The character at *p, which moves behind it; a byte that is no UTF-8 stands for itself. */
static uint32_t next_character(const char **p)
{
    const unsigned char *bytes = (const unsigned char *)*p;
    size_t more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc2 ? 1 : 0;
    uint32_t c = more == 3 ? bytes[0] & 0x07U : more == 2 ? bytes[0] & 0x0fU : bytes[0] & 0x1fU;

    (*p)++;
    if (more == 0 || bytes[0] > 0xf4)
        return bytes[0] < 0x80 ? bytes[0] : 0xdc00U + bytes[0];
    for (size_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0xdc00U + bytes[0];
        c = c << 6 | (bytes[i] & 0x3fU);
    }
    *p += more;
    return c;
}

static struct pattern_token *add_token(struct pattern *pattern, enum token_kind kind)
{
    struct pattern_token *token = ALLOC_APPEND(pattern->tokens, pattern->count);

    token->kind = kind;
    return token;
}

static void add_literal(struct pattern *pattern, const char **p)
{
    add_token(pattern, TOKEN_LITERAL)->c = next_character(p);
}

static int read_bound(const char **p, uint32_t *out, struct error *err)
{
    if (!**p || **p == '-' || **p == ']')
        return error_set(err, ERROR_INVALID, "expected a character in [...]: write \\%c for '%c'",
                         **p ? **p : ']', **p ? **p : ']');
    *p += **p == '\\' && (*p)[1];
    *out = next_character(p);
    return 0;
}

/* What follows '['. */
static int add_set(struct pattern *pattern, const char **p, struct error *err)
{
    struct pattern_token *token = add_token(pattern, TOKEN_SET);

    token->negated = **p == '^';
    *p += token->negated;
    token->first = token->end = pattern->range_count;
    while (**p != ']' || token->end == token->first) {
        struct pattern_range range = { 0 };

        if (!**p)
            return error_set(err, ERROR_INVALID, "'[' is not closed: add ']', or write \\[");
        if (read_bound(p, &range.low, err) < 0)
            return -1;
        range.high = range.low;
        if (**p == '-') {
            (*p)++;
            if (read_bound(p, &range.high, err) < 0)
                return -1;
        }
        if (range.high < range.low)
            return error_set(err, ERROR_INVALID, "a range in [...] goes backwards");
        *ALLOC_APPEND(pattern->ranges, pattern->range_count) = range;
        token->end = pattern->range_count;
    }
    (*p)++;
    return 0;
}

/* Behind "**": at the end it is everything below, before a name any folders. */
static void add_folders(struct pattern *pattern, const char **p)
{
    bool is_first = pattern->count == 0;
    bool has_slash = **p == '/';

    *p += has_slash;
    if (!**p || (is_first && !has_slash && !strpbrk(*p, "*?[]\\"))) {
        add_token(pattern, TOKEN_ALL);
        return;
    }
    add_token(pattern, TOKEN_FOLDERS);
    add_token(pattern, TOKEN_FOLDERS_REST);
}

static int add_next(struct pattern *pattern, const char **p, struct error *err)
{
    switch (**p) {
    case '*':
        (*p)++;
        if (**p != '*') {
            add_token(pattern, TOKEN_STAR);
            return 0;
        }
        (*p)++;
        add_folders(pattern, p);
        return 0;
    case '?':
        (*p)++;
        add_token(pattern, TOKEN_ANY);
        return 0;
    case '[':
        (*p)++;
        return add_set(pattern, p, err);
    case '\\':
        (*p)++;
        if (!**p)
            return error_set(err, ERROR_INVALID, "'\\' at the end has nothing to escape");
        add_literal(pattern, p);
        return 0;
    default:
        add_literal(pattern, p);
        return 0;
    }
}

int pattern_parse(const char *text, struct pattern *out, struct error *err)
{
    AUTO_PATTERN struct pattern pattern = { 0 };

    if (strlen(text) > PATTERN_LENGTH_MAX)
        return error_set(err, ERROR_INVALID, "the pattern is longer than %u bytes",
                         PATTERN_LENGTH_MAX);
    for (const char *p = text; *p;) {
        if (add_next(&pattern, &p, err) < 0)
            return error_wrap(err, "pattern '%.100s'", text);
    }
    *out = pattern;
    pattern = (struct pattern){ 0 };
    return 0;
}

void pattern_done(struct pattern *pattern)
{
    free(pattern->tokens);
    free(pattern->ranges);
    *pattern = (struct pattern){ 0 };
}

static bool set_has(const struct pattern *pattern, const struct pattern_token *token, uint32_t c)
{
    for (size_t i = token->first; i < token->end; i++) {
        if (c >= pattern->ranges[i].low && c <= pattern->ranges[i].high)
            return !token->negated;
    }
    return token->negated;
}

/* active[i]: token i may come next. What may be empty makes those behind it active, too. */
static void skip_empty(const struct pattern *pattern, bool *active)
{
    for (size_t i = 0; i < pattern->count; i++) {
        enum token_kind kind = pattern->tokens[i].kind;

        if (!active[i])
            continue;
        if (kind == TOKEN_STAR || kind == TOKEN_ALL)
            active[i + 1] = true;
        if (kind == TOKEN_FOLDERS)
            active[i + 1] = active[i + 2] = true;
    }
}

static void take(const struct pattern *pattern, uint32_t c, const bool *active, bool *next)
{
    memset(next, 0, (pattern->count + 1) * sizeof(*next));
    for (size_t i = 0; i < pattern->count; i++) {
        const struct pattern_token *token = &pattern->tokens[i];
        bool stays = (token->kind == TOKEN_STAR && c != '/') || token->kind == TOKEN_ALL ||
                     token->kind == TOKEN_FOLDERS_REST;
        bool moves = (token->kind == TOKEN_LITERAL && c == token->c) ||
                     (token->kind == TOKEN_ANY && c != '/') ||
                     (token->kind == TOKEN_SET && set_has(pattern, token, c)) ||
                     (token->kind == TOKEN_FOLDERS_REST && c == '/');

        next[i] |= active[i] && stays;
        next[i + 1] |= active[i] && moves;
    }
    skip_empty(pattern, next);
}

bool pattern_matches(const struct pattern *pattern, const char *path, bool or_parent)
{
    AUTO_FREE bool *active = alloc_array(bool, pattern->count + 1);
    AUTO_FREE bool *next = alloc_array(bool, pattern->count + 1);

    active[0] = true;
    skip_empty(pattern, active);
    for (const char *p = path; *p;) {
        bool *swap = active;

        if (or_parent && *p == '/' && active[pattern->count])
            return true;
        take(pattern, next_character(&p), active, next);
        active = next;
        next = swap;
    }
    return active[pattern->count];
}
