/* SPDX-License-Identifier: MIT */

/*
 * Pipelines of templates
 */

#include "cli/template_pipeline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define ARGUMENTS_MAX 16U

int template_pipeline_fail(const struct template_run *run, struct error *err, const char *what)
{
    AUTO_FREE char *near = alloc_text_part(run->at, strcspn(run->at, "}\n"));

    return error_set(err, ERROR_INVALID, "--format: %s at '%.40s'", what, near);
}

void template_pipeline_skip_blanks(struct template_run *run)
{
    while (isspace((unsigned char)*run->at))
        run->at++;
}

bool template_pipeline_take(struct template_run *run, const char *word)
{
    template_pipeline_skip_blanks(run);
    if (!text_starts_with(run->at, word))
        return false;
    run->at += strlen(word);
    return true;
}

/* A word, which ends where a name ends: "if" is not the beginning of "iffy". */
bool template_pipeline_take_word(struct template_run *run, const char *word)
{
    size_t length = strlen(word);

    template_pipeline_skip_blanks(run);
    if (strncmp(run->at, word, length) != 0 || isalnum((unsigned char)run->at[length]) ||
        run->at[length] == '_')
        return false;
    run->at += length;
    return true;
}

size_t template_pipeline_name_length(const char *at)
{
    size_t length = 0;

    while (isalnum((unsigned char)at[length]) || at[length] == '_')
        length++;
    return length;
}

static int find_field(const struct template_run *run, const struct json *value, const char *name,
                      const struct json **out, struct error *err)
{
    if (run->skipping)
        return 0;
    return template_value_field(value, name, out, err);
}

/* ".A.B" from the dot that `run` is at. */
static int read_fields(struct template_run *run, const struct json *from, const struct json **out,
                       struct error *err)
{
    const struct json *value = from;

    while (*run->at == '.') {
        size_t length = template_pipeline_name_length(run->at + 1);
        AUTO_FREE char *name = alloc_text_part(run->at + 1, length);

        if (length == 0)
            return template_pipeline_fail(run, err, "no field after the dot");
        run->at += 1 + length;
        if (find_field(run, value, name, &value, err) < 0)
            return -1;
    }
    *out = value;
    return 0;
}

static int read_variable(struct template_run *run, const struct json **out, struct error *err)
{
    size_t length = template_pipeline_name_length(++run->at);
    AUTO_FREE char *name = alloc_text_part(run->at, length);

    for (size_t i = run->variable_count; i > 0; i--) {
        if (strcmp(run->variables[i - 1].name, name) != 0)
            continue;
        run->at += length;
        return read_fields(run, run->variables[i - 1].value, out, err);
    }
    return template_pipeline_fail(run, err, "there is no such variable");
}

/* "quoted" with Go's escapes, or `raw`. */
static int read_string(struct template_run *run, const struct json **out, struct error *err)
{
    static const char escapes[][2] = { { 'n', '\n' }, { 't', '\t' }, { 'r', '\r' } };
    AUTO_TEXT struct text text = { 0 };
    char quote = *run->at++;

    while (*run->at && *run->at != quote) {
        char c = *run->at++;

        if (c == '\\' && quote == '"' && *run->at) {
            c = *run->at++;
            for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
                if (c == escapes[i][0]) {
                    c = escapes[i][1];
                    break;
                }
            }
        }
        text_add_char(&text, c);
    }
    if (!*run->at)
        return template_pipeline_fail(run, err, "a string is not closed");
    run->at++;
    *out = template_value_keep(&run->pool, json_new_text(text_get(&text)));
    return 0;
}

static int read_parentheses(struct template_run *run, const struct json **out, struct error *err)
{
    run->at++;
    if (++run->depth > TEMPLATE_DEPTH_MAX)
        return template_pipeline_fail(run, err, "nested too deep");
    if (template_pipeline_read(run, out, err) < 0)
        return -1;
    run->depth--;
    if (!template_pipeline_take(run, ")"))
        return template_pipeline_fail(run, err, "a ')' is missing");
    return read_fields(run, *out, out, err);
}

static int read_word(struct template_run *run, const struct json **out, struct error *err)
{
    if (template_pipeline_take_word(run, "true"))
        *out = template_value_keep(&run->pool, template_value_new_bool(true));
    else if (template_pipeline_take_word(run, "false"))
        *out = template_value_keep(&run->pool, template_value_new_bool(false));
    else if (template_pipeline_take_word(run, "nil"))
        *out = NULL;
    else
        return template_pipeline_fail(run, err, "not understood");
    return 0;
}

static int read_operand(struct template_run *run, const struct json **out, struct error *err)
{
    template_pipeline_skip_blanks(run);
    if (*run->at == '.' && template_pipeline_name_length(run->at + 1) == 0) {
        run->at++;
        *out = run->dot;
        return 0;
    }
    if (*run->at == '.')
        return read_fields(run, run->dot, out, err);
    if (*run->at == '$')
        return read_variable(run, out, err);
    if (*run->at == '"' || *run->at == '`')
        return read_string(run, out, err);
    if (*run->at == '(')
        return read_parentheses(run, out, err);
    if (isdigit((unsigned char)*run->at) || *run->at == '-') {
        char *end = NULL;
        long long number = strtoll(run->at, &end, 10);

        if (end == run->at)
            return template_pipeline_fail(run, err, "not understood");
        run->at = end;
        *out = template_value_keep(&run->pool, json_new_int(number));
        return 0;
    }
    return read_word(run, out, err);
}

bool template_pipeline_is_at_end(struct template_run *run)
{
    template_pipeline_skip_blanks(run);
    return !*run->at || *run->at == '|' || *run->at == ')' || text_starts_with(run->at, "}}") ||
           text_starts_with(run->at, "-}}");
}

/* A function with its arguments, or an operand; `piped` is the last argument. */
static int read_command(struct template_run *run, const struct json *piped, bool is_piped,
                        const struct json **out, struct error *err)
{
    const struct template_function *function = NULL;
    const struct json *arguments[ARGUMENTS_MAX];
    size_t count = 0;

    template_pipeline_skip_blanks(run);
    function = template_value_find_function(run->at, template_pipeline_name_length(run->at));
    if (!function && is_piped)
        return template_pipeline_fail(run, err, "no function after '|'");
    if (!function)
        return read_operand(run, out, err);
    run->at += template_pipeline_name_length(run->at);
    while (!template_pipeline_is_at_end(run)) {
        if (count + 1 >= ARGUMENTS_MAX)
            return template_pipeline_fail(run, err, "too many arguments");
        if (read_operand(run, &arguments[count], err) < 0)
            return -1;
        count++;
    }
    if (is_piped)
        arguments[count++] = piped;
    if (run->skipping)
        return 0;
    return template_value_call(function, &run->pool, arguments, count, out, err);
}

int template_pipeline_read(struct template_run *run, const struct json **out, struct error *err)
{
    bool is_piped = false;

    *out = NULL;
    do {
        if (read_command(run, *out, is_piped, out, err) < 0)
            return -1;
        is_piped = true;
    } while (template_pipeline_take(run, "|"));
    return 0;
}
