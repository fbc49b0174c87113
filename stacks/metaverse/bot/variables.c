/* SPDX-License-Identifier: MIT */

/*
 * Texts with holes
 */

#include "bot/variables.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

void variables_done(struct variables *variables)
{
    for (int i = 0; i < VARIABLES_COUNT; i++)
        free(variables->values[i]);
    *variables = (struct variables){ 0 };
}

void variables_set(struct variables *variables, char letter, const char *value)
{
    free(variables->values[letter - 'a']);
    variables->values[letter - 'a'] = alloc_text(value);
}

const char *variables_get(const struct variables *variables, char letter)
{
    const char *value = variables->values[letter - 'a'];

    return value ? value : "";
}

char *variables_expand(const struct variables *variables, const char *text)
{
    AUTO_TEXT struct text expanded = { 0 };

    while (*text) {
        if (text[0] == '<' && text[1] >= 'a' && text[1] <= 'z' && text[2] == '>') {
            text_add(&expanded, variables_get(variables, text[1]));
            text += 3;
        } else {
            text_add_char(&expanded, *text++);
        }
    }
    return text_steal(&expanded);
}

/* At most one star is understood, which is all that answers need. */
bool variables_match(struct variables *variables, const char *pattern, const char *text,
                     char letter)
{
    AUTO_FREE char *expected = variables_expand(variables, pattern);
    const char *star = strchr(expected, '*');
    const char *rest = NULL;
    size_t before = 0;
    size_t after = 0;
    size_t length = strlen(text);

    if (!star)
        return strcmp(expected, text) == 0;
    rest = star + 1;
    before = (size_t)(star - expected);
    after = strlen(rest);
    if (length < before + after || strncmp(expected, text, before) != 0 ||
        strcmp(text + length - after, rest) != 0)
        return false;
    if (letter != '\0') {
        AUTO_FREE char *value = alloc_text_part(text + before, length - before - after);

        variables_set(variables, letter, value);
    }
    return true;
}
