/* SPDX-License-Identifier: MIT */

/*
 * A tree in its long form becomes the model
 */

#include "stack/decode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "stack/service.h"
#include "util/alloc.h"
#include "util/error.h"

/* Of one list in a file; more is a mistake, or an attack. */
#define ELEMENTS_MAX 1000

typedef void decode_fn(struct reading *reading, const struct field *field, const struct node *node,
                       void *base);

static size_t *count_of(const struct field *field, void *base)
{
    return member_at(base, field->companion);
}

/* Grow the array of a list's row by one zeroed element; NULL: it is full. */
static void *append(const struct field *field, void *base)
{
    size_t *count = count_of(field, base);
    size_t size = field->object->size;
    void **items = NULL;

    if (*count >= (field->capacity ? field->capacity : ELEMENTS_MAX))
        return NULL;
    if (field->capacity)
        return member_at(base, field->offset + (*count)++ * size);
    items = member_at(base, field->offset);
    *items = alloc_grow(*items, *count, size);
    return member_at(*items, (*count)++ * size);
}

/* An empty value that came from a variable counts as none. */
static bool is_absent(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->interpolated && *node->text == '\0';
}

static void decode_scalar(struct reading *reading, const struct field *field,
                          const struct node *node, void *base)
{
    struct error err = { 0 };

    if (is_absent(node))
        return;
    if (field_decode_text(field, node->text, base, &err) < 0)
        reading_error(reading, node, "%s", err.text);
}

static void decode_list(struct reading *reading, const struct field *field, const struct node *node,
                        void *base)
{
    struct strings *strings = member_at(base, field->offset);

    (void)reading;
    for (size_t i = 0; i < node->count; i++) {
        if (node->children[i].value->text)
            strings_add(strings, node->children[i].value->text);
    }
}

static void decode_map(struct reading *reading, const struct field *field, const struct node *node,
                       void *base)
{
    struct strings_map *map = member_at(base, field->offset);

    (void)reading;
    for (size_t i = 0; i < node->count; i++) {
        struct strings_pair *pair = ALLOC_APPEND(map->pairs, map->count);

        /* The keys of a mapping are unique already. */
        pair->key = alloc_text(node->children[i].key);
        pair->value = alloc_text(node->children[i].value->text);
    }
}

static void decode_command(struct reading *reading, const struct field *field,
                           const struct node *node, void *base)
{
    decode_list(reading, field, node, base);
    *(bool *)member_at(base, field->companion) = true;
}

static void decode_test(struct reading *reading, const struct field *field, const struct node *node,
                        void *base)
{
    static const char *const words[] = { [SERVICE_PROBE_NONE] = "NONE",
                                         [SERVICE_PROBE_CMD] = "CMD",
                                         [SERVICE_PROBE_SHELL] = "CMD-SHELL" };
    enum service_probe *probe = member_at(base, field->companion);
    struct strings *test = member_at(base, field->offset);
    const char *first = node->count > 0 ? node->children[0].value->text : NULL;

    for (size_t i = 1; first && i < ARRAY_SIZE(words); i++) {
        if (strcmp(first, words[i]) == 0)
            *probe = (enum service_probe)i;
    }
    if (*probe == SERVICE_PROBE_INHERIT)
        reading_error(reading, node, "the list must begin with NONE, CMD or CMD-SHELL");
    else if (*probe == SERVICE_PROBE_CMD && node->count < 2)
        reading_error(reading, node, "a command must follow CMD");
    else if (*probe == SERVICE_PROBE_SHELL && node->count != 2)
        reading_error(reading, node, "one string must follow CMD-SHELL");
    for (size_t i = 1; i < node->count && *probe != SERVICE_PROBE_NONE; i++) {
        if (node->children[i].value->text)
            strings_add(test, node->children[i].value->text);
    }
}

static void decode_embedded(struct reading *reading, const struct field *field,
                            const struct node *node, void *base)
{
    if (field->has_companion)
        *(bool *)member_at(base, field->companion) = true;
    decode_object(reading, field->object, node, member_at(base, field->offset));
}

static void decode_only(struct reading *reading, const struct field *field, const struct node *node,
                        void *base)
{
    if (node->count > 1)
        reading_error(reading, node->children[1].value,
                      "only one item is understood here; remove the others");
    decode_object(reading, field->object, node->count > 0 ? node->children[0].value : NULL,
                  member_at(base, field->offset));
}

static void decode_elements(struct reading *reading, const struct field *field,
                            const struct node *node, void *base)
{
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = reading_enter_item(reading, i);
        void *element = append(field, base);

        if (element)
            decode_object(reading, field->object, node->children[i].value, element);
        else
            reading_error(reading, node->children[i].value, "the list is too long; at most %zu fit",
                          field->capacity ? field->capacity : (size_t)ELEMENTS_MAX);
        reading_leave(reading, mark);
        if (!element)
            break;
    }
}

