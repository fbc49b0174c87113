/* SPDX-License-Identifier: MIT */

/*
 * JSON: text becomes a tree (RFC 8259), by the events of yajl
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/json_node.h"

/* How many bytes the character at `text` has in UTF-8; 0: it is none. yajl takes longer forms, too.
 */
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

/* Where `text` stops to be UTF-8; `length`: nowhere. */
static size_t find_fault(const unsigned char *text, size_t length)
{
    size_t step = 0;

    for (size_t i = 0; i < length; i += step) {
        step = measure_character(text + i, length - i);
        if (step == 0)
            return i;
    }
    return length;
}

/* Returned by callbacks. */
enum { STOP = 0, GO_ON = 1 };

struct reading {
    struct json *open[JSON_DEPTH_MAX]; /* what has begun and not ended, outermost first */
    size_t depth;
    struct json *root;
    char *key; /* of the next value */
    bool is_exact;
    bool is_too_deep;
    const char *fault; /* what else a callback has stopped for */
};

static int add(struct reading *r, struct json *json)
{
    if (r->depth == 0) {
        r->root = json;
        return GO_ON;
    }
    json->key = STEAL_PTR(r->key);
    json_attach(r->open[r->depth - 1], json);
    return GO_ON;
}

static int on_null(void *context)
{
    return add(context, json_new_node(JSON_NULL));
}

static int on_bool(void *context, int value)
{
    return add(context, json_new_bool(value != 0));
}

static int on_number(void *context, const char *text, size_t length)
{
    AUTO_FREE char *digits = alloc_text_part(text, length);
    bool is_negative = digits[0] == '-';
    bool is_whole = digits[strspn(digits, "-0123456789")] == '\0';
    struct json *json = NULL;
    uint64_t magnitude = 0;

    errno = 0;
    magnitude = is_whole ? strtoull(digits + is_negative, NULL, 10) : 0;
    if (!is_whole || errno != 0)
        return add(context, json_new_number(strtod(digits, NULL)));
    json = json_new_node(JSON_NUMBER);
    json->whole = (struct json_integer){ is_negative && magnitude > 0, magnitude };
    return add(context, json);
}

/* With a NUL in it, it ends there; NULL: it is refused. */
static char *take_text(struct reading *r, const unsigned char *text, size_t length)
{
    if (r->is_exact && memchr(text, '\0', length))
        r->fault = "a text with a NUL";
    else if (r->is_exact && find_fault(text, length) < length) /* by halves of characters */
        r->fault = "a text that is not UTF-8";
    return r->fault ? NULL : alloc_text_part((const char *)text, length);
}

static int on_text(void *context, const unsigned char *text, size_t length)
{
    AUTO_FREE char *copy = take_text(context, text, length);
    struct json *json = NULL;

    if (!copy)
        return STOP;
    json = json_new_node(JSON_TEXT);
    json->text = STEAL_PTR(copy);
    return add(context, json);
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
    struct reading *r = context;

    r->key = take_text(r, text, length);
    return r->key ? GO_ON : STOP;
}

static int begin(struct reading *r, enum json_kind kind)
{
    struct json *json = NULL;

    r->is_too_deep = r->depth == JSON_DEPTH_MAX;
    if (r->is_too_deep)
        return STOP;
    json = json_new_node(kind);
    add(r, json);
    r->open[r->depth++] = json;
    return GO_ON;
}

static int on_object(void *context)
{
    return begin(context, JSON_OBJECT);
}

static int on_array(void *context)
{
    return begin(context, JSON_ARRAY);
}

static int on_end(void *context)
{
    struct reading *r = context;

    r->depth--;
    return GO_ON;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_text,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

static int read_all(const struct reading *r, yajl_handle parser, const char *text, size_t length,
                    struct error *err)
{
    size_t at = length;

    if (yajl_parse(parser, (const unsigned char *)text, length) != yajl_status_ok)
        at = yajl_get_bytes_consumed(parser);
    else if (yajl_complete_parse(parser) == yajl_status_ok)
        return 0;
    if (r->is_too_deep)
        return error_set(err, ERROR_INVALID, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
    return error_set(err, ERROR_INVALID, "%s before byte %zu", r->fault ? r->fault : "not JSON",
                     at);
}

/* Texts may have any bytes from 0x80 on, because file names and the output of containers do. */
static struct json *parse(struct reading *r, const char *text, size_t length, struct error *err)
{
    yajl_handle parser = yajl_alloc(&callbacks, NULL, r);
    int result = 0;

    yajl_config(parser, yajl_dont_validate_strings, 1);
    result = read_all(r, parser, text, strnlen(text, length), err);
    yajl_free(parser);
    free(r->key);
    if (result == 0)
        return r->root;
    json_free(r->root);
    return NULL;
}

struct json *json_parse(const char *text, size_t length, struct error *err)
{
    struct reading r = { 0 };

    return parse(&r, text, length, err);
}

struct json *json_parse_exact(const char *text, size_t length, struct error *err)
{
    struct reading r = { .is_exact = true };
    size_t fault = find_fault((const unsigned char *)text, length);

    if (fault < length)
        error_set(err, ERROR_INVALID, "not UTF-8 at byte %zu", fault);
    else if (memchr(text, '\0', length)) /* where json_parse() ends */
        error_set(err, ERROR_INVALID, "a NUL at byte %zu", strlen(text));
    else
        return parse(&r, text, length, err);
    return NULL;
}
