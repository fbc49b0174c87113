/* SPDX-License-Identifier: MIT */

/*
 * Which files of a build context are left out
 */

#include "build/ignore.h"

#include <stdlib.h>
#include <string.h>

#include "build/pattern.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

#define BLANKS " \t\r\v\f"

struct ignore_rule {
    bool negated;
    char *literal; /* it has no special characters; NULL: `pattern` counts */
    size_t length;
    struct pattern pattern;
};

bool ignore_match(const char *pattern, const char *path)
{
    AUTO_PATTERN struct pattern parsed = { 0 };
    struct error ignored = { 0 };

    return pattern_parse(pattern, &parsed, &ignored) == 0 && pattern_matches(&parsed, path, false);
}

bool ignore_is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* The path without "." and ".." where they can be resolved, and without '/' at either end. */
static char *clean(const char *text)
{
    AUTO_FREE char *copy = alloc_text(text);
    AUTO_STRINGS struct strings parts = { 0 };
    AUTO_TEXT struct text out = { 0 };
    char *rest = NULL;

    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        bool is_up = strcmp(part, "..") == 0;
        bool has_folder = parts.count > 0 && strcmp(parts.items[parts.count - 1], "..") != 0;

        if (strcmp(part, ".") == 0 || (is_up && !has_folder && *text == '/'))
            continue;
        if (is_up && has_folder) {
            free(parts.items[--parts.count]);
            parts.items[parts.count] = NULL;
        } else {
            strings_add(&parts, part);
        }
    }
    for (size_t i = 0; i < parts.count; i++)
        text_add_format(&out, "%s%s", i > 0 ? "/" : "", parts.items[i]);
    return text_steal(&out);
}

static char *trim(const char *text, size_t length)
{
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    while (length > 0 && strchr(BLANKS, *text)) {
        text++;
        length--;
    }
    return alloc_text_part(text, length);
}

static int add_rule(struct ignore *out, const char *text, bool negated, struct error *err)
{
    struct ignore_rule *rule = NULL;

    if (out->count >= IGNORE_RULES_MAX)
        return error_set(err, ERROR_INVALID, "more than %u patterns", IGNORE_RULES_MAX);
    rule = ALLOC_APPEND(out->rules, out->count);
    rule->negated = negated;
    out->takes_back |= negated;
    if (!strpbrk(text, "*?[]\\")) {
        rule->literal = alloc_text(text);
        rule->length = strlen(text);
        return 0;
    }
    return pattern_parse(text, &rule->pattern, err);
}

static int parse_line(struct ignore *out, const char *line, size_t length, struct error *err)
{
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *path = NULL;
    bool negated = false;

    if (length > 0 && *line == '#')
        return 0;
    text = trim(line, length);
    negated = *text == '!';
    if (negated && !text[1])
        return error_set(err, ERROR_INVALID, "'!' takes nothing back in: write !PATTERN");
    path = clean(text + negated + strspn(text + negated, BLANKS));
    return *path ? add_rule(out, path, negated, err) : 0;
}

int ignore_parse(const char *name, const char *text, size_t length, struct ignore *out,
                 struct error *err)
{
    const char *end = text + length;

    *out = (struct ignore){ 0 };
    if (memchr(text, '\0', length))
        return error_set(err, ERROR_INVALID, "%s: has a NUL byte: is it a text?", name);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (size_t number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t size = newline ? (size_t)(newline - text) : (size_t)(end - text);

        if (parse_line(out, text, size, err) < 0)
            return error_wrap(err, "%s:%zu", name, number);
        text += size + (newline ? 1 : 0);
    }
    return 0;
}

void ignore_done(struct ignore *ignore)
{
    for (size_t i = 0; i < ignore->count; i++) {
        free(ignore->rules[i].literal);
        pattern_done(&ignore->rules[i].pattern);
    }
    free(ignore->rules);
    *ignore = (struct ignore){ 0 };
}

/* The path itself, or a folder above it. */
static bool rule_matches(const struct ignore_rule *rule, const char *path)
{
    if (!rule->literal)
        return pattern_matches(&rule->pattern, path, true);
    return strncmp(path, rule->literal, rule->length) == 0 &&
           (path[rule->length] == '\0' || path[rule->length] == '/');
}

bool ignore_has(const struct ignore *ignore, const char *path)
{
    bool ignored = false;

    for (size_t i = 0; i < ignore->count; i++) {
        const struct ignore_rule *rule = &ignore->rules[i];

        if (rule->negated == ignored && rule_matches(rule, path))
            ignored = !rule->negated;
    }
    return ignored;
}