static void decode_named(struct reading *reading, const struct field *field,
                         const struct node *node, void *base)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct node_child *child = &node->children[i];
        size_t mark = reading_enter(reading, child->key);
        void *element = append(field, base);

        if (element) {
            char **name = member_at(element, field->object->name_offset);

            *name = alloc_text(child->key);
            decode_object(reading, field->object, child->value, element);
        } else {
            reading_error(reading, child->value, "the list is too long; at most %d fit",
                          ELEMENTS_MAX);
        }
        reading_leave(reading, mark);
        if (!element)
            break;
    }
}

static decode_fn *const decoders[FIELD_KIND_COUNT] = {
    [FIELD_LIST] = decode_list,        [FIELD_MAP] = decode_map,
    [FIELD_COMMAND] = decode_command,  [FIELD_TEST] = decode_test,
    [FIELD_OBJECT] = decode_embedded,  [FIELD_ONLY] = decode_only,
    [FIELD_OBJECTS] = decode_elements, [FIELD_NAMED] = decode_named,
};

/* The default of a row that nothing was written for. */
static void decode_fallback(struct reading *reading, const struct field *field, void *base)
{
    struct error err = { 0 };
    int result = 0;

    if (field->missing != 0)
        *(int64_t *)member_at(base, field->offset) = field->missing;
    if (field->fallback && field_is_scalar(field)) {
        result = field_decode_text(field, field->fallback, base, &err);
        assert(result == 0); /* tests/unit/test_stack_tables.c walks every row */
    } else if (field->fallback && field->kind == FIELD_OBJECT) {
        struct diagnostic_place nowhere = { 0 };
        AUTO(node) struct node *text = node_new_scalar(&nowhere, field->fallback);
        AUTO(node) struct node *map = field->expand(reading, text);

        decode_embedded(reading, field, map, base);
    } else if (field->kind == FIELD_OBJECT && !field->has_companion) {
        decode_embedded(reading, field, NULL, base);
    } else if (field->kind == FIELD_ONLY) {
        decode_object(reading, field->object, NULL, member_at(base, field->offset));
    }
    (void)result;
}

static void decode_field(struct reading *reading, const struct field *field, const struct node *map,
                         void *base)
{
    const struct node *node = node_find(map, field->key);
    decode_fn *decoder = decoders[field->kind] ? decoders[field->kind] : decode_scalar;
    size_t mark = reading_enter(reading, field->key);

    if (!node || is_absent(node) || field_is_scalar(field))
        decode_fallback(reading, field, base);
    if (node && node->kind != NODE_NULL)
        decoder(reading, field, node, base);
    reading_leave(reading, mark);
    if (!node && field->required && map)
        reading_error(reading, map, "'%s' is missing; add it", field->key);
}

void decode_object(struct reading *reading, const struct object *object, const struct node *map,
                   void *base)
{
    for (const struct field *field = object->fields; field->key; field++) {
        if (field->kind < FIELD_MOVED)
            decode_field(reading, field, map, base);
    }
    if (object->check && map)
        object->check(reading, map, base);
}

static void free_elements(const struct field *field, void *base)
{
    size_t *count = count_of(field, base);
    void **items = member_at(base, field->offset);

    for (size_t i = 0; i < *count; i++) {
        void *element = field->capacity ? member_at(base, field->offset + i * field->object->size)
                                        : member_at(*items, i * field->object->size);

        if (field->kind == FIELD_NAMED)
            free(*(char **)member_at(element, field->object->name_offset));
        decode_free(field->object, element);
    }
    *count = 0;
    if (field->capacity)
        return;
    free(*items);
    *items = NULL;
}

void decode_free(const struct object *object, void *base)
{
    for (const struct field *field = object->fields; field->key; field++) {
        void *member = member_at(base, field->offset);

        if (field->kind == FIELD_STRING || field->kind == FIELD_PATH) {
            free(*(char **)member);
            *(char **)member = NULL;
        } else if (field->kind == FIELD_MAP) {
            strings_map_done(member);
        } else if (field->kind == FIELD_LIST || field->kind == FIELD_COMMAND ||
                   field->kind == FIELD_TEST) {
            strings_done(member);
        } else if (field->kind == FIELD_OBJECT || field->kind == FIELD_ONLY) {
            decode_free(field->object, member);
        } else if (field->kind == FIELD_OBJECTS || field->kind == FIELD_NAMED) {
            free_elements(field, base);
        }
    }
}
