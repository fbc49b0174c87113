/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a Cartefile: they are parsed or refused with a reason, every word of what was
 * parsed can be expanded, its stages can be found and looked at by all rules; and the same bytes
 * are an ignore file.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "build/arg_scope.h"
#include "build/expand.h"
#include "build/ignore.h"
#include "build/lint.h"
#include "build/stage_list.h"
#include "image/cartefile.h"
#include "image/reference.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find(void *context, const char *name)
{
    (void)context;
    return name[0] == 'a' ? "value/of.a" : NULL;
}

static void expand(const char *word, char escape)
{
    const struct expand_scope scope = { .find = find, .escape = escape };
    struct error err = { 0 };
    char *out = NULL;

    if (expand_word(&scope, word, &out, &err) == 0)
        free(out);
    error_clear(&err);
    if (expand_text(&scope, word, &out, &err) == 0)
        free(out);
}

/* Its places are in the file, and its trigger is read again from its text. */
static void try_instruction(const struct cartefile *cartefile,
                            const struct cartefile_instruction *at)
{
    struct cartefile *triggers = NULL;
    AUTO_STRINGS struct strings texts = { 0 };
    struct error err = { 0 };

    if (at->line == 0 || at->column == 0 || at->last_line < at->line)
        abort();
    for (size_t k = 0; k < at->words.count; k++)
        expand(at->words.items[k], cartefile->escape);
    for (size_t k = 0; k < at->heredoc_count; k++)
        expand(at->heredocs[k].content, cartefile->escape);
    if (!at->trigger)
        return;
    strings_add(&texts, at->rest);
    if (cartefile_parse_triggers(cartefile, at, &texts, &triggers, &err) == 0)
        cartefile_free(triggers);
}

/* All that can be said of a file without an image or a context. */
static void try_stages(struct cartefile *cartefile, struct diagnostics *diagnostics)
{
    const struct build_request request = { .output_fd = -1 };
    struct builder builder = {
        .request = &request,
        .cartefile = cartefile,
        .diagnostics = diagnostics,
    };
    struct error err = { 0 };

    if (arg_scope_read_global(&builder, &err) == 0 && stage_list_read(&builder, &err) == 0) {
        /* The store is not to be asked for images. */
        for (size_t i = 0; i < builder.stage_count; i++)
            builder.stages[i].manifest = stage_new_scratch();
        arg_scope_warn_unused(&builder, diagnostics);
        (void)lint_run(&builder);
    }
    for (size_t i = 0; i < builder.stage_count; i++)
        stage_done(&builder.stages[i]);
    free(builder.stages);
    strings_map_done(&builder.args);
}

static void try_cartefile(const char *text, size_t size)
{
    struct cartefile *cartefile = NULL;
    struct diagnostics diagnostics = { 0 };
    AUTO_TEXT struct text shown = { 0 };
    struct error err = { 0 };
    char *name = NULL;

    if (cartefile_parse("Cartefile", text, size, &diagnostics, &cartefile, &err) == 0) {
        for (size_t i = 0; i < cartefile->count; i++)
            try_instruction(cartefile, &cartefile->instructions[i]);
        if (reference_parse(cartefile->instructions[0].rest, &name, &err) == 0)
            free(name);
        try_stages(cartefile, &diagnostics);
        cartefile_free(cartefile);
    } else if (err.code == ERROR_NONE) {
        abort();
    }
    diagnostic_format(&diagnostics, false, &shown);
    diagnostic_done(&diagnostics);
}

/* A path that is left out takes along what is below it, unless a rule takes back in. */
static void try_ignore(const char *text, size_t size)
{
    AUTO_IGNORE struct ignore ignore = { 0 };
    struct error err = { 0 };

    if (ignore_parse(".carteignore", text, size, &ignore, &err) < 0)
        return;
    if (ignore_has(&ignore, "some/path") && !ignore.takes_back &&
        !ignore_has(&ignore, "some/path/of.c"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    try_cartefile(text, size);
    try_ignore(text, size);
    free(text);
    return 0;
}
