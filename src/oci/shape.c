/* SPDX-License-Identifier: MIT */

/*
 * One table for each object of a JSON document of others
 */

#include "oci/shape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

struct reading {
    struct shape_store *store;
    struct text path;
    struct error *err;
};

/* One value on its way to its member. */
struct slot {
    const struct shape_row *row;
    const struct json *json;
    void *member, *also;
};

static int decode_members(struct reading *reading, const struct shape *shape,
                          const struct json *json, void *base);

static int refuse(const struct reading *reading, const char *text)
{
    return error_set(reading->err, ERROR_INVALID, "%s%s%s", text_get(&reading->path),
                     reading->path.length ? ": " : "", text);
}

static size_t enter_key(struct reading *reading, const char *key)
{
    size_t length = reading->path.length;

    text_add_format(&reading->path, "%s%.64s", length ? "." : "", key);
    return length;
}

static size_t enter_index(struct reading *reading, size_t index)
{
    size_t length = reading->path.length;

    text_add_format(&reading->path, "[%zu]", index);
    return length;
}

static void leave(struct reading *reading, size_t length)
{
    if (reading->path.data)
        reading->path.data[length] = '\0';
    reading->path.length = length;
}

static int decode_text(struct reading *reading, const struct slot *slot)
{
    if (!json_is_text(slot->json))
        return refuse(reading, "a text is expected");
    *(const char **)slot->member = json_get_text(slot->json, "");
    return 0;
}

static int decode_bool(struct reading *reading, const struct slot *slot)
{
    if (!json_is_bool(slot->json))
        return refuse(reading, "true or false is expected");
    *(bool *)slot->member = json_get_bool(slot->json, false);
    return 0;
}

static int decode_int(struct reading *reading, const struct slot *slot)
{
    const struct shape_row *row = slot->row;
    bool is_limited = row->min != 0 || row->max != 0;
    int64_t min = is_limited ? row->min : INT64_MIN, max = is_limited ? row->max : INT64_MAX;
    struct json_integer number;
    int64_t value = 0;

    if (!json_read_integer(slot->json, &number))
        return refuse(reading, "a whole number is expected");
    if (number.magnitude <= INT64_MAX)
        value = number.is_negative ? -(int64_t)number.magnitude : (int64_t)number.magnitude;
    else if (number.is_negative && number.magnitude == (uint64_t)INT64_MAX + 1)
        value = INT64_MIN;
    else
        return refuse(reading, "the number has more than 64 bits");
    if (value < min || value > max)
        return error_set(reading->err, ERROR_INVALID,
                         "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64,
                         text_get(&reading->path), value, min, max);
    *(int64_t *)slot->member = value;
    return 0;
}

static int read_unsigned(struct reading *reading, const struct slot *slot, uint64_t limit,
                         uint64_t *out)
{
    uint64_t max = slot->row->max ? (uint64_t)slot->row->max : limit;
    struct json_integer number;

    if (!json_read_integer(slot->json, &number))
        return refuse(reading, "a whole number is expected");
    if ((number.is_negative && number.magnitude > 0) || number.magnitude > max)
        return error_set(reading->err, ERROR_INVALID,
                         "%s: the number is not between 0 and %" PRIu64, text_get(&reading->path),
                         max);
    *out = number.magnitude;
    return 0;
}

static int decode_uint(struct reading *reading, const struct slot *slot)
{
    return read_unsigned(reading, slot, UINT64_MAX, slot->member);
}

static int decode_id(struct reading *reading, const struct slot *slot)
{
    uint64_t value = 0;

    if (read_unsigned(reading, slot, UINT32_MAX, &value) < 0)
        return -1;
    *(uint32_t *)slot->member = (uint32_t)value;
    return 0;
}

static const struct shape_choice *find_choice(const struct shape_choice *choices, const char *name)
{
    for (; choices->name; choices++) {
        if (strcmp(choices->name, name) == 0)
            return choices;
    }
    return NULL;
}

static int decode_choice(struct reading *reading, const struct slot *slot)
{
    const struct shape_choice *choice = NULL;

    if (!json_is_text(slot->json))
        return refuse(reading, "a text is expected");
    choice = find_choice(slot->row->choices, json_get_text(slot->json, ""));
    if (!choice)
        return error_set(reading->err, ERROR_INVALID, "%s: unknown value '%.64s'",
                         text_get(&reading->path), json_get_text(slot->json, ""));
    *(int *)slot->member = choice->value;
    return 0;
}

