/* SPDX-License-Identifier: MIT */

/*
 * One instruction of a Cartefile
 */

#include "image/cartefile_instruction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/cartefile_check.h"
#include "image/cartefile_rules.h"
#include "image/cartefile_words.h"
#include "util/alloc.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

#define BLANKS " \t\v\f\r"

void cartefile_instruction_forget_places(struct cartefile_instruction *instruction)
{
    free(instruction->flag_places.items);
    free(instruction->word_places.items);
    instruction->flag_places = instruction->word_places = (struct cartefile_places){ 0 };
}

void cartefile_instruction_done(struct cartefile_instruction *instruction)
{
    cartefile_instruction_forget_places(instruction);
    free(instruction->spelling);
    free(instruction->comment);
    strings_map_done(&instruction->flags);
    strings_done(&instruction->words);
    free(instruction->rest);
    free(instruction->display);
    for (size_t i = 0; i < instruction->heredoc_count; i++) {
        free(instruction->heredocs[i].name);
        free(instruction->heredocs[i].content);
    }
    free(instruction->heredocs);
    if (instruction->trigger)
        cartefile_instruction_done(instruction->trigger);
    free(instruction->trigger);
    *instruction = (struct cartefile_instruction){ 0 };
}

int cartefile_instruction_refuse(const struct cartefile_reading *reading, size_t offset,
                                 const char *format, ...)
{
    struct diagnostic_place place = { .file = reading->cartefile->path };
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cartefile_lines_place(&reading->line, offset, &place.line, &place.column);
    place.last_line = place.line;
    diagnostic_add(reading->diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "%s", text);
    return -1;
}

/* Looking for a place takes as long as the line is, hence the limit. */
static void add_place(const struct cartefile_reading *reading, size_t offset,
                      struct cartefile_places *places)
{
    struct cartefile_place *place = NULL;

    if (places->count == CARTEFILE_PLACES_MAX)
        return;
    place = ALLOC_APPEND(places->items, places->count);
    cartefile_lines_place(&reading->line, offset, &place->line, &place->column);
}

static size_t skip_blanks(const char *text, size_t offset)
{
    return offset + strspn(text + offset, BLANKS);
}

static int find_rule(const struct cartefile_reading *reading, size_t offset,
                     struct cartefile_instruction *at, const struct cartefile_rule **out)
{
    const char *nearest = NULL;

    *out = cartefile_rules_find(at->spelling, &at->keyword);
    if (*out)
        return 0;
    nearest = cartefile_rules_nearest(at->spelling);
    if (nearest)
        return cartefile_instruction_refuse(reading, offset,
                                            "unknown instruction '%.40s': did you mean '%s'?",
                                            at->spelling, nearest);
    return cartefile_instruction_refuse(
        reading, offset, "unknown instruction '%.40s': expected one like FROM, COPY or RUN",
        at->spelling);
}

static int refuse_flag(const struct cartefile_reading *reading, size_t offset,
                       const struct cartefile_rule *rule, const char *key)
{
    const char *nearest = cartefile_rules_nearest_flag(rule, key);

    for (size_t i = 0; i < CARTEFILE_FLAGS_MAX && rule->missing[i]; i++) {
        if (strcmp(rule->missing[i], key) == 0)
            return cartefile_instruction_refuse(
                reading, offset, "%s --%s is not built yet: leave it out", rule->name, key);
    }
    return cartefile_instruction_refuse(reading, offset, "%s has no flag '--%.40s'%s%s%s",
                                        rule->name, key, nearest ? ": did you mean '--" : "",
                                        nearest ? nearest : "", nearest ? "'?" : "");
}

/* `text` is a flag without its quotes: "--key=value". */
static int add_flag(const struct cartefile_reading *reading, size_t offset, const char *text,
                    struct cartefile_instruction *at)
{
    const struct cartefile_rule *rule = cartefile_rules_get(at->keyword);
    const char *equals = strchr(text, '=');
    AUTO_FREE char *key =
        alloc_text_part(text + 2, equals ? (size_t)(equals - text - 2) : strlen(text + 2));
    const struct cartefile_flag *flag = cartefile_rules_find_flag(rule, key);

