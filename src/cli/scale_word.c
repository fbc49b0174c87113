/* SPDX-License-Identifier: MIT */

/*
 * "login=5", as `scale` and `up --scale` take it
 */

#include "cli/scale_word.h"

#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"

int scale_word_parse(const char *word, char **service_out, int64_t *count_out, struct error *err)
{
    const char *equals = strchr(word, '=');

    if (!equals || equals == word)
        return error_set(err, ERROR_INVALID, "'%s' is no SERVICE=N, such as login=5", word);
    if (parse_int(equals + 1, 0, SCALE_WORD_MAX, count_out, err) < 0)
        return error_wrap(err, "'%s'", word);
    *service_out = alloc_text_part(word, (size_t)(equals - word));
    return 0;
}
