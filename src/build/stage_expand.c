/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction with the values that variables have in a stage
 */

#include "build/stage_expand.h"

#include "build/expand.h"
#include "util/error.h"

static int expand(const struct stage *stage, const struct cartefile_instruction *at,
                  int (*how)(const struct expand_scope *, const char *, char **, struct error *),
                  const char *text, char **out, struct error *err)
{
    struct stage copy = *stage;
    const struct expand_scope scope = {
        .find = stage_find_variable,
        .context = &copy,
        .escape = stage->builder->cartefile->escape,
    };
    struct error inner = { 0 };

    if (how(&scope, text, out, &inner) == 0)
        return 0;
    return cartefile_error(stage->builder->cartefile, at, err, "%s", inner.text);
}

int stage_expand(const struct stage *stage, const struct cartefile_instruction *at,
                 const char *word, char **out, struct error *err)
{
    return expand(stage, at, expand_word, word, out, err);
}

int stage_expand_text(const struct stage *stage, const struct cartefile_instruction *at,
                      const char *text, char **out, struct error *err)
{
    return expand(stage, at, expand_text, text, out, err);
}

int stage_expand_words(const struct stage *stage, const struct cartefile_instruction *at,
                       struct strings *out, struct error *err)
{
    for (size_t i = 0; i < at->words.count; i++) {
        char *word = NULL;

        if (at->is_json ? stage_expand_text(stage, at, at->words.items[i], &word, err) < 0
                        : stage_expand(stage, at, at->words.items[i], &word, err) < 0)
            return -1;
        strings_take(out, word);
    }
    return 0;
}
