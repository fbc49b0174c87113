/* SPDX-License-Identifier: MIT */

/*
 * Writing the model, by the tables
 */

#include "stack/stack_format.h"

#include <string.h>

#include "stack/decode.h"
#include "stack/reading.h"
#include "stack/service.h"
#include "stack/stack.h"
#include "stack/tables.h"
#include "util/alloc.h"
#include "util/error.h"

struct writer {
    struct text *out;
    size_t depth;
    bool lasting;
    bool dash; /* the next key begins an item of a list */
};

static void write_object(struct writer *writer, const struct object *object, const void *base);

static void begin_key(struct writer *writer, const char *key)
{
    for (size_t i = 0; i + (writer->dash ? 1 : 0) < writer->depth; i++)
        text_add(writer->out, "  ");
    if (writer->dash)
        text_add(writer->out, "- ");
    writer->dash = false;
    text_add(writer->out, key);
    text_add_char(writer->out, ':');
}

/* An item of a list with nothing in it. */
static void begin_item(struct writer *writer)
{
    for (size_t i = 0; i < writer->depth; i++)
        text_add(writer->out, "  ");
    text_add_char(writer->out, '-');
}

static void begin_quoted_key(struct writer *writer, const char *key)
{
    AUTO_TEXT struct text quoted = { 0 };

    text_add_quoted(&quoted, key);
    begin_key(writer, text_get(&quoted));
}

static bool is_bare(const struct field *field)
{
    return field->kind != FIELD_STRING && field->kind != FIELD_PATH;
}

/* Whether a member holds what its row's default gives. */
static bool is_default(const struct field *field, const char *text)
{
    union {
        int64_t number;
        uint64_t count;
        char *string;
        unsigned char bytes[16];
    } scratch = { 0 };
    struct field copy = *field;
    struct error err = { 0 };
    AUTO_TEXT struct text other = { 0 };
    bool same = false;

    if (!field->fallback)
        return false;
    copy.offset = 0;
    copy.companion = 8;
    if (field_decode_text(&copy, field->fallback, &scratch, &err) == 0 &&
        field_format_text(&copy, &scratch, &other))
        same = strcmp(text_get(&other), text) == 0;
    if (!is_bare(field))
        free(scratch.string);
    return same;
}

static void write_scalar(struct writer *writer, const struct field *field, const void *base)
{
    AUTO_TEXT struct text text = { 0 };

    if (!field_format_text(field, base, &text) || is_default(field, text_get(&text)))
        return;
    begin_key(writer, field->key);
    text_add_char(writer->out, ' ');
    if (is_bare(field))
        text_add(writer->out, text_get(&text));
    else
        text_add_quoted(writer->out, text_get(&text));
    text_add_char(writer->out, '\n');
}

static void write_strings(struct writer *writer, const struct field *field,
                          const struct strings *strings, const char *first)
{
    begin_key(writer, field->key);
    text_add(writer->out, " [");
    if (first)
        text_add_quoted(writer->out, first);
    for (size_t i = 0; i < strings->count; i++) {
        if (i > 0 || first)
            text_add(writer->out, ", ");
        text_add_quoted(writer->out, strings->items[i]);
    }
    text_add(writer->out, "]\n");
}

static void write_list(struct writer *writer, const struct field *field, const void *base)
{
    const struct strings *strings = member_at_const(base, field->offset);
    bool there = strings->count > 0;

    if (field->kind == FIELD_COMMAND)
        there = *(const bool *)member_at_const(base, field->companion);
    if (there)
        write_strings(writer, field, strings, NULL);
}

static void write_test(struct writer *writer, const struct field *field, const void *base)
{
    static const char *const words[] = { [SERVICE_PROBE_NONE] = "NONE",
                                         [SERVICE_PROBE_CMD] = "CMD",
                                         [SERVICE_PROBE_SHELL] = "CMD-SHELL" };
    enum service_probe probe = *(const enum service_probe *)member_at_const(base, field->companion);

    if (probe != SERVICE_PROBE_INHERIT)
        write_strings(writer, field, member_at_const(base, field->offset), words[probe]);
}

static void write_map(struct writer *writer, const struct field *field, const void *base)
{
    const struct strings_map *map = member_at_const(base, field->offset);

    if (map->count == 0)
        return;
    begin_key(writer, field->key);
    text_add_char(writer->out, '\n');
    writer->depth++;
    for (size_t i = 0; i < map->count; i++) {
        begin_quoted_key(writer, map->pairs[i].key);
        if (map->pairs[i].value) {
            text_add_char(writer->out, ' ');
            text_add_quoted(writer->out, map->pairs[i].value);
        }
        text_add_char(writer->out, '\n');
    }
    writer->depth--;
}

