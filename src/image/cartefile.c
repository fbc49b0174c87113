/* SPDX-License-Identifier: MIT */

/*
 * The text of a Cartefile as a list of instructions
 */

#include "image/cartefile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/cartefile_check.h"
#include "image/cartefile_directives.h"
#include "image/cartefile_instruction.h"
#include "image/cartefile_rules.h"
#include "util/alloc.h"
#include "util/diagnostic.h"
#include "util/error.h"

const char *cartefile_keyword_name(enum cartefile_keyword keyword)
{
    return cartefile_rules_get(keyword)->name;
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
    const struct cartefile_place place = { at->line, at->column };

    return cartefile_wrap_at(cartefile, at, &place, err);
}

int cartefile_wrap_at(const struct cartefile *cartefile, const struct cartefile_instruction *at,
                      const struct cartefile_place *place, struct error *err)
{
    return error_wrap(err, "%s:%zu:%zu: %s", cartefile->path, place->line, place->column,
                      cartefile_keyword_name(at->keyword));
}

static struct cartefile_place find_place(const struct cartefile_instruction *at,
                                         const struct cartefile_places *places, size_t index)
{
    return index < places->count ? places->items[index]
                                 : (struct cartefile_place){ at->line, at->column };
}

struct cartefile_place cartefile_find_word(const struct cartefile_instruction *at, size_t index)
{
    return find_place(at, &at->word_places, index);
}

struct cartefile_place cartefile_find_flag(const struct cartefile_instruction *at, const char *key)
{
    size_t index = 0;

    while (index < at->flags.count && strcmp(at->flags.pairs[index].key, key) != 0)
        index++;
    return find_place(at, &at->flag_places, index);
}

void cartefile_free(struct cartefile *cartefile)
{
    if (!cartefile)
        return;
    for (size_t i = 0; i < cartefile->count; i++)
        cartefile_instruction_done(&cartefile->instructions[i]);
    free(cartefile->instructions);
    strings_done(&cartefile->skipped_rules);
    strings_done(&cartefile->experimental_rules);
    free(cartefile->path);
    free(cartefile);
}

/* The whole text; an instruction with a mistake is left out, and the next one is read. */
static void read_instructions(struct cartefile_reading *reading)
{
    struct cartefile *cartefile = reading->cartefile;

    while (cartefile_lines_next(&reading->lines, &reading->line)) {
        struct cartefile_instruction *at = NULL;

        if (cartefile->count >= CARTEFILE_INSTRUCTIONS_MAX) {
            cartefile_instruction_refuse(reading, 0, "more than %u instructions",
                                         CARTEFILE_INSTRUCTIONS_MAX);
            return;
        }
        at = ALLOC_APPEND(cartefile->instructions, cartefile->count);
        if (cartefile_instruction_read(reading, at) == 0)
            continue;
        cartefile_instruction_done(at);
        cartefile->count--;
    }
}

/* The mistake that stands first in the file, without what is shown of the file. */
static int fail(const struct diagnostics *diagnostics, struct error *err)
{
    const struct diagnostic *first = NULL;
    char more[48] = "";

    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];

        if (item->severity != DIAGNOSTIC_ERROR)
            continue;
        if (!first || item->line < first->line ||
            (item->line == first->line && item->column < first->column))
            first = item;
    }
    if (diagnostics->error_count > 1)
        snprintf(more, sizeof(more), " (and %zu more)", diagnostics->error_count - 1);
    return error_set(err, ERROR_INVALID, "%s:%zu:%zu: %.700s%s", first->file, first->line,
                     first->column, first->text, more);
}

int cartefile_parse(const char *path, const char *text, size_t length,
                    struct diagnostics *diagnostics, struct cartefile **out, struct error *err)
{
    AUTO(cartefile) struct cartefile *cartefile = alloc_new(struct cartefile);
    struct cartefile_reading reading = {
        .cartefile = cartefile,
        .diagnostics = diagnostics,
        .lines = cartefile_lines_start(text, length),
    };

    cartefile->path = alloc_text(path);
    cartefile->escape = '\\';
    if (length > CARTEFILE_SIZE_MAX)
        return error_set(err, ERROR_INVALID, "%s: longer than %u bytes", path, CARTEFILE_SIZE_MAX);
    if (memchr(text, '\0', length))
        return error_set(err, ERROR_INVALID, "%s: has a NUL byte: is it a text?", path);
    diagnostic_add_source(diagnostics, path, text, length);
    cartefile_directives_read(cartefile, &reading.lines, diagnostics);
    read_instructions(&reading);
    cartefile_lines_done(&reading.line);
    /* What was left out must not count as missing. */
    if (diagnostics->error_count == 0)
        cartefile_check_order(cartefile, diagnostics);
    if (diagnostics->error_count > 0)
        return fail(diagnostics, err);
    *out = STEAL_PTR(cartefile);
    return 0;
}

static int read_trigger(struct cartefile *triggers, const struct cartefile_instruction *from,
                        const char *text, struct error *err)
{
    struct diagnostics diagnostics = { 0 };
    struct cartefile_reading reading = {
        .cartefile = triggers,
        .diagnostics = &diagnostics,
        .lines = cartefile_lines_start(text, strlen(text)),
    };
    size_t before = triggers->count;
    int result = 0;

    reading.lines.escape = triggers->escape;
    read_instructions(&reading);
    cartefile_lines_done(&reading.line);
    if (diagnostics.count > 0)
        result = error_set(err, ERROR_INVALID, "%s", diagnostics.items[0].text);
    else if (triggers->count != before + 1 ||
             !cartefile_check_is_trigger(triggers->instructions[before].keyword))
        result = error_set(err, ERROR_INVALID, "expected one instruction");
    diagnostic_done(&diagnostics);
    if (result < 0)
        return error_wrap(err, "trigger '%.200s' of the image", text);
    cartefile_instruction_forget_places(&triggers->instructions[before]);
    triggers->instructions[before].line = from->line;
    triggers->instructions[before].column = from->column;
    triggers->instructions[before].last_line = from->last_line;
    return 0;
}

int cartefile_parse_triggers(const struct cartefile *cartefile,
                             const struct cartefile_instruction *from, const struct strings *texts,
                             struct cartefile **out, struct error *err)
{
    AUTO(cartefile) struct cartefile *triggers = alloc_new(struct cartefile);

    triggers->path = alloc_text(cartefile->path);
    triggers->escape = cartefile->escape;
    for (size_t i = 0; i < texts->count; i++) {
        if (read_trigger(triggers, from, texts->items[i], err) < 0)
            return cartefile_wrap(cartefile, from, err);
    }
    *out = STEAL_PTR(triggers);
    return 0;
}
