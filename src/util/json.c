/* SPDX-License-Identifier: MIT */

/*
 * JSON
 *
 * `struct json` is cJSON's own node under another name: the casts at the top are all there is.
 */

#include "util/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

static cJSON *node_of(struct json *json)
{
    return (cJSON *)json;
}

static const cJSON *node_of_const(const struct json *json)
{
    return (const cJSON *)json;
}

static struct json *checked(cJSON *node)
{
    if (node)
        return (struct json *)node;
    fputs("out of memory\n", stderr);
    abort();
}

/* A double holds every whole number of this many digits. */
#define EXACT_DIGITS 15
#define KEPT_MARK '\001'

/* cJSON limits nesting to 1000, which its own recursion survives; we want far less. */
static bool is_too_deep(const char *text, size_t length)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

struct json *json_parse(const char *text, size_t length, struct error *err)
{
    const char *end = NULL;
    cJSON *node = NULL;

    if (is_too_deep(text, length)) {
        error_set(err, ERROR_INVALID, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
        return NULL;
    }
    node = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    while (node && end < text + length && strchr(" \t\r\n", *end) && *end)
        end++;
    if (!node || (end < text + length && *end)) {
        cJSON_Delete(node);
        error_set(err, ERROR_INVALID, "not JSON at byte %zu", end ? (size_t)(end - text) : 0);
        return NULL;
    }
    return (struct json *)node;
}

/* The length of the number at `text`, and whether a double could lose a digit of it. */
static size_t scan_number(const char *text, size_t length, bool *is_long_out)
{
    size_t sign = text[0] == '-' ? 1 : 0, end = sign;

    while (end < length && text[end] >= '0' && text[end] <= '9')
        end++;
    *is_long_out = end - sign > EXACT_DIGITS &&
                   (end == length || (text[end] != '.' && text[end] != 'e' && text[end] != 'E'));
    while (end < length && strchr("0123456789+-.eE", text[end]) && text[end])
        end++;
    return end;
}

/* How many bytes the character at `text` has in UTF-8; 0: it is none. */
static size_t measure_character(const unsigned char *text, size_t length)
{
    static const struct {
        unsigned char first, last, low, high; /* of its first byte, and of its second */
        size_t length;
    } kinds[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    if (text[0] < 0x80)
        return 1;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (text[0] < kinds[i].first || text[0] > kinds[i].last || length < kinds[i].length)
            continue;
        if (text[1] < kinds[i].low || text[1] > kinds[i].high)
            return 0;
        for (size_t j = 2; j < kinds[i].length; j++) {
            if ((text[j] & 0xc0) != 0x80)
                return 0;
        }
        return kinds[i].length;
    }
    return 0;
}

static int check_encoding(const char *text, size_t length, struct error *err)
{
    for (size_t i = 0, step = 0; i < length; i += step) {
        step = measure_character((const unsigned char *)text + i, length - i);
        if (step == 0)
            return error_set(err, ERROR_INVALID, "not UTF-8 at byte %zu", i);
    }
    return 0;
}

struct json *json_parse_exact(const char *text, size_t length, struct error *err)
{
    AUTO_TEXT struct text kept = { 0 };
    bool quoted = false, is_long = false;

