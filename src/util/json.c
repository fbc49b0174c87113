/* SPDX-License-Identifier: MIT */

/*
 * JSON: the tree
 */

#include "util/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/json_node.h"

/* Up to here a double has every whole number. */
#define DOUBLE_WHOLE_MAX 9007199254740992.0

struct json *json_new_node(enum json_kind kind)
{
    struct json *json = alloc_new(struct json);

    json->kind = kind;
    return json;
}

void json_free(struct json *json)
{
    if (!json)
        return;
    if (json->kind == JSON_TEXT)
        free(json->text);
    if (json_is_array(json) || json_is_object(json)) {
        for (struct json *c = json->children.first, *next = NULL; c; c = next) {
            next = c->next;
            json_free(c);
        }
    }
    free(json->key);
    free(json);
}

struct json *json_new_object(void)
{
    return json_new_node(JSON_OBJECT);
}

struct json *json_new_array(void)
{
    return json_new_node(JSON_ARRAY);
}

struct json *json_new_text(const char *text)
{
    struct json *json = json_new_node(text ? JSON_TEXT : JSON_NULL);

    if (text)
        json->text = alloc_text(text);
    return json;
}

struct json *json_new_int(int64_t number)
{
    struct json *json = json_new_node(JSON_NUMBER);

    json->whole.is_negative = number < 0;
    json->whole.magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number;
    return json;
}

struct json *json_new_bool(bool value)
{
    struct json *json = json_new_node(JSON_BOOL);

    json->truth = value;
    return json;
}

struct json *json_new_number(double number)
{
    struct json *json = NULL;

    if (number > -DOUBLE_WHOLE_MAX && number < DOUBLE_WHOLE_MAX &&
        number == (double)(int64_t)number)
        return json_new_int((int64_t)number);
    json = json_new_node(JSON_REAL);
    json->real = number;
    return json;
}

void json_attach(struct json *parent, struct json *child)
{
    assert(child && !child->next);
    if (parent->children.last)
        parent->children.last->next = child;
    else
        parent->children.first = child;
    parent->children.last = child;
    parent->children.count++;
}

static void remove_key(struct json *object, const char *key)
{
    struct json *before = NULL, *child = object->children.first;

    while (child && strcmp(child->key, key) != 0) {
        before = child;
        child = child->next;
    }
    if (!child)
        return;
    if (before)
        before->next = child->next;
    else
        object->children.first = child->next;
    if (!child->next)
        object->children.last = before;
    object->children.count--;
    json_free(child);
}

void json_set(struct json *object, const char *key, struct json *child)
{
    assert(json_is_object(object));
    remove_key(object, key);
    json_add(object, key, child);
}

void json_add(struct json *object, const char *key, struct json *child)
{
    assert(json_is_object(object) && child);
    free(child->key);
    child->key = alloc_text(key);
    json_attach(object, child);
}

void json_set_text(struct json *object, const char *key, const char *text)
{
    json_set(object, key, json_new_text(text));
}

void json_set_int(struct json *object, const char *key, int64_t number)
{
    json_set(object, key, json_new_int(number));
}

void json_set_number(struct json *object, const char *key, double number)
{
    json_set(object, key, json_new_number(number));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
    json_set(object, key, json_new_bool(value));
}

void json_append(struct json *array, struct json *child)
{
    assert(json_is_array(array));
    json_attach(array, child);
}

void json_append_text(struct json *array, const char *text)
{
    json_append(array, json_new_text(text));
}

static bool is_kind(const struct json *json, enum json_kind kind)
{
    return json && json->kind == kind;
}

bool json_is_object(const struct json *json)
{
    return is_kind(json, JSON_OBJECT);
}

bool json_is_array(const struct json *json)
{
    return is_kind(json, JSON_ARRAY);
}

bool json_is_text(const struct json *json)
{
    return is_kind(json, JSON_TEXT);
}

bool json_is_number(const struct json *json)
{
    return is_kind(json, JSON_NUMBER) || is_kind(json, JSON_REAL);
}

bool json_is_bool(const struct json *json)
{
    return is_kind(json, JSON_BOOL);
}

bool json_is_null(const struct json *json)
{
    return is_kind(json, JSON_NULL);
}

const struct json *json_find(const struct json *object, const char *key)
{
    if (!json_is_object(object))
        return NULL;
    for (const struct json *c = object->children.first; c; c = c->next) {
        if (strcmp(c->key, key) == 0)
            return c;
    }
    return NULL;
}

const char *json_get_text(const struct json *json, const char *fallback)
{
    return json_is_text(json) ? json->text : fallback;
}

bool json_read_integer(const struct json *json, struct json_integer *out)
{
    if (!is_kind(json, JSON_NUMBER))
        return false;
    *out = json->whole;
    return true;
}

double json_get_number(const struct json *json, double fallback)
{
    if (is_kind(json, JSON_REAL))
        return json->real;
    if (!is_kind(json, JSON_NUMBER))
        return fallback;
    return json->whole.is_negative ? -(double)json->whole.magnitude : (double)json->whole.magnitude;
}

/* Of a number with a fraction, the part before it. */
int64_t json_get_int(const struct json *json, int64_t fallback)
{
    if (is_kind(json, JSON_NUMBER) && json->whole.magnitude <= INT64_MAX)
        return json->whole.is_negative ? -(int64_t)json->whole.magnitude
                                       : (int64_t)json->whole.magnitude;
    if (is_kind(json, JSON_NUMBER) && json->whole.is_negative &&
        json->whole.magnitude == (uint64_t)INT64_MAX + 1)
        return INT64_MIN;
    /* 2^63 as a double: the first value that an int64_t cannot hold. */
    if (is_kind(json, JSON_REAL) && json->real < 9223372036854775808.0 &&
        json->real >= -9223372036854775808.0)
        return (int64_t)json->real;
    return fallback;
}

bool json_get_bool(const struct json *json, bool fallback)
{
    return json_is_bool(json) ? json->truth : fallback;
}

const char *json_find_text(const struct json *object, const char *key, const char *fallback)
{
    return json_get_text(json_find(object, key), fallback);
}

int64_t json_find_int(const struct json *object, const char *key, int64_t fallback)
{
    return json_get_int(json_find(object, key), fallback);
}

bool json_find_bool(const struct json *object, const char *key, bool fallback)
{
    return json_get_bool(json_find(object, key), fallback);
}

const struct json *json_first(const struct json *json)
{
    return json_is_array(json) || json_is_object(json) ? json->children.first : NULL;
}

const struct json *json_next(const struct json *child)
{
    return child->next;
}

const char *json_key(const struct json *child)
{
    return child->key;
}

size_t json_count(const struct json *json)
{
    return json_is_array(json) || json_is_object(json) ? json->children.count : 0;
}

struct json *json_copy(const struct json *json)
{
    struct json *copy = NULL;

    assert(json);
    copy = json_new_node(json->kind);
    if (json_is_text(json)) {
        copy->text = alloc_text(json->text);
    } else if (json_is_array(json) || json_is_object(json)) {
        for (const struct json *c = json->children.first; c; c = c->next) {
            struct json *child = json_copy(c);

            child->key = alloc_text(c->key);
            json_attach(copy, child);
        }
    } else {
        *copy = *json;
        copy->next = NULL;
        copy->key = NULL;
    }
    return copy;
}