/* How many elements there are, or -1: it is no array, or a very long one. */
static int count_items(struct reading *reading, const struct slot *slot, size_t *out)
{
    if (!json_is_array(slot->json))
        return refuse(reading, "an array is expected");
    *out = json_count(slot->json);
    if (*out > SHAPE_ITEMS_MAX)
        return error_set(reading->err, ERROR_INVALID, "%s: more than %d elements",
                         text_get(&reading->path), SHAPE_ITEMS_MAX);
    return 0;
}

static int decode_texts(struct reading *reading, const struct slot *slot)
{
    struct strings *list = slot->member;
    const struct json *item = json_first(slot->json);
    size_t count = 0;

    if (count_items(reading, slot, &count) < 0)
        return -1;
    list->items = shape_keep(reading->store, count + 1, sizeof(char *));
    for (size_t i = 0; item; item = json_next(item), i++) {
        size_t length = enter_index(reading, i);

        if (!json_is_text(item))
            return refuse(reading, "a text is expected");
        /* Borrowed, and never written through: `items` is no array of const for execve(). */
        memcpy(&list->items[list->count++], &(const char *){ json_get_text(item, "") },
               sizeof(char *));
        leave(reading, length);
    }
    return 0;
}

static int decode_choices(struct reading *reading, const struct slot *slot)
{
    const struct json *item = json_first(slot->json);
    size_t count = 0;

    if (count_items(reading, slot, &count) < 0)
        return -1;
    for (size_t i = 0; item; item = json_next(item), i++) {
        size_t length = enter_index(reading, i);
        const struct shape_choice *choice = NULL;

        if (!json_is_text(item))
            return refuse(reading, "a text is expected");
        choice = find_choice(slot->row->choices, json_get_text(item, ""));
        if (!choice)
            return error_set(reading->err, ERROR_INVALID, "%s: unknown value '%.64s'",
                             text_get(&reading->path), json_get_text(item, ""));
        *(uint64_t *)slot->member |= (uint64_t)choice->value;
        leave(reading, length);
    }
    return 0;
}

static int decode_ids(struct reading *reading, const struct slot *slot)
{
    const struct json *item = json_first(slot->json);
    uint32_t *ids = NULL;
    size_t count = 0, i = 0;

    if (count_items(reading, slot, &count) < 0)
        return -1;
    ids = shape_keep(reading->store, count + 1, sizeof(*ids));
    for (; item; item = json_next(item), i++) {
        size_t length = enter_index(reading, i);

        if (decode_id(reading, &(struct slot){ slot->row, item, &ids[i], NULL }) < 0)
            return -1;
        leave(reading, length);
    }
    *(uint32_t **)slot->member = ids;
    *(size_t *)slot->also = count;
    return 0;
}

/* Of two members of one name each reader would take another one. */
static bool is_twice(const struct json *json, const char *key)
{
    size_t count = 0;

    for (const struct json *item = json_first(json); item && count < 2; item = json_next(item))
        count += strcmp(json_key(item), key) == 0;
    return count > 1;
}

static int count_members(struct reading *reading, const struct slot *slot, size_t *out)
{
    if (!json_is_object(slot->json))
        return refuse(reading, "an object is expected");
    *out = json_count(slot->json);
    if (*out > SHAPE_ITEMS_MAX)
        return error_set(reading->err, ERROR_INVALID, "%s: more than %d members",
                         text_get(&reading->path), SHAPE_ITEMS_MAX);
    for (const struct json *item = json_first(slot->json); item; item = json_next(item)) {
        if (is_twice(slot->json, json_key(item)))
            return error_set(reading->err, ERROR_INVALID, "%s: '%.64s' is there twice",
                             text_get(&reading->path), json_key(item));
    }
    return 0;
}

static int decode_map(struct reading *reading, const struct slot *slot)
{
    struct strings_map *map = slot->member;
    const struct json *item = json_first(slot->json);
    size_t count = 0;

    if (count_members(reading, slot, &count) < 0)
        return -1;
    map->pairs = shape_keep(reading->store, count + 1, sizeof(*map->pairs));
    for (; item; item = json_next(item)) {
        size_t length = enter_key(reading, json_key(item));
        struct strings_pair *pair = &map->pairs[map->count++];

        if (!json_is_text(item))
            return refuse(reading, "a text is expected");
        memcpy(&pair->key, &(const char *){ json_key(item) }, sizeof(char *));
        memcpy(&pair->value, &(const char *){ json_get_text(item, "") }, sizeof(char *));
        leave(reading, length);
    }
    return 0;
}

static int decode_object(struct reading *reading, const struct slot *slot)
{
    return decode_members(reading, slot->row->shape, slot->json, slot->member);
}

