/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a Cartefile: they are parsed or refused, every word of what was parsed can be
 * expanded, and the same bytes are an ignore file.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "build/expand.h"
#include "build/ignore.h"
#include "image/cartefile.h"
#include "image/reference.h"
#include "util/diagnostic.h"
#include "util/error.h"

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

static void try_cartefile(const char *text, size_t size)
{
    struct cartefile *cartefile = NULL;
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };
    char *name = NULL;
    int result = cartefile_parse("Cartefile", text, size, &diagnostics, &cartefile, &err);

    diagnostic_done(&diagnostics);
    if (result < 0)
        return;
    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        for (size_t k = 0; k < at->words.count; k++)
            expand(at->words.items[k], cartefile->escape);
        for (size_t k = 0; k < at->heredoc_count; k++)
            expand(at->heredocs[k].content, cartefile->escape);
    }
    if (reference_parse(cartefile->instructions[0].rest, &name, &err) == 0)
        free(name);
    cartefile_free(cartefile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct ignore ignore;
    struct error err = { 0 };

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    try_cartefile(text, size);
    if (ignore_parse(".carteignore", text, size, &ignore, &err) == 0)
        (void)ignore_has(&ignore, "some/path/of.c");
    ignore_done(&ignore);
    free(text);
    return 0;
}
