/* SPDX-License-Identifier: MIT */

/*
 * Templates of --format
 *
 * The template is carried out as it is read.
 */

#include "cli/template.h"

#include <ctype.h>
#include <string.h>

#include "cli/template_pipeline.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"

/* "}}" or "-}}" */
static int end_action(struct template_run *run, struct error *err)
{
    template_pipeline_skip_blanks(run);
    if (text_starts_with(run->at, "-}}")) {
        run->trim = true;
        run->at++;
    }
    if (!text_starts_with(run->at, "}}"))
        return template_pipeline_fail(run, err, "not understood");
    run->at += 2;
    return 0;
}

static void trim_end(struct text *out)
{
    while (out->length > 0 && isspace((unsigned char)out->data[out->length - 1]))
        out->data[--out->length] = '\0';
}

/* Text up to the next "{{", which is left. */
static void copy_text(struct template_run *run)
{
    const char *next = strstr(run->at, "{{");
    const char *end = next ? next : run->at + strlen(run->at);

    if (run->trim)
        template_pipeline_skip_blanks(run);
    run->trim = false;
    while (run->at < end) {
        char c = *run->at++;

        if (c == '\\' && run->at < end && (*run->at == 't' || *run->at == 'n'))
            c = *run->at++ == 't' ? '\t' : '\n';
        if (!run->skipping)
            text_add_char(run->out, c);
    }
    if (next && text_starts_with(next, "{{-") && isspace((unsigned char)next[3]) && !run->skipping)
        trim_end(run->out);
}

static void begin_action(struct template_run *run)
{
    run->at += 2;
    if (*run->at == '-' && isspace((unsigned char)run->at[1]))
        run->at++;
}

enum block_end { BLOCK_TEXT_END, BLOCK_END, BLOCK_ELSE };

static int run_block(struct template_run *run, enum block_end *end_out, struct error *err);

/* A block that is carried out with `dot`, or only read. */
static int run_branch(struct template_run *run, bool is_taken, const struct json *dot,
                      enum block_end *end_out, struct error *err)
{
    const struct json *before = run->dot;
    bool was_skipping = run->skipping;
    size_t variables = run->variable_count;
    int result = 0;

    run->skipping = was_skipping || !is_taken;
    run->dot = dot;
    result = run_block(run, end_out, err);
    run->dot = before;
    run->skipping = was_skipping;
    run->variable_count = variables;
    if (result == 0 && *end_out == BLOCK_TEXT_END)
        return template_pipeline_fail(run, err, "an {{end}} is missing");
    return result;
}

static int set_variable(struct template_run *run, const char *name, const struct json *value,
                        struct error *err)
{
    struct template_variable *variable = &run->variables[run->variable_count];

    if (run->variable_count == TEMPLATE_VARIABLES_MAX || strlen(name) >= sizeof(variable->name))
        return template_pipeline_fail(run, err, "too many variables");
    memcpy(variable->name, name, strlen(name) + 1);
    variable->value = value;
    run->variable_count++;
    return 0;
}

static int run_condition(struct template_run *run, bool sets_dot, struct error *err);

/* After the first branch: {{else}} or {{else if ...}} with another, which the last ends. */
static int run_else(struct template_run *run, bool is_taken, enum block_end end, struct error *err)
{
    bool was_skipping = run->skipping;
    int result = 0;

    if (end == BLOCK_END)
        return end_action(run, err);
    if (template_pipeline_take_word(run, "if")) {
        run->skipping = was_skipping || !is_taken;
        result = run_condition(run, false, err);
        run->skipping = was_skipping;
        return result;
    }
    if (end_action(run, err) < 0 || run_branch(run, is_taken, run->dot, &end, err) < 0)
        return -1;
    return end == BLOCK_END ? end_action(run, err)
                            : template_pipeline_fail(run, err, "a second {{else}}");
}

static int run_condition(struct template_run *run, bool sets_dot, struct error *err)
{
    const struct json *value = NULL;
    enum block_end end = BLOCK_END;
    bool is_true = false;

    if (++run->depth > TEMPLATE_DEPTH_MAX)
        return template_pipeline_fail(run, err, "nested too deep");
    if (template_pipeline_read(run, &value, err) < 0 || end_action(run, err) < 0)
        return -1;
    is_true = template_value_is_true(value);
    if (run_branch(run, is_true, sets_dot ? value : run->dot, &end, err) < 0)
        return -1;
    run->depth--;
    return run_else(run, !is_true, end, err);
}

