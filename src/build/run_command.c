/* SPDX-License-Identifier: MIT */

/*
 * What a RUN step, an entry point or a health check executes
 */

#include "build/run_command.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

#define BLANKS " \t"

void run_command_add_shell(const struct stage *stage, struct strings *out)
{
    const struct strings *shell = &stage->manifest->config.shell;

    for (size_t i = 0; i < shell->count; i++)
        strings_add(out, shell->items[i]);
    if (shell->count == 0) {
        strings_add(out, "/bin/sh");
        strings_add(out, "-c");
    }
}

const char *run_command_find_script(const struct cartefile_instruction *at)
{
    return at->is_script && text_starts_with(at->heredocs[0].content, "#!")
               ? at->heredocs[0].content
               : NULL;
}

/* As the kernel reads the first line of a script: a program and at most one argument. */
static void add_program(const char *script, struct strings *out)
{
    const char *start = script + strlen("#!");
    const char *end = start + strcspn(start, "\r\n");
    size_t length = 0;

    start += strspn(start, BLANKS);
    while (end > start && strchr(BLANKS, end[-1]))
        end--;
    length = MIN(strcspn(start, BLANKS "\r\n"), (size_t)(end - start));
    strings_take(out, alloc_text_part(start, length));
    start += length;
    start += strspn(start, BLANKS);
    if (start < end)
        strings_take(out, alloc_text_part(start, (size_t)(end - start)));
    strings_add(out, RUN_COMMAND_SCRIPT);
}

void run_command_args(const struct stage *stage, const struct cartefile_instruction *at,
                      struct strings *out)
{
    const char *script = run_command_find_script(at);
    AUTO_TEXT struct text text = { 0 };

    if (at->is_json) {
        strings_copy(out, &at->words);
        return;
    }
    if (script) {
        add_program(script, out);
        return;
    }
    run_command_add_shell(stage, out);
    if (at->is_script) {
        strings_add(out, at->heredocs[0].content);
        return;
    }
    text_add(&text, at->rest);
    for (size_t i = 0; i < at->heredoc_count; i++)
        text_add_format(&text, "\n%s%s", at->heredocs[i].content, at->heredocs[i].name);
    strings_take(out, text_steal(&text));
}

/* Read a JSON array of strings; false: it is none. */
static bool read_array(const char *text, struct strings *out)
{
    struct error ignored = { 0 };
    AUTO(json) struct json *json = NULL;

    if (*text != '[')
        return false;
    json = json_parse(text, strlen(text), &ignored);
    if (!json_is_array(json) || json_count(json) == 0)
        return false;
    for (const struct json *c = json_first(json); c; c = json_next(c)) {
        if (!json_is_text(c))
            return false;
    }
    for (const struct json *c = json_first(json); c; c = json_next(c))
        strings_add(out, json_get_text(c, ""));
    return true;
}

int run_command_health(const struct stage *stage, const struct cartefile_instruction *at,
                       const char *text, struct strings *out, struct error *err)
{
    AUTO_STRINGS struct strings words = { 0 };

    if (*text == '[' && !read_array(text, &words))
        return cartefile_error(stage->builder->cartefile, at, err,
                               "the command is no JSON array of strings: use double quotes");
    strings_add(out, words.count > 0 ? "CMD" : "CMD-SHELL");
    for (size_t i = 0; i < words.count; i++)
        strings_add(out, words.items[i]);
    if (words.count == 0)
        strings_add(out, text);
    return 0;
}