    if (check_encoding(text, length, err) < 0)
        return NULL;
    for (size_t i = 0, step = 1; i < length; i += step) {
        step = 1;
        if (quoted && length - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0) {
            error_set(err, ERROR_INVALID, "a text with a NUL at byte %zu", i);
            return NULL;
        }
        if (quoted && text[i] == '\\' && i + 1 < length)
            step = 2;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')))
            step = scan_number(text + i, length - i, &is_long);
        if (is_long)
            text_add(&kept, "\"\\u0001");
        text_add_bytes(&kept, text + i, step);
        if (is_long)
            text_add_char(&kept, '"');
        is_long = false;
    }
    return json_parse(text_get(&kept), kept.length, err);
}

bool json_read_integer(const struct json *json, struct json_integer *out)
{
    const char *kept = json_get_text(json, "");
    double number = json_get_number(json, NAN);
    char *end = NULL;

    if (kept[0] == KEPT_MARK) {
        out->is_negative = kept[1] == '-';
        errno = 0;
        out->magnitude = strtoull(kept + 1 + out->is_negative, &end, 10);
        return errno == 0 && *end == '\0' && end != kept + 1;
    }
    if (isnan(number) || number != floor(number) || fabs(number) >= 1e15)
        return false;
    out->is_negative = number < 0;
    out->magnitude = (uint64_t)fabs(number);
    return true;
}

void json_free(struct json *json)
{
    cJSON_Delete(node_of(json));
}

struct json *json_new_object(void)
{
    return checked(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
    return checked(cJSON_CreateArray());
}

struct json *json_new_text(const char *text)
{
    return checked(text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

struct json *json_new_int(int64_t number)
{
    return checked(cJSON_CreateNumber((double)number));
}

void json_set(struct json *object, const char *key, struct json *child)
{
    cJSON_DeleteItemFromObjectCaseSensitive(node_of(object), key);
    cJSON_AddItemToObject(node_of(object), key, node_of(child));
}

void json_add(struct json *object, const char *key, struct json *child)
{
    cJSON_AddItemToObject(node_of(object), key, node_of(child));
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
    json_set(object, key, checked(cJSON_CreateNumber(number)));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
    json_set(object, key, checked(cJSON_CreateBool(value)));
}

void json_append(struct json *array, struct json *child)
{
    cJSON_AddItemToArray(node_of(array), node_of(child));
}

void json_append_text(struct json *array, const char *text)
{
    json_append(array, json_new_text(text));
}

bool json_is_object(const struct json *json)
{
    return cJSON_IsObject(node_of_const(json));
}

bool json_is_array(const struct json *json)
{
    return cJSON_IsArray(node_of_const(json));
}

bool json_is_text(const struct json *json)
{
    return cJSON_IsString(node_of_const(json));
}

bool json_is_number(const struct json *json)
{
    return cJSON_IsNumber(node_of_const(json));
}

bool json_is_bool(const struct json *json)
{
    return cJSON_IsBool(node_of_const(json));
}

bool json_is_null(const struct json *json)
{
    return cJSON_IsNull(node_of_const(json));
}

const struct json *json_find(const struct json *object, const char *key)
{
    if (!json_is_object(object))
        return NULL;
    return (const struct json *)cJSON_GetObjectItemCaseSensitive(node_of_const(object), key);
}

const char *json_get_text(const struct json *json, const char *fallback)
{
    return json_is_text(json) ? node_of_const(json)->valuestring : fallback;
}

double json_get_number(const struct json *json, double fallback)
{
    return json_is_number(json) ? node_of_const(json)->valuedouble : fallback;
}

int64_t json_get_int(const struct json *json, int64_t fallback)
{
    double number = json_get_number(json, NAN);

    /* 2^63 as a double: the first value that an int64_t cannot hold. */
    if (isnan(number) || number >= 9223372036854775808.0 || number < -9223372036854775808.0)
        return fallback;
    return (int64_t)number;
}

bool json_get_bool(const struct json *json, bool fallback)
{
    return cJSON_IsBool(node_of_const(json)) ? cJSON_IsTrue(node_of_const(json)) : fallback;
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
    return json ? (const struct json *)node_of_const(json)->child : NULL;
}

const struct json *json_next(const struct json *child)
{
    return (const struct json *)node_of_const(child)->next;
}

const char *json_key(const struct json *child)
{
    return node_of_const(child)->string;
}

size_t json_count(const struct json *json)
{
    return json ? (size_t)cJSON_GetArraySize(node_of_const(json)) : 0;
}

struct json *json_copy(const struct json *json)
{
    return checked(cJSON_Duplicate(node_of_const(json), 1));
}

char *json_print(const struct json *json, bool pretty)
{
    char *text =
        pretty ? cJSON_Print(node_of_const(json)) : cJSON_PrintUnformatted(node_of_const(json));

    return text ? text : alloc_text("");
}
