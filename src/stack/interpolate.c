/* SPDX-License-Identifier: MIT */

/*
 * Variables in values
 *
 * A recursive descent over the text. Branches that are not taken are read as well, to find
 * their end, but write nothing and demand nothing.
 */

#include "stack/interpolate.h"

#include <ctype.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"

#define DEPTH_MAX 32

struct template
{
    const char *p; /* what is still to be read */
    struct interpolate_scope *scope;
    size_t depth;
};

static int expand(struct template *t, bool inside, struct text *out, struct error *err);

static bool is_name_start(char c)
{
    return c == '_' || isalpha((unsigned char)c);
}

static size_t name_length(const char *p)
{
    size_t n = 0;

    if (!is_name_start(*p))
        return 0;
    while (p[n] == '_' || isalnum((unsigned char)p[n]))
        n++;
    return n;
}

static int add(struct template *t, struct text *out, const char *bytes, size_t length,
               struct error *err)
{
    if (!out)
        return 0;
    if (length > t->scope->budget)
        return error_set(err, ERROR_INVALID, "the variables make the file too large");
    t->scope->budget -= length;
    text_add_bytes(out, bytes, length);
    return 0;
}

static const char *look_up(const struct template *t, const char *name)
{
    const struct strings_pair *pair = strings_map_find(t->scope->variables, name);

    return pair ? pair->value : NULL;
}

static int add_value(struct template *t, const char *name, const char *value, struct text *out,
                     struct error *err)
{
    struct strings *unset = t->scope->unset;

    if (value)
        return add(t, out, value, strlen(value), err);
    if (out && unset && !strings_has(unset, name))
        strings_add(unset, name);
    return 0;
}

/* The rest of "${NAME" behind an operator: decide what counts, and read the word. */
static int expand_operator(struct template *t, const char *name, struct text *out,
                           struct error *err)
{
    const char *value = look_up(t, name);
    bool colon = *t->p == ':';
    bool has = value && (!colon || *value);
    char op = t->p[colon ? 1 : 0];
    AUTO_TEXT struct text message = { 0 };
    struct text *word = NULL;

    t->p += colon ? 2 : 1;
    if (op == '-')
        word = has ? NULL : out;
    else if (op == '+')
        word = has ? out : NULL;
    else if (op == '?')
        word = has || !out ? NULL : &message;
    else
        return error_set(err, ERROR_INVALID,
                         "'${%s' is followed by something that is no operator; write "
                         "${%s:-default}, or $$ for a dollar sign",
                         name, name);
    if (expand(t, true, word, err) < 0)
        return -1;
    if (op == '?' && word)
        return error_set(err, ERROR_INVALID, "required variable %s is missing a value: %s", name,
                         text_get(&message));
    return op == '+' || !has ? 0 : add_value(t, name, value, out, err);
}

/* Behind "${". */
static int expand_braces(struct template *t, struct text *out, struct error *err)
{
    size_t length = name_length(t->p);
    AUTO_FREE char *name = alloc_text_part(t->p, length);
    const char *start = t->p;

    if (length == 0)
        return error_set(err, ERROR_INVALID,
                         "'${%.20s' does not name a variable; write $$ for a dollar sign", start);
    t->p += length;
    if (*t->p == '\0')
        return error_set(err, ERROR_INVALID, "'${%.40s' is not closed by a '}'", start);
    if (*t->p != '}' && expand_operator(t, name, out, err) < 0)
        return -1;
    if (*t->p != '}' && *t->p != '\0')
        return error_set(err, ERROR_INVALID, "'${%.40s' is not a valid variable", start);
    if (*t->p == '\0')
        return error_set(err, ERROR_INVALID, "'${%.40s' is not closed by a '}'", start);
    if (start[length] == '}' && add_value(t, name, look_up(t, name), out, err) < 0)
        return -1;
    t->p++;
    return 0;
}

/* At a '$'. */
static int expand_dollar(struct template *t, struct text *out, struct error *err)
{
    size_t length = name_length(t->p + 1);

    if (length > 0) {
        AUTO_FREE char *name = alloc_text_part(t->p + 1, length);

        t->p += 1 + length;
        return add_value(t, name, look_up(t, name), out, err);
    }
    if (t->p[1] == '{') {
        int result = 0;

        if (++t->depth > DEPTH_MAX)
            return error_set(err, ERROR_INVALID, "variables are nested deeper than %d", DEPTH_MAX);
        t->p += 2;
        result = expand_braces(t, out, err);
        t->depth--;
        return result;
    }
    t->p += t->p[1] == '$' ? 2 : 1;
    return add(t, out, "$", 1, err);
}

/* Read to the end, or `inside` braces to the '}' that closes them; out NULL: write nothing. */
static int expand(struct template *t, bool inside, struct text *out, struct error *err)
{
    while (*t->p && !(inside && *t->p == '}')) {
        size_t length = strcspn(t->p, inside ? "$}" : "$");

        if (length > 0 && add(t, out, t->p, length, err) < 0)
            return -1;
        t->p += length;
        if (*t->p == '$' && expand_dollar(t, out, err) < 0)
            return -1;
    }
    return 0;
}

int interpolate_text(const char *text, struct interpolate_scope *scope, struct text *out,
                     struct error *err)
{
    struct template t = { .p = text, .scope = scope };

    return expand(&t, false, out, err);
}

static void interpolate_scalar(struct node *node, struct interpolate_scope *scope,
                               struct diagnostics *diagnostics)
{
    struct strings unset = { 0 };
    struct interpolate_scope own = { scope->variables, &unset, scope->budget };
    AUTO_TEXT struct text out = { 0 };
    struct error err = { 0 };

    if (interpolate_text(node->text, &own, &out, &err) < 0)
        diagnostic_add(diagnostics, DIAGNOSTIC_ERROR, &node->place, NULL, "%s", err.text);
    scope->budget = own.budget;
    for (size_t i = 0; i < unset.count; i++) {
        if (scope->unset && strings_has(scope->unset, unset.items[i]))
            continue;
        if (scope->unset)
            strings_add(scope->unset, unset.items[i]);
        diagnostic_add(diagnostics, DIAGNOSTIC_WARNING, &node->place, NULL,
                       "the variable '%s' is not set; it counts as empty", unset.items[i]);
    }
    strings_done(&unset);
    free(node->text);
    node->text = text_steal(&out);
    node->interpolated = true;
}

void interpolate_tree(struct node *node, struct interpolate_scope *scope,
                      struct diagnostics *diagnostics)
{
    if (node->kind == NODE_SCALAR && strchr(node->text, '$'))
        interpolate_scalar(node, scope, diagnostics);
    for (size_t i = 0; i < node->count; i++)
        interpolate_tree(node->children[i].value, scope, diagnostics);
}
