/* SPDX-License-Identifier: MIT */

/*
 * The text of a Cartefile as a list of instructions
 *
 * What a keyword may have is a row of the table below.
 */

#include "image/cartefile.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "image/cartefile_lines.h"
#include "image/cartefile_words.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

#define FLAGS_MAX 8

/* How often a flag may stand, and whether it may do so without a value. */
enum flag_kind { ONCE, AGAIN, SWITCH };

static const struct rule {
    const char *name;
    struct flag {
        const char *name;
        enum flag_kind kind;
    } flags[FLAGS_MAX];
    const char *missing[FLAGS_MAX]; /* flags that are known, but not built */
    size_t words_min, words_max;    /* 0: any number */
    bool takes_heredocs;
} rules[CARTEFILE_KEYWORD_COUNT] = {
    [CARTEFILE_FROM] = { "FROM", { { "platform", ONCE } }, { 0 }, 1, 3, false },
    [CARTEFILE_ARG] = { "ARG", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_RUN] = { "RUN",
                        { { "mount", AGAIN }, { "network", ONCE }, { "security", ONCE } },
                        { "device" },
                        1,
                        0,
                        true },
    [CARTEFILE_COPY] = { "COPY",
                         { { "from", ONCE }, { "chown", ONCE }, { "chmod", ONCE } },
                         { "link", "parents", "exclude" },
                         2,
                         0,
                         true },
    [CARTEFILE_ADD] = { "ADD",
                        { { "chown", ONCE }, { "chmod", ONCE } },
                        { "link", "checksum", "keep-git-dir", "exclude", "unpack" },
                        2,
                        0,
                        true },
    [CARTEFILE_ENV] = { "ENV", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_WORKDIR] = { "WORKDIR", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_USER] = { "USER", { { 0 } }, { 0 }, 1, 1, false },
    [CARTEFILE_LABEL] = { "LABEL", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_EXPOSE] = { "EXPOSE", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_VOLUME] = { "VOLUME", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_ENTRYPOINT] = { "ENTRYPOINT", { { 0 } }, { 0 }, 0, 0, false },
    [CARTEFILE_CMD] = { "CMD", { { 0 } }, { 0 }, 0, 0, false },
    [CARTEFILE_HEALTHCHECK] = { "HEALTHCHECK",
                                { { "interval", ONCE },
                                  { "timeout", ONCE },
                                  { "start-period", ONCE },
                                  { "start-interval", ONCE },
                                  { "retries", ONCE } },
                                { 0 },
                                1,
                                0,
                                false },
    [CARTEFILE_STOPSIGNAL] = { "STOPSIGNAL", { { 0 } }, { 0 }, 1, 1, false },
    [CARTEFILE_SHELL] = { "SHELL", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_MAINTAINER] = { "MAINTAINER", { { 0 } }, { 0 }, 1, 0, false },
    [CARTEFILE_NAME] = { "NAME", { { 0 } }, { 0 }, 1, 1, false },
    [CARTEFILE_PATH] = { "PATH", { { 0 } }, { 0 }, 1, 1, false },
    [CARTEFILE_EXE_PATH] = { "exe_PATH", { { 0 } }, { 0 }, 1, 1, false },
};

const char *cartefile_keyword_name(enum cartefile_keyword keyword)
{
    return rules[keyword].name;
}

int cartefile_error(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                    struct error *err, const char *format, ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_INVALID, "%s:%zu:%zu: %s", cartefile->path, at->line, at->column,
                     text);
}

int cartefile_wrap(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                   struct error *err)
{
    return error_wrap(err, "%s:%zu:%zu: %s", cartefile->path, at->line, at->column,
                      rules[at->keyword].name);
}

static void instruction_done(struct cartefile_instruction *instruction)
{
    strings_map_done(&instruction->flags);
    strings_done(&instruction->words);
    free(instruction->rest);
    free(instruction->display);
    for (size_t i = 0; i < instruction->heredoc_count; i++) {
        free(instruction->heredocs[i].name);
        free(instruction->heredocs[i].content);
    }
    free(instruction->heredocs);
}

void cartefile_free(struct cartefile *cartefile)
{
    if (!cartefile)
        return;
    for (size_t i = 0; i < cartefile->count; i++)
        instruction_done(&cartefile->instructions[i]);
    free(cartefile->instructions);
    free(cartefile->path);
    free(cartefile);
}

static bool is_listed(const char *const *list, const char *word)
{
    for (size_t i = 0; i < FLAGS_MAX && list[i]; i++) {
        if (strcmp(list[i], word) == 0)
            return true;
    }
    return false;
}

