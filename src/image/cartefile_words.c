/* SPDX-License-Identifier: MIT */

/*
 * The words of an instruction
 */

#include "image/cartefile_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/text.h"

/* The end of the word at `p`. */
static const char *end_of_word(const char *p, char escape)
{
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

void cartefile_words_split(const char *text, char escape, struct strings *out)
{
    for (const char *p = text + strspn(text, " \t"); *p; p += strspn(p, " \t")) {
        const char *end = end_of_word(p, escape);

        strings_take(out, alloc_text_part(p, (size_t)(end - p)));
        p = end;
    }
}

void cartefile_words_mark_done(struct cartefile_mark *mark)
{
    free(mark->name);
}

bool cartefile_words_find_mark(const char *word, struct cartefile_mark *out)
{
    size_t length = 0;
    char quote = '\0';

    word += strspn(word, "0123456789");
    if (!text_starts_with(word, "<<"))
        return false;
    word += 2;
    out->strip_tabs = *word == '-';
    word += out->strip_tabs;
    quote = *word == '"' || *word == '\'' ? *word : '\0';
    word += quote ? 1 : 0;
    while (isalnum((unsigned char)word[length]) || (word[length] && strchr("_.-", word[length])))
        length++;
    if (length == 0 || word[length] != quote || (quote && word[length + 1]))
        return false;
    out->name = alloc_text_part(word, length);
    out->expand = !quote;
    return true;
}