/* "$a, $b :=" or "$a :=" before what is ranged over. */
static int read_range_names(struct template_run *run, struct strings *names, struct error *err)
{
    const char *start = run->at;

    template_pipeline_skip_blanks(run);
    while (*run->at == '$' && names->count < 2) {
        size_t length = template_pipeline_name_length(++run->at);

        strings_take(names, alloc_text_part(run->at, length));
        run->at += length;
        if (template_pipeline_take(run, ":="))
            return 0;
        if (!template_pipeline_take(run, ","))
            break;
        template_pipeline_skip_blanks(run);
    }
    if (names->count > 1)
        return template_pipeline_fail(run, err, "a ':=' is missing");
    strings_done(names);
    run->at = start;
    return 0;
}

static int run_turn(struct template_run *run, const struct strings *names, const struct json *key,
                    const struct json *item, struct error *err)
{
    size_t variables = run->variable_count;
    enum block_end end = BLOCK_END;
    int result = 0;

    if ((names->count > 1 && set_variable(run, names->items[0], key, err) < 0) ||
        (names->count > 0 && set_variable(run, names->items[names->count - 1], item, err) < 0))
        return -1;
    result = run_branch(run, item != NULL, item, &end, err);
    run->variable_count = variables;
    return result;
}

static int run_range(struct template_run *run, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    const struct json *list = NULL;
    const char *body = NULL;
    enum block_end end = BLOCK_END;
    size_t turns = 0;

    if (++run->depth > TEMPLATE_DEPTH_MAX)
        return template_pipeline_fail(run, err, "nested too deep");
    if (read_range_names(run, &names, err) < 0 || template_pipeline_read(run, &list, err) < 0 ||
        end_action(run, err) < 0)
        return -1;
    body = run->at;
    for (const struct json *c = run->skipping ? NULL : json_first(list); c; c = json_next(c)) {
        struct json *key = json_key(c) ? json_new_text(json_key(c)) : json_new_int((int64_t)turns);

        run->at = body;
        turns++;
        if (run_turn(run, &names, template_value_keep(&run->pool, key), c, err) < 0)
            return -1;
    }
    /* Once more without effect, to find the end, or the only time, for what comes after else. */
    run->at = body;
    if ((names.count > 0 && set_variable(run, names.items[0], NULL, err) < 0) ||
        (names.count > 1 && set_variable(run, names.items[1], NULL, err) < 0) ||
        run_branch(run, false, run->dot, &end, err) < 0)
        return -1;
    run->variable_count -= names.count;
    run->depth--;
    return run_else(run, turns == 0, end, err);
}

static int run_action(struct template_run *run, struct error *err)
{
    const struct json *value = NULL;

    if (template_pipeline_take(run, "/*")) {
        const char *end = strstr(run->at, "*/");

        if (!end)
            return template_pipeline_fail(run, err, "a comment is not closed");
        run->at = end + 2;
        return end_action(run, err);
    }
    if (template_pipeline_take_word(run, "if"))
        return run_condition(run, false, err);
    if (template_pipeline_take_word(run, "with"))
        return run_condition(run, true, err);
    if (template_pipeline_take_word(run, "range"))
        return run_range(run, err);
    if (template_pipeline_is_at_end(run))
        return template_pipeline_fail(run, err, "nothing to print");
    if (template_pipeline_read(run, &value, err) < 0 || end_action(run, err) < 0)
        return -1;
    if (!run->skipping)
        template_value_print(value, run->out);
    return 0;
}

/* Up to the {{end}} or {{else}} that belongs to somebody else; the action's word is read. */
static int run_block(struct template_run *run, enum block_end *end_out, struct error *err)
{
    for (;;) {
        copy_text(run);
        *end_out = BLOCK_TEXT_END;
        if (!*run->at)
            return 0;
        begin_action(run);
        *end_out = BLOCK_END;
        if (template_pipeline_take_word(run, "end"))
            return 0;
        *end_out = BLOCK_ELSE;
        if (template_pipeline_take_word(run, "else"))
            return 0;
        if (run_action(run, err) < 0)
            return -1;
    }
}

int template_format(const char *template_text, const struct json *value, struct text *out,
                    struct error *err)
{
    struct template_run run = { .at = template_text, .dot = value, .out = out };
    enum block_end end = BLOCK_TEXT_END;
    int result = 0;

    run.variables[run.variable_count++].value = value;
    result = run_block(&run, &end, err);
    template_value_pool_done(&run.pool);
    if (result == 0 && end != BLOCK_TEXT_END)
        return error_set(err, ERROR_INVALID, "--format: an {{end}} or {{else}} too much");
    return result;
}