static int find_keyword(const struct cartefile *cartefile, struct cartefile_instruction *at,
                        const char *word, struct error *err)
{
    const char *names[CARTEFILE_KEYWORD_COUNT + 1] = { 0 };
    AUTO_FREE char *upper = alloc_text(word);
    const char *nearest = NULL;

    for (size_t i = 0; i < CARTEFILE_KEYWORD_COUNT; i++) {
        names[i] = rules[i].name;
        if (strcasecmp(rules[i].name, word) == 0) {
            at->keyword = (enum cartefile_keyword)i;
            return 0;
        }
    }
    if (strcasecmp(word, "ONBUILD") == 0)
        return cartefile_error(cartefile, at, err,
                               "ONBUILD is not built yet: repeat the instruction in the images "
                               "that are based on this one");
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    nearest = text_nearest(upper, names);
    if (nearest)
        return cartefile_error(cartefile, at, err,
                               "unknown instruction '%.40s': did you mean '%s'?", word, nearest);
    return cartefile_error(cartefile, at, err,
                           "unknown instruction '%.40s': expected one like FROM, COPY or RUN",
                           word);
}

static int refuse_flag(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                       const char *key, struct error *err)
{
    const struct rule *rule = &rules[at->keyword];
    const char *names[FLAGS_MAX + 1] = { 0 };
    const char *nearest = NULL;

    if (is_listed(rule->missing, key))
        return cartefile_error(cartefile, at, err, "%s --%s is not built yet: leave it out",
                               rule->name, key);
    for (size_t i = 0; i < FLAGS_MAX; i++)
        names[i] = rule->flags[i].name;
    nearest = text_nearest(key, names);
    return cartefile_error(cartefile, at, err, "%s has no flag '--%.40s'%s%s%s", rule->name, key,
                           nearest ? ": did you mean '--" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
}

static const struct flag *find_flag(enum cartefile_keyword keyword, const char *key)
{
    const struct flag *flags = rules[keyword].flags;

    for (size_t i = 0; i < FLAGS_MAX && flags[i].name; i++) {
        if (strcmp(flags[i].name, key) == 0)
            return &flags[i];
    }
    return NULL;
}

static int add_flag(const struct cartefile *cartefile, struct cartefile_instruction *at,
                    const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    AUTO_FREE char *key =
        alloc_text_part(text + 2, equals ? (size_t)(equals - text - 2) : strlen(text + 2));
    const struct flag *flag = find_flag(at->keyword, key);

    if (!flag)
        return refuse_flag(cartefile, at, key, err);
    if (equals ? !equals[1] : flag->kind != SWITCH)
        return cartefile_error(cartefile, at, err, "the flag '--%s' needs a value: --%s=...", key,
                               key);
    if (flag->kind != AGAIN && strings_map_find(&at->flags, key))
        return cartefile_error(cartefile, at, err, "the flag '--%s' is given twice", key);
    strings_map_add(&at->flags, key, equals ? equals + 1 : "true");
    return 0;
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

static int take_flags(const struct cartefile *cartefile, struct cartefile_instruction *at,
                      const char **rest, struct error *err)
{
    *rest = skip_blanks(*rest);
    while (text_starts_with(*rest, "--") && rules[at->keyword].flags[0].name) {
        size_t length = strcspn(*rest, " \t");
        AUTO_FREE char *flag = alloc_text_part(*rest, length);

        *rest = skip_blanks(*rest + length);
        if (length == 2)
            return 0;
        if (add_flag(cartefile, at, flag, err) < 0)
            return -1;
    }
    return 0;
}

/* What is no JSON array of strings is a list of words, as in a Dockerfile. */
static bool take_json(struct cartefile_instruction *at)
{
    struct error ignored = { 0 };
    AUTO(json) struct json *json = NULL;

    if (*at->rest != '[')
        return false;
    json = json_parse(at->rest, strlen(at->rest), &ignored);
    if (!json_is_array(json))
        return false;
    for (const struct json *c = json_first(json); c; c = json_next(c)) {
        if (!json_is_text(c))
            return false;
    }
    for (const struct json *c = json_first(json); c; c = json_next(c))
        strings_add(&at->words, json_get_text(c, ""));
    return true;
}

static int check_count(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                       struct error *err)
{
    const struct rule *rule = &rules[at->keyword];

    if (at->words.count < rule->words_min)
        return cartefile_error(cartefile, at, err, "%s needs at least %zu argument%s", rule->name,
                               rule->words_min, rule->words_min == 1 ? "" : "s");
    if (rule->words_max > 0 && at->words.count > rule->words_max)
        return cartefile_error(cartefile, at, err, "%s takes at most %zu argument%s", rule->name,
                               rule->words_max, rule->words_max == 1 ? "" : "s");
    if (at->keyword == CARTEFILE_SHELL && !at->is_json)
        return cartefile_error(cartefile, at, err,
                               "SHELL needs a JSON array: SHELL [\"/bin/sh\", \"-c\"]");
    return 0;
}

static int read_heredoc(const struct cartefile *cartefile, struct cartefile_lines *lines,
                        struct cartefile_instruction *at, const struct cartefile_mark *mark,
                        struct error *err)
{
    AUTO_TEXT struct text content = { 0 };
    const char *start = NULL;
    size_t length = 0;

    while (cartefile_lines_read(lines, &start, &length)) {
        while (mark->strip_tabs && length > 0 && *start == '\t') {
            start++;
            length--;
        }
        if (length == strlen(mark->name) && strncmp(start, mark->name, length) == 0) {
            struct cartefile_heredoc *heredoc = ALLOC_APPEND(at->heredocs, at->heredoc_count);

            heredoc->name = alloc_text(mark->name);
            heredoc->content = text_steal(&content);
            heredoc->expand = mark->expand;
            return 0;
        }
        text_add_bytes(&content, start, length);
        text_add_char(&content, '\n');
    }
    return cartefile_error(cartefile, at, err, "unterminated here-document: no line is '%s'",
                           mark->name);
}

static int take_heredocs(const struct cartefile *cartefile, struct cartefile_lines *lines,
                         struct cartefile_instruction *at, struct error *err)
{
    for (size_t i = 0; i < at->words.count; i++) {
        __attribute__((cleanup(cartefile_words_mark_done))) struct cartefile_mark mark = { 0 };

        if (!cartefile_words_find_mark(at->words.items[i], &mark))
            continue;
        if (read_heredoc(cartefile, lines, at, &mark, err) < 0)
            return -1;
    }
    at->last_line = lines->line;
    return 0;
}

static int parse_instruction(struct cartefile *cartefile, struct cartefile_lines *lines,
                             const char *text, size_t first, struct error *err)
{
    struct cartefile_instruction *at = ALLOC_APPEND(cartefile->instructions, cartefile->count);
    size_t length = strcspn(text, " \t");
    AUTO_FREE char *word = alloc_text_part(text, length);
    const char *rest = text + length;

    at->line = first;
    at->column = lines->column;
    at->last_line = lines->line;
    if (find_keyword(cartefile, at, word, err) < 0 || take_flags(cartefile, at, &rest, err) < 0)
        return -1;
    at->rest = alloc_text(rest);
    at->display = alloc_format("%s %s", rules[at->keyword].name, skip_blanks(text + length));
    at->is_json = take_json(at);
    if (!at->is_json)
        cartefile_words_split(rest, cartefile->escape, &at->words);
    if (rules[at->keyword].takes_heredocs && !at->is_json &&
        take_heredocs(cartefile, lines, at, err) < 0)
        return -1;
    return check_count(cartefile, at, err);
}

/* The short form has each of its keywords once, and no other. */
static int check_short(struct cartefile *cartefile, struct error *err)
{
    static const enum cartefile_keyword keywords[] = { CARTEFILE_FROM, CARTEFILE_NAME,
                                                       CARTEFILE_PATH, CARTEFILE_EXE_PATH };
    size_t counts[CARTEFILE_KEYWORD_COUNT] = { 0 };

    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (at->keyword < CARTEFILE_NAME && at->keyword != CARTEFILE_FROM)
            return cartefile_error(cartefile, at, err,
                                   "%s does not go with NAME, PATH and exe_PATH: the short form "
                                   "has FROM and these only",
                                   rules[at->keyword].name);
        if (++counts[at->keyword] > 1)
            return cartefile_error(cartefile, at, err, "%s is given twice",
                                   rules[at->keyword].name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
        if (counts[keywords[i]] == 0)
            return error_set(err, ERROR_INVALID,
                             "%s: %s is missing: the short form has FROM, NAME, PATH and exe_PATH",
                             cartefile->path, rules[keywords[i]].name);
    }
    return 0;
}

static int check_order(struct cartefile *cartefile, struct error *err)
{
    for (size_t i = 0; i < cartefile->count; i++)
        cartefile->is_short |= cartefile->instructions[i].keyword >= CARTEFILE_NAME;
    if (cartefile->is_short)
        return check_short(cartefile, err);
    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (at->keyword == CARTEFILE_FROM)
            return 0;
        if (at->keyword != CARTEFILE_ARG)
            return cartefile_error(cartefile, at, err,
                                   "%s stands before FROM: only ARG may, begin with FROM",
                                   rules[at->keyword].name);
    }
    return error_set(err, ERROR_INVALID, "%s: no FROM: begin with FROM IMAGE or FROM scratch",
                     cartefile->path);
}

int cartefile_parse(const char *path, const char *text, size_t length, struct cartefile **out,
                    struct error *err)
{
    AUTO(cartefile) struct cartefile *cartefile = alloc_new(struct cartefile);
    struct cartefile_lines lines = cartefile_lines_start(text, length);
    AUTO_TEXT struct text line = { 0 };
    size_t first = 0;

    cartefile->path = alloc_text(path);
    cartefile->escape = lines.escape;
    if (length > CARTEFILE_SIZE_MAX)
        return error_set(err, ERROR_INVALID, "%s: longer than %u bytes", path, CARTEFILE_SIZE_MAX);
    if (memchr(text, '\0', length))
        return error_set(err, ERROR_INVALID, "%s: has a NUL byte: is it a text?", path);
    while (cartefile_lines_next(&lines, &line, &first)) {
        if (cartefile->count >= CARTEFILE_INSTRUCTIONS_MAX)
            return error_set(err, ERROR_INVALID, "%s:%zu: more than %u instructions", path, first,
                             CARTEFILE_INSTRUCTIONS_MAX);
        if (parse_instruction(cartefile, &lines, text_get(&line), first, err) < 0)
            return -1;
    }
    if (check_order(cartefile, err) < 0)
        return -1;
    *out = STEAL_PTR(cartefile);
    return 0;
}