static int decode_elements(struct reading *reading, const struct slot *slot, size_t count)
{
    const struct shape *shape = slot->row->shape;
    const struct json *item = json_first(slot->json);
    bool is_named = slot->row->kind == SHAPE_NAMED;
    char *elements = shape_keep(reading->store, count + 1, shape->size);

    for (size_t i = 0; item; item = json_next(item), i++) {
        size_t length = is_named ? enter_key(reading, json_key(item)) : enter_index(reading, i);
        void *element = elements + i * shape->size;

        if (is_named)
            *(const char **)member_at(element, shape->name_offset) = json_key(item);
        if (decode_members(reading, shape, item, element) < 0)
            return -1;
        leave(reading, length);
    }
    *(void **)slot->member = elements;
    *(size_t *)slot->also = count;
    return 0;
}

static int decode_objects(struct reading *reading, const struct slot *slot)
{
    size_t count = 0;

    return count_items(reading, slot, &count) < 0 ? -1 : decode_elements(reading, slot, count);
}

static int decode_named(struct reading *reading, const struct slot *slot)
{
    size_t count = 0;

    return count_members(reading, slot, &count) < 0 ? -1 : decode_elements(reading, slot, count);
}

static int decode_refused(struct reading *reading, const struct slot *slot)
{
    return error_set(reading->err, ERROR_UNSUPPORTED, "%s: %s", text_get(&reading->path),
                     slot->row->refusal);
}

static int (*const decoders[])(struct reading *reading, const struct slot *slot) = {
    [SHAPE_TEXT] = decode_text,     [SHAPE_BOOL] = decode_bool,
    [SHAPE_INT] = decode_int,       [SHAPE_UINT] = decode_uint,
    [SHAPE_ID] = decode_id,         [SHAPE_CHOICE] = decode_choice,
    [SHAPE_TEXTS] = decode_texts,   [SHAPE_CHOICES] = decode_choices,
    [SHAPE_MAP] = decode_map,       [SHAPE_IDS] = decode_ids,
    [SHAPE_OBJECT] = decode_object, [SHAPE_OBJECTS] = decode_objects,
    [SHAPE_NAMED] = decode_named,   [SHAPE_REFUSED] = decode_refused,
};

static bool has_count(enum shape_kind kind)
{
    return kind == SHAPE_IDS || kind == SHAPE_OBJECTS || kind == SHAPE_NAMED;
}

static int decode_row(struct reading *reading, const struct shape_row *row, const struct json *json,
                      void *base)
{
    const struct json *value = json_find(json, row->key);
    size_t length = enter_key(reading, row->key);
    const struct slot slot = { row, value, member_at(base, row->offset),
                               member_at(base, row->also) };

    if (!value || json_is_null(value)) {
        if (row->required)
            return refuse(reading, "it is missing");
    } else {
        if (is_twice(json, row->key))
            return refuse(reading, "it is there twice");
        if (decoders[row->kind](reading, &slot) < 0)
            return -1;
        if (row->has_also && !has_count(row->kind))
            *(bool *)slot.also = true;
    }
    leave(reading, length);
    return 0;
}

static int decode_members(struct reading *reading, const struct shape *shape,
                          const struct json *json, void *base)
{
    if (!json_is_object(json))
        return refuse(reading, "an object is expected");
    for (const struct shape_row *row = shape->rows; row->key; row++) {
        if (decode_row(reading, row, json, base) < 0)
            return -1;
    }
    if (!shape->check || shape->check(base, reading->err) == 0)
        return 0;
    return reading->path.length ? error_wrap(reading->err, "%s", text_get(&reading->path)) : -1;
}

void *shape_keep(struct shape_store *store, size_t count, size_t size)
{
    void *memory = alloc_zeroed(count, size);

    *ALLOC_APPEND(store->owned, store->owned_count) = memory;
    return memory;
}

int shape_decode(const struct shape *shape, const struct json *json, const char *path, void *base,
                 struct shape_store *store, struct error *err)
{
    struct reading reading = { .store = store, .err = err };
    int result;

    text_add(&reading.path, path);
    result = decode_members(&reading, shape, json, base);
    text_done(&reading.path);
    return result;
}

void shape_done(struct shape_store *store)
{
    for (size_t i = 0; i < store->owned_count; i++)
        free(store->owned[i]);
    free(store->owned);
    *store = (struct shape_store){ 0 };
}

const char *shape_find_name(const struct shape_choice *choices, int value)
{
    for (; choices->name; choices++) {
        if (choices->value == value)
            return choices->name;
    }
    return NULL;
}

void shape_list_words(const struct shape *shape, struct strings *out)
{
    for (const struct shape_row *row = shape->rows; row->key; row++) {
        strings_add(out, row->key);
        for (const struct shape_choice *c = row->choices; c && c->name; c++)
            strings_add(out, c->name);
        if (row->shape)
            shape_list_words(row->shape, out);
    }
}
