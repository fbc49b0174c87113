/* SPDX-License-Identifier: MIT */

/*
 * Values of templates
 */

#include "cli/template_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"

const struct json *template_value_keep(struct template_pool *pool, struct json *value)
{
    *ALLOC_APPEND(pool->items, pool->count) = value;
    return value;
}

void template_value_pool_done(struct template_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        json_free(pool->items[i]);
    free(pool->items);
    *pool = (struct template_pool){ 0 };
}

struct json *template_value_new_bool(bool value)
{
    AUTO(json) struct json *object = json_new_object();

    json_set_bool(object, "value", value);
    return json_copy(json_find(object, "value"));
}

int template_value_field(const struct json *value, const char *name, const struct json **out,
                         struct error *err)
{
    const struct json *field = json_find(value, name);
    AUTO_STRINGS struct strings known = { 0 };
    const char *nearest = NULL;

    *out = field;
    if (field)
        return 0;
    if (!json_is_object(value))
        return error_set(err, ERROR_INVALID, "--format: '.%s' is asked of what has no fields",
                         name);
    for (const struct json *c = json_first(value); c; c = json_next(c))
        strings_add(&known, json_key(c));
    nearest = known.count > 0 ? text_nearest(name, (const char *const *)known.items) : NULL;
    if (nearest)
        return error_set(err, ERROR_INVALID, "--format: there is no field '%s'; did you mean '%s'?",
                         name, nearest);
    return error_set(err, ERROR_INVALID,
                     "--format: there is no field '%s'; '{{json .}}' shows them all", name);
}

static bool is_null(const struct json *value)
{
    return !value ||
           (!json_is_object(value) && !json_is_array(value) && !json_is_text(value) &&
            !json_is_number(value) && json_get_bool(value, false) != json_get_bool(value, true));
}

bool template_value_is_true(const struct json *value)
{
    if (is_null(value))
        return false;
    if (json_is_object(value) || json_is_array(value))
        return json_count(value) > 0;
    if (json_is_text(value))
        return *json_get_text(value, "") != '\0';
    return json_is_number(value) ? json_get_number(value, 0) != 0 : json_get_bool(value, false);
}

/* New lines and tabs are the user's own, other control characters are not let through. */
static void print_text(const char *string, struct text *out)
{
    while (*string) {
        size_t length = strcspn(string, "\n\t");
        AUTO_FREE char *part = alloc_text_part(string, length);

        output_add_clean(out, part);
        string += length;
        if (*string)
            text_add_char(out, *string++);
    }
}

static void print_number(const struct json *value, struct text *out)
{
    double number = json_get_number(value, 0);
    int64_t whole = json_get_int(value, 0);

    if ((double)whole == number)
        text_add_format(out, "%" PRId64, whole);
    else
        text_add_format(out, "%g", number);
}

static void print_members(const struct json *value, struct text *out)
{
    AUTO_STRINGS struct strings keys = { 0 };
    bool is_object = json_is_object(value);

    text_add(out, is_object ? "map[" : "[");
    for (const struct json *c = is_object ? json_first(value) : NULL; c; c = json_next(c))
        strings_add(&keys, json_key(c));
    if (is_object)
        strings_sort(&keys);
    for (size_t i = 0; i < keys.count; i++) {
        text_add(out, i > 0 ? " " : "");
        print_text(keys.items[i], out);
        text_add_char(out, ':');
        template_value_print(json_find(value, keys.items[i]), out);
    }
    for (const struct json *c = is_object ? NULL : json_first(value); c; c = json_next(c)) {
        text_add(out, c == json_first(value) ? "" : " ");
        template_value_print(c, out);
    }
    text_add_char(out, ']');
}

void template_value_print(const struct json *value, struct text *out)
{
    if (is_null(value))
        text_add(out, value ? "<nil>" : "<no value>");
    else if (json_is_object(value) || json_is_array(value))
        print_members(value, out);
    else if (json_is_text(value))
        print_text(json_get_text(value, ""), out);
    else if (json_is_number(value))
        print_number(value, out);
    else
        text_add(out, json_get_bool(value, false) ? "true" : "false");
}

typedef struct json *(*function_fn)(const struct json *const *arguments, size_t count);

struct template_function {
    const char *name;
    function_fn call;
    size_t min, max;
};

/* The value as it prints, as a new text. */
static struct json *text_of(const struct text *text)
{
    return json_new_text(text_get(text));
}

static struct json *call_json(const struct json *const *arguments, size_t count)
{
    AUTO_FREE char *printed = arguments[0] ? json_print(arguments[0], false) : alloc_text("null");

    (void)count;
    return json_new_text(printed);
}

static struct json *call_join(const struct json *const *arguments, size_t count)
{
    AUTO_TEXT struct text text = { 0 };

    (void)count;
    for (const struct json *c = json_first(arguments[0]); c; c = json_next(c)) {
        text_add(&text, c == json_first(arguments[0]) ? "" : json_get_text(arguments[1], ""));
        template_value_print(c, &text);
    }
    return text_of(&text);
}

static struct json *call_split(const struct json *const *arguments, size_t count)
{
    const char *text = json_get_text(arguments[0], "");
    const char *separator = json_get_text(arguments[1], "");
    struct json *list = json_new_array();

    (void)count;
    for (const char *next = NULL; *separator && (next = strstr(text, separator));
         text = next + strlen(separator)) {
        AUTO_FREE char *part = alloc_text_part(text, (size_t)(next - text));

        json_append_text(list, part);
    }
    json_append_text(list, text);
    return list;
}

