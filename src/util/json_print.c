/* SPDX-License-Identifier: MIT */

/*
 * JSON: a tree becomes text, by yajl
 *
 * Digests are made of such texts, so that what they look like does not change.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "util/json_node.h"
#include "util/text.h"

static void add_whole(yajl_gen out, struct json_integer whole)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%s%" PRIu64, whole.is_negative ? "-" : "",
                          whole.magnitude);

    yajl_gen_number(out, digits, (size_t)length);
}

/* Every double is read back as the same from 17 digits, and most from 15. */
static void add_real(yajl_gen out, double number)
{
    char digits[32];
    int length = snprintf(digits, sizeof(digits), "%1.15g", number);

    if (isnan(number) || isinf(number)) {
        yajl_gen_null(out);
        return;
    }
    if (strtod(digits, NULL) != number)
        length = snprintf(digits, sizeof(digits), "%1.17g", number);
    yajl_gen_number(out, digits, (size_t)length);
}

static void add_text(yajl_gen out, const char *text)
{
    yajl_gen_string(out, (const unsigned char *)text, strlen(text));
}

static void add_value(yajl_gen out, const struct json *json);

static void add_children(yajl_gen out, const struct json *parent)
{
    for (const struct json *c = parent->children.first; c; c = c->next) {
        if (c->key)
            add_text(out, c->key);
        add_value(out, c);
    }
}

static void add_value(yajl_gen out, const struct json *json)
{
    switch (json->kind) {
    case JSON_NULL:
        yajl_gen_null(out);
        break;
    case JSON_BOOL:
        yajl_gen_bool(out, json->truth);
        break;
    case JSON_NUMBER:
        add_whole(out, json->whole);
        break;
    case JSON_REAL:
        add_real(out, json->real);
        break;
    case JSON_TEXT:
        add_text(out, json->text);
        break;
    case JSON_ARRAY:
        yajl_gen_array_open(out);
        add_children(out, json);
        yajl_gen_array_close(out);
        break;
    case JSON_OBJECT:
        yajl_gen_map_open(out);
        add_children(out, json);
        yajl_gen_map_close(out);
        break;
    }
}

static void print(void *context, const char *text, size_t length)
{
    text_add_bytes(context, text, length);
}

char *json_print(const struct json *json, bool pretty)
{
    struct text out = { 0 };
    yajl_gen generator = yajl_gen_alloc(NULL);

    yajl_gen_config(generator, yajl_gen_print_callback, print, &out);
    yajl_gen_config(generator, yajl_gen_beautify, pretty);
    if (json)
        add_value(generator, json);
    yajl_gen_free(generator);
    if (pretty && out.length > 0)
        out.data[--out.length] = '\0'; /* the end of the line */
    return text_steal(&out);
}