    if (!flag)
        return refuse_flag(reading, offset, rule, key);
    if (equals ? !equals[1] : flag->kind != CARTEFILE_SWITCH)
        return cartefile_instruction_refuse(reading, offset,
                                            "the flag '--%s' needs a value: --%s=...", key, key);
    if (flag->kind != CARTEFILE_AGAIN && strings_map_find(&at->flags, key))
        return cartefile_instruction_refuse(reading, offset, "the flag '--%s' is given twice", key);
    strings_map_add(&at->flags, key, equals ? equals + 1 : "true");
    add_place(reading, offset, &at->flag_places);
    return 0;
}

/* All flags, so that each mistake among them is told; *offset is then behind them. */
static int take_flags(const struct cartefile_reading *reading, size_t *offset,
                      struct cartefile_instruction *at)
{
    const char *text = text_get(&reading->line.text);
    char escape = reading->cartefile->escape;
    int result = 0;

    *offset = skip_blanks(text, *offset);
    while (text_starts_with(text + *offset, "--") &&
           cartefile_rules_get(at->keyword)->flags[0].name) {
        size_t length = (size_t)(cartefile_words_end(text + *offset, escape) - text) - *offset;
        AUTO_FREE char *flag = cartefile_words_unquote(text + *offset, length, escape);

        if (strcmp(flag, "--") != 0 && add_flag(reading, *offset, flag, at) < 0)
            result = -1;
        *offset = skip_blanks(text, *offset + length);
        if (strcmp(flag, "--") == 0)
            break;
    }
    return result;
}

static void take_words(const struct cartefile_reading *reading, size_t offset,
                       struct cartefile_instruction *at)
{
    const char *text = text_get(&reading->line.text);
    char escape = reading->cartefile->escape;

    cartefile_words_split(at->rest, escape, &at->words);
    for (size_t i = 0; i < MIN(at->words.count, (size_t)CARTEFILE_PLACES_MAX); i++) {
        offset += strspn(text + offset, " \t");
        add_place(reading, offset, &at->word_places);
        offset = (size_t)(cartefile_words_end(text + offset, escape) - text);
    }
}

/* What is no JSON array is a list of words; an array of other things than strings is a mistake. */
static int take_json(const struct cartefile_reading *reading, size_t offset,
                     struct cartefile_instruction *at)
{
    struct error ignored = { 0 };
    AUTO(json) struct json *json = NULL;

    if (*at->rest != '[' || !cartefile_rules_get(at->keyword)->takes_json)
        return 0;
    json = json_parse(at->rest, strlen(at->rest), &ignored);
    if (!json_is_array(json))
        return 0;
    for (const struct json *c = json_first(json); c; c = json_next(c)) {
        if (!json_is_text(c))
            return cartefile_instruction_refuse(
                reading, offset,
                "a JSON array of %s has strings only: put double quotes around each",
                cartefile_keyword_name(at->keyword));
    }
    for (const struct json *c = json_first(json); c; c = json_next(c))
        strings_add(&at->words, json_get_text(c, ""));
    at->is_json = true;
    return 0;
}

static int check_count(const struct cartefile_reading *reading, size_t offset,
                       const struct cartefile_instruction *at)
{
    const struct cartefile_rule *rule = cartefile_rules_get(at->keyword);

    if (at->words.count < rule->words_min)
        return cartefile_instruction_refuse(reading, offset, "%s needs at least %zu argument%s: %s",
                                            rule->name, rule->words_min,
                                            rule->words_min == 1 ? "" : "s", rule->form);
    if (rule->words_max > 0 && at->words.count > rule->words_max)
        return cartefile_instruction_refuse(reading, offset, "%s takes at most %zu argument%s: %s",
                                            rule->name, rule->words_max,
                                            rule->words_max == 1 ? "" : "s", rule->form);
    return 0;
}

