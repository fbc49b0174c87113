/* SPDX-License-Identifier: MIT */

/*
 * Which files of a build context are left out
 *
 * Patterns and paths are matched part by part; a table instead of recursion keeps the time
 * bounded by the product of their lengths, whatever the pattern.
 */

#include "build/ignore.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/strings.h"
#include "util/text.h"

#define PARTS_MAX 512U

struct ignore_rule {
    char *pattern;
    bool negated;
};

/* One set "[a-z]" at `pattern`; *end_out is behind it, or NULL when it is not closed. */
static bool match_set(const char *pattern, char c, const char **end_out)
{
    bool negated = pattern[1] == '^' || pattern[1] == '!';
    const char *p = pattern + (negated ? 2 : 1);
    bool found = false;

    *end_out = NULL;
    for (bool first = true; *p && (*p != ']' || first); first = false) {
        char low = *p == '\\' && p[1] ? *++p : *p;
        char high = low;

        if (p[1] == '-' && p[2] && p[2] != ']') {
            p += 2;
            high = *p == '\\' && p[1] ? *++p : *p;
        }
        found |= c >= low && c <= high;
        p++;
    }
    if (*p == ']')
        *end_out = p + 1;
    return found != negated;
}

/* Does one character of a name match what stands at `pattern`? NULL: no, else what follows. */
static const char *match_one(const char *pattern, char c)
{
    const char *end = NULL;

    if (*pattern == '[') {
        bool matched = match_set(pattern, c, &end);

        if (end)
            return matched ? end : NULL;
    }
    if (*pattern == '\\' && pattern[1])
        return pattern[1] == c ? pattern + 2 : NULL;
    return *pattern && (*pattern == '?' || *pattern == c) ? pattern + 1 : NULL;
}

/* One part of a path: after a mismatch, the last star takes one character more. */
static bool match_name(const char *pattern, const char *name)
{
    const char *star = NULL;
    const char *retry = NULL;

    while (*name) {
        const char *next = *pattern == '*' ? NULL : match_one(pattern, *name);

        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (next) {
            pattern = next;
            name++;
        } else if (star) {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static void split(const char *path, struct strings *out)
{
    while (*path && out->count < PARTS_MAX) {
        size_t length = strcspn(path, "/");

        if (length > 2 && strncmp(path, "**", 2) == 0) {
            /* "**.c" is any depth, then "*.c" */
            strings_add(out, "**");
            path++;
            length--;
        }
        if (length > 0)
            strings_take(out, alloc_text_part(path, length));
        path += length + (path[length] == '/');
    }
}

/* row[j]: the parts so far match the first j parts of the path. */
static void match_part(const char *part, const struct strings *path, bool *row)
{
    if (strcmp(part, "**") == 0) {
        for (size_t j = 1; j <= path->count; j++)
            row[j] |= row[j - 1];
        return;
    }
    for (size_t j = path->count; j > 0; j--)
        row[j] = row[j - 1] && match_name(part, path->items[j - 1]);
    row[0] = false;
}

/* The lengths of the path's beginnings that match; the caller frees the row. */
static bool *match_rows(const char *pattern, const struct strings *path)
{
    AUTO_STRINGS struct strings parts = { 0 };
    bool *row = alloc_array(bool, path->count + 1);

    row[0] = true;
    split(pattern, &parts);
    for (size_t i = 0; i < parts.count; i++)
        match_part(parts.items[i], path, row);
    return row;
}

bool ignore_match(const char *pattern, const char *path)
{
    AUTO_STRINGS struct strings parts = { 0 };
    bool *row = NULL;
    bool matches = false;

    split(path, &parts);
    row = match_rows(pattern, &parts);
    matches = row[parts.count];
    free(row);
    return matches;
}

bool ignore_is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* As a path is cleaned: no "./", no "/" at either end, ".." resolved. */
static char *clean_pattern(const char *text, size_t length)
{
    AUTO_FREE char *copy = alloc_text_part(text, length);
    AUTO_TEXT struct text out = { 0 };
    char *rest = NULL;

    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            const char *slash = out.data ? strrchr(out.data, '/') : NULL;

            out.length = slash ? (size_t)(slash - out.data) : 0;
            if (out.data)
                out.data[out.length] = '\0';
            continue;
        }
        text_add_format(&out, "%s%s", out.length > 0 ? "/" : "", part);
    }
    return text_steal(&out);
}

static void parse_line(const char *line, size_t length, struct ignore *out)
{
    struct ignore_rule rule = { 0 };

    if (length > 0 && *line == '#')
        return;
    while (length > 0 && strchr(" \t\r", line[length - 1]))
        length--;
    while (length > 0 && strchr(" \t", *line)) {
        line++;
        length--;
    }
    rule.negated = length > 0 && *line == '!';
    rule.pattern = clean_pattern(line + rule.negated, length - rule.negated);
    if (!*rule.pattern) {
        free(rule.pattern);
        return;
    }
    out->takes_back |= rule.negated;
    *ALLOC_APPEND(out->rules, out->count) = rule;
}

void ignore_parse(const char *text, size_t length, struct ignore *out)
{
    const char *end = text + length;

    *out = (struct ignore){ 0 };
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t size = newline ? (size_t)(newline - text) : (size_t)(end - text);

        parse_line(text, size, out);
        text += size + 1;
    }
}

void ignore_done(struct ignore *ignore)
{
    for (size_t i = 0; i < ignore->count; i++)
        free(ignore->rules[i].pattern);
    free(ignore->rules);
    *ignore = (struct ignore){ 0 };
}

bool ignore_has(const struct ignore *ignore, const char *path)
{
    AUTO_STRINGS struct strings parts = { 0 };
    bool ignored = false;

    if (ignore->count == 0)
        return false;
    split(path, &parts);
    for (size_t i = 0; i < ignore->count; i++) {
        bool *row = NULL;
        bool matches = false;

        if (ignore->rules[i].negated != ignored)
            continue;
        row = match_rows(ignore->rules[i].pattern, &parts);
        for (size_t j = 1; j <= parts.count; j++)
            matches |= row[j];
        free(row);
        if (matches)
            ignored = !ignore->rules[i].negated;
    }
    return ignored;
}
