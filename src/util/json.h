/* SPDX-License-Identifier: MIT */

/*
 * JSON
 *
 * A tree is owned by its root; what the _find and _get functions return is borrowed from it. No
 * whole number of 64 bits loses a digit. Of members with the same key the first counts.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct json; /* a value: object, array, text, number, boolean or null */

#define JSON_DEPTH_MAX 64

/* ERROR_INVALID: not JSON, deeper than JSON_DEPTH_MAX, or followed by something else. */
struct json *json_parse(const char *text, size_t length, struct error *err) MUST_CHECK;

/*
 * The same for documents of others: a NUL, where json_parse() ends a text or all of it, is refused,
 * as is what is not UTF-8.
 */
struct json *json_parse_exact(const char *text, size_t length, struct error *err) MUST_CHECK;

struct json_integer {
    bool is_negative;
    uint64_t magnitude;
};

/* Read a number that is whole, however it is written; false: it is not, or has over 64 bits. */
bool json_read_integer(const struct json *json, struct json_integer *out);

void json_free(struct json *json);
DEFINE_CLEANUP(json)

struct json *json_new_object(void) MUST_CHECK;
struct json *json_new_array(void) MUST_CHECK;
struct json *json_new_text(const char *text) MUST_CHECK; /* NULL: a JSON null */
struct json *json_new_int(int64_t number) MUST_CHECK;

/* Set `key` of an object. `child` belongs to `object` from then on. */
void json_set(struct json *object, const char *key, struct json *child);
/* The same of a key that is not there yet: it is not looked for, however many there are. */
void json_add(struct json *object, const char *key, struct json *child);
void json_set_text(struct json *object, const char *key, const char *text);
void json_set_int(struct json *object, const char *key, int64_t number);
void json_set_number(struct json *object, const char *key, double number);
void json_set_bool(struct json *object, const char *key, bool value);

/* Append to an array, which owns `child` from then on. */
void json_append(struct json *array, struct json *child);
void json_append_text(struct json *array, const char *text);

bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
bool json_is_text(const struct json *json);
bool json_is_number(const struct json *json);
bool json_is_bool(const struct json *json);
bool json_is_null(const struct json *json);

/* The member `key` of an object, or NULL; also NULL when `object` is NULL or no object. */
const struct json *json_find(const struct json *object, const char *key);

/* The value, or `fallback` when `json` is NULL or of another kind. */
const char *json_get_text(const struct json *json, const char *fallback);
int64_t json_get_int(const struct json *json, int64_t fallback);
double json_get_number(const struct json *json, double fallback);
bool json_get_bool(const struct json *json, bool fallback);

/* The same of the member `key`. */
const char *json_find_text(const struct json *object, const char *key, const char *fallback);
int64_t json_find_int(const struct json *object, const char *key, int64_t fallback);
bool json_find_bool(const struct json *object, const char *key, bool fallback);

/* Children of an array or object, in order: for (c = json_first(a); c; c = json_next(c)) */
const struct json *json_first(const struct json *json);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child); /* of an object's member, else NULL */
size_t json_count(const struct json *json);

struct json *json_copy(const struct json *json) MUST_CHECK;

/* As text on one line, or indented; the caller frees it. */
char *json_print(const struct json *json, bool pretty) MUST_CHECK;
