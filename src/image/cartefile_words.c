/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction
 */

#include "image/cartefile_words.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

const char *cartefile_words_end(const char *text, char escape)
{
    const char *p = text;
    char quote = '\0';

    for (; *p; p++) {
        if (*p == escape && quote != '\'') {
            if (!p[1])
                return p + 1;
            p++;
        } else if (quote) {
            quote = *p == quote ? '\0' : quote;
        } else if (*p == '"' || *p == '\'') {
            quote = *p;
        } else if (*p == ' ' || *p == '\t') {
            return p;
        }
    }
    return p;
}

char *cartefile_words_unquote(const char *word, size_t length, char escape)
{
    AUTO_TEXT struct text out = { 0 };
    char quote = '\0';

    for (size_t i = 0; i < length; i++) {
        if (word[i] == escape && quote != '\'' && i + 1 < length)
            text_add_char(&out, word[++i]);
        else if (quote ? word[i] == quote : word[i] == '"' || word[i] == '\'')
            quote = quote ? '\0' : word[i];
        else
            text_add_char(&out, word[i]);
    }
    return text_steal(&out);
}

void cartefile_words_split(const char *text, char escape, struct strings *out)
{
    for (const char *p = text + strspn(text, " \t"); *p; p += strspn(p, " \t")) {
        const char *end = cartefile_words_end(p, escape);

        strings_take(out, alloc_text_part(p, (size_t)(end - p)));
        p = end;
    }
}

void cartefile_words_mark_done(struct cartefile_mark *mark)
{
    free(mark->name);
}

bool cartefile_words_find_mark(const char *word, char escape, struct cartefile_mark *out)
{
    size_t length = 0;
    AUTO_FREE char *name = NULL;

    word += strspn(word, "0123456789");
    if (!text_starts_with(word, "<<"))
        return false;
    word += 2;
    out->strip_tabs = *word == '-';
    word += out->strip_tabs;
    length = strcspn(word, "<>|&;()");
    name = cartefile_words_unquote(word, length, escape);
    if (!*name || word[length] == '<')
        return false;
    out->expand = strlen(name) == length;
    out->is_whole = !word[length];
    out->name = STEAL_PTR(name);
    return true;
}