/* An object with a key; it is not written when nothing is in it, unless it `stays`. */
static void write_nested(struct writer *writer, const struct field *field, const void *base,
                         bool stays)
{
    struct writer inner = *writer;
    size_t before = 0;
    size_t start = writer->out->length;
    bool list = field->kind == FIELD_ONLY;

    begin_key(&inner, field->key);
    text_add_char(inner.out, '\n');
    before = inner.out->length;
    inner.depth += list ? 2 : 1;
    inner.dash = list;
    write_object(&inner, field->object, member_at_const(base, field->offset));
    if (inner.out->length > before) {
        writer->dash = false;
    } else if (stays) {
        inner.out->length = before - 1;
        text_add(inner.out, " {}\n");
        writer->dash = false;
    } else {
        inner.out->length = start;
        if (inner.out->data)
            inner.out->data[start] = '\0';
    }
}

static const void *element_at(const struct field *field, const void *base, size_t index)
{
    size_t offset = index * field->object->size;

    if (field->capacity)
        return member_at_const(base, field->offset + offset);
    return member_at_const(*(void *const *)member_at_const(base, field->offset), offset);
}

static void write_element(struct writer *writer, const struct field *field, const void *element)
{
    size_t before = writer->out->length;

    if (field->kind == FIELD_NAMED) {
        begin_quoted_key(writer,
                         *(char *const *)member_at_const(element, field->object->name_offset));
        text_add_char(writer->out, '\n');
        before = writer->out->length;
    }
    writer->depth++;
    writer->dash = field->kind == FIELD_OBJECTS;
    write_object(writer, field->object, element);
    writer->depth--;
    writer->dash = false;
    if (writer->out->length > before)
        return;
    if (field->kind == FIELD_NAMED)
        writer->out->length = before - 1;
    else
        begin_item(writer);
    text_add(writer->out, " {}\n");
}

static void write_elements(struct writer *writer, const struct field *field, const void *base)
{
    size_t count = *(const size_t *)member_at_const(base, field->companion);
    bool begun = false;

    for (size_t i = 0; i < count; i++) {
        const void *element = element_at(field, base, i);

        if (field->belongs && !field->belongs(element))
            continue;
        if (!begun) {
            begin_key(writer, field->key);
            text_add_char(writer->out, '\n');
            writer->depth++;
        }
        begun = true;
        write_element(writer, field, element);
    }
    if (begun)
        writer->depth--;
}

/* Whether an embedded object holds what its row's default, a word, gives. */
static bool is_default_object(const struct field *field, const void *base)
{
    struct diagnostics unused = { 0 };
    struct reading reading = { .diagnostics = &unused };
    AUTO(node) struct node *word = NULL;
    AUTO(node) struct node *map = NULL;
    AUTO_TEXT struct text here = { 0 };
    AUTO_TEXT struct text there = { 0 };
    AUTO_FREE void *scratch = NULL;

    if (!field->fallback)
        return false;
    word = node_new_scalar(&(struct diagnostic_place){ 0 }, field->fallback);
    map = field->expand(&reading, word);
    scratch = alloc_zeroed(1, field->object->size);
    decode_object(&reading, field->object, map, scratch);
    stack_format_object(field->object, scratch, 0, false, &there);
    stack_format_object(field->object, member_at_const(base, field->offset), 0, false, &here);
    decode_free(field->object, scratch);
    reading_done(&reading);
    diagnostic_done(&unused);
    return strcmp(text_get(&here), text_get(&there)) == 0;
}

static void write_group(struct writer *writer, const struct field *field, const void *base)
{
    bool present = field->has_companion;

    if (present && !*(const bool *)member_at_const(base, field->companion))
        return;
    if (!is_default_object(field, base))
        write_nested(writer, field, base, present || field->fallback);
}

typedef void write_fn(struct writer *writer, const struct field *field, const void *base);

static write_fn *const writers[FIELD_KIND_COUNT] = {
    [FIELD_LIST] = write_list,        [FIELD_MAP] = write_map,        [FIELD_COMMAND] = write_list,
    [FIELD_TEST] = write_test,        [FIELD_OBJECT] = write_group,   [FIELD_ONLY] = write_group,
    [FIELD_OBJECTS] = write_elements, [FIELD_NAMED] = write_elements,
};

static void write_object(struct writer *writer, const struct object *object, const void *base)
{
    for (const struct field *field = object->fields; field->key; field++) {
        if (field->kind >= FIELD_MOVED || (writer->lasting && field->live))
            continue;
        if (field_is_scalar(field))
            write_scalar(writer, field, base);
        else
            writers[field->kind](writer, field, base);
    }
}

void stack_format_object(const struct object *object, const void *base, size_t depth, bool lasting,
                         struct text *out)
{
    struct writer writer = { .out = out, .depth = depth, .lasting = lasting };

    write_object(&writer, object, base);
}

void stack_format(const struct stack *stack, struct text *out)
{
    stack_format_object(&top_level_object, stack, 0, false, out);
}