static int read_heredoc(struct cartefile_reading *reading, size_t offset,
                        const struct cartefile_mark *mark, struct cartefile_instruction *at)
{
    AUTO_TEXT struct text content = { 0 };
    const char *start = NULL;
    size_t length = 0;

    while (cartefile_lines_read(&reading->lines, &start, &length)) {
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
    return cartefile_instruction_refuse(reading, offset,
                                        "unterminated here-document: no line is '%s'", mark->name);
}

static int take_heredocs(struct cartefile_reading *reading, size_t offset,
                         struct cartefile_instruction *at)
{
    if (at->is_json || !cartefile_rules_get(at->keyword)->takes_heredocs)
        return 0;
    for (size_t i = 0; i < at->words.count; i++) {
        __attribute__((cleanup(cartefile_words_mark_done))) struct cartefile_mark mark = { 0 };

        if (!cartefile_words_find_mark(at->words.items[i], reading->cartefile->escape, &mark))
            continue;
        if (read_heredoc(reading, offset, &mark, at) < 0)
            return -1;
        at->is_script = mark.is_whole && at->words.count == 1;
    }
    at->last_line = reading->lines.line;
    return 0;
}

/* Behind an unknown keyword: the script that probably follows is not taken for instructions. */
static void skip_heredocs(struct cartefile_reading *reading, size_t offset,
                          struct cartefile_instruction *at)
{
    const char *nearest = cartefile_rules_nearest(at->spelling);

    if (!nearest || !cartefile_rules_find(nearest, &at->keyword)->takes_heredocs)
        return;
    cartefile_words_split(text_get(&reading->line.text) + offset, reading->cartefile->escape,
                          &at->words);
    (void)take_heredocs(reading, offset, at);
}

static int read_at(struct cartefile_reading *reading, size_t offset,
                   struct cartefile_instruction *at);

/* The trigger is stored in the image as a text, with its here-documents. */
static int take_trigger(struct cartefile_reading *reading, size_t offset,
                        struct cartefile_instruction *at)
{
    struct cartefile_instruction *trigger = NULL;
    AUTO_TEXT struct text rest = { 0 };
    int result = 0;

    if (at->keyword != CARTEFILE_ONBUILD)
        return 0;
    trigger = at->trigger = alloc_new(struct cartefile_instruction);
    result = read_at(reading, offset, trigger);
    if (result < 0)
        return -1;
    if (!cartefile_check_is_trigger(trigger->keyword))
        return cartefile_instruction_refuse(reading, offset, "ONBUILD %s is not allowed",
                                            cartefile_keyword_name(trigger->keyword));
    text_add(&rest, at->rest);
    for (size_t i = 0; i < trigger->heredoc_count; i++)
        text_add_format(&rest, "\n%s%s", trigger->heredocs[i].content, trigger->heredocs[i].name);
    free(at->rest);
    at->rest = text_steal(&rest);
    at->last_line = trigger->last_line;
    return 0;
}

static int read_at(struct cartefile_reading *reading, size_t offset,
                   struct cartefile_instruction *at)
{
    const char *text = text_get(&reading->line.text);
    const struct cartefile_rule *rule = NULL;
    size_t first = offset;
    int flags = 0;

    offset += strcspn(text + offset, BLANKS);
    cartefile_lines_place(&reading->line, first, &at->line, &at->column);
    at->last_line = reading->lines.line;
    at->empty_line = reading->line.empty_line;
    at->spelling = alloc_text_part(text + first, offset - first);
    if (find_rule(reading, first, at, &rule) < 0) {
        skip_heredocs(reading, offset, at);
        return -1;
    }
    at->display = alloc_format("%s %s", rule->name, text + skip_blanks(text, offset));
    flags = take_flags(reading, &offset, at);
    at->rest = alloc_text(text + offset);
    if (take_json(reading, offset, at) < 0)
        return -1;
    if (!at->is_json)
        take_words(reading, offset, at);
    /* Whatever else is wrong, the lines of a here-document are no instructions. */
    if (take_heredocs(reading, offset, at) < 0 || flags < 0 ||
        check_count(reading, first, at) < 0 || take_trigger(reading, offset, at) < 0)
        return -1;
    return cartefile_check_instruction(reading, offset, at);
}

int cartefile_instruction_read(struct cartefile_reading *reading, struct cartefile_instruction *out)
{
    const char *text = text_get(&reading->line.text);

    if (reading->line.comment.length > 0)
        out->comment = alloc_text(text_get(&reading->line.comment));
    return read_at(reading, skip_blanks(text, 0), out);
}