static struct json *change_case(const struct json *value, int (*change)(int))
{
    AUTO_FREE char *text = alloc_text(json_get_text(value, ""));

    for (char *p = text; *p; p++)
        *p = (char)change((unsigned char)*p);
    return json_new_text(text);
}

static struct json *call_upper(const struct json *const *arguments, size_t count)
{
    (void)count;
    return change_case(arguments[0], toupper);
}

static struct json *call_lower(const struct json *const *arguments, size_t count)
{
    (void)count;
    return change_case(arguments[0], tolower);
}

static struct json *call_truncate(const struct json *const *arguments, size_t count)
{
    const char *text = json_get_text(arguments[0], "");
    int64_t columns = json_get_int(arguments[1], 0);
    AUTO_FREE char *part =
        alloc_text_part(text, output_fit(text, (size_t)MAX(columns, INT64_C(0))));

    (void)count;
    return json_new_text(part);
}

static struct json *print_all(const struct json *const *arguments, size_t count,
                              const char *separator, const char *end)
{
    AUTO_TEXT struct text text = { 0 };

    for (size_t i = 0; i < count; i++) {
        text_add(&text, i > 0 ? separator : "");
        template_value_print(arguments[i], &text);
    }
    text_add(&text, end);
    return text_of(&text);
}

static struct json *call_print(const struct json *const *arguments, size_t count)
{
    return print_all(arguments, count, "", "");
}

static struct json *call_println(const struct json *const *arguments, size_t count)
{
    return print_all(arguments, count, " ", "\n");
}

static struct json *call_len(const struct json *const *arguments, size_t count)
{
    (void)count;
    if (json_is_text(arguments[0]))
        return json_new_int((int64_t)strlen(json_get_text(arguments[0], "")));
    return json_new_int((int64_t)json_count(arguments[0]));
}

static const struct json *find_index(const struct json *value, const struct json *index)
{
    int64_t place = json_get_int(index, -1);

    if (json_is_object(value))
        return json_find(value, json_get_text(index, ""));
    if (!json_is_array(value) || !json_is_number(index))
        return NULL;
    for (const struct json *c = json_first(value); c; c = json_next(c)) {
        if (place-- == 0)
            return c;
    }
    return NULL;
}

static struct json *copy_of(const struct json *value)
{
    return value ? json_copy(value) : json_new_text("");
}

static struct json *call_index(const struct json *const *arguments, size_t count)
{
    const struct json *value = arguments[0];

    for (size_t i = 1; i < count; i++)
        value = find_index(value, arguments[i]);
    return copy_of(value);
}

static bool is_equal(const struct json *const *arguments, size_t count)
{
    AUTO_TEXT struct text first = { 0 };

    template_value_print(arguments[0], &first);
    for (size_t i = 1; i < count; i++) {
        AUTO_TEXT struct text other = { 0 };

        template_value_print(arguments[i], &other);
        if (strcmp(text_get(&first), text_get(&other)) == 0)
            return true;
    }
    return false;
}

static struct json *call_eq(const struct json *const *arguments, size_t count)
{
    return template_value_new_bool(is_equal(arguments, count));
}

static struct json *call_ne(const struct json *const *arguments, size_t count)
{
    return template_value_new_bool(!is_equal(arguments, count));
}

static struct json *call_not(const struct json *const *arguments, size_t count)
{
    (void)count;
    return template_value_new_bool(!template_value_is_true(arguments[0]));
}

/* The first that decides, else the last. */
static struct json *first_of(const struct json *const *arguments, size_t count, bool truth)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (template_value_is_true(arguments[i]) == truth)
            return copy_of(arguments[i]);
    }
    return copy_of(arguments[count - 1]);
}

static struct json *call_and(const struct json *const *arguments, size_t count)
{
    return first_of(arguments, count, false);
}

static struct json *call_or(const struct json *const *arguments, size_t count)
{
    return first_of(arguments, count, true);
}

static const struct template_function functions[] = {
    { "json", call_json, 1, 1 },    { "join", call_join, 2, 2 },
    { "split", call_split, 2, 2 },  { "upper", call_upper, 1, 1 },
    { "lower", call_lower, 1, 1 },  { "truncate", call_truncate, 2, 2 },
    { "print", call_print, 0, 15 }, { "println", call_println, 0, 15 },
    { "len", call_len, 1, 1 },      { "index", call_index, 1, 15 },
    { "eq", call_eq, 2, 15 },       { "ne", call_ne, 2, 2 },
    { "not", call_not, 1, 1 },      { "and", call_and, 1, 15 },
    { "or", call_or, 1, 15 },
};

const struct template_function *template_value_find_function(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        if (strlen(functions[i].name) == length && strncmp(functions[i].name, name, length) == 0)
            return &functions[i];
    }
    return NULL;
}

int template_value_call(const struct template_function *function, struct template_pool *pool,
                        const struct json *const *arguments, size_t count, const struct json **out,
                        struct error *err)
{
    if (count < function->min || count > function->max)
        return error_set(err, ERROR_INVALID, "--format: '%s' takes %zu%s arguments, not %zu",
                         function->name, function->min,
                         function->max > function->min ? " or more" : "", count);
    *out = template_value_keep(pool, function->call(arguments, count));
    return 0;
}
