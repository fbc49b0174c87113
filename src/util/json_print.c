/* SPDX-License-Identifier: MIT */

/*
 * JSON: a tree becomes text
 *
 * Digests are made of such texts, so that what they look like does not change.
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/json_node.h"
#include "util/text.h"

/* Every double is read back as the same from 17 digits, and most from 15. */
static void add_real(struct text *out, double number)
{
    char digits[32];

    if (isnan(number) || isinf(number)) {
        text_add(out, "null");
        return;
    }
    snprintf(digits, sizeof(digits), "%1.15g", number);
    if (strtod(digits, NULL) != number)
        snprintf(digits, sizeof(digits), "%1.17g", number);
    text_add(out, digits);
}

static void add_text(struct text *out, const char *text)
{
    static const char *const short_forms[0x20] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
    };
    const char *plain = text; /* from here on nothing is added yet */

    text_add_char(out, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add_bytes(out, plain, (size_t)(p - plain));
        plain = p + 1;
        if (c >= 0x20)
            text_add_format(out, "\\%c", c);
        else if (short_forms[c])
            text_add(out, short_forms[c]);
        else
            text_add_format(out, "\\u%04x", c);
    }
    text_add(out, plain);
    text_add_char(out, '"');
}

static void add_tabs(struct text *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add_char(out, '\t');
}

static void add_value(struct text *out, const struct json *json, bool pretty, size_t depth);

static void add_array(struct text *out, const struct json *array, bool pretty, size_t depth)
{
    text_add_char(out, '[');
    for (const struct json *c = array->children.first; c; c = c->next) {
        add_value(out, c, pretty, depth + 1);
        if (c->next)
            text_add(out, pretty ? ", " : ",");
    }
    text_add_char(out, ']');
}

static void add_object(struct text *out, const struct json *object, bool pretty, size_t depth)
{
    text_add(out, pretty ? "{\n" : "{");
    for (const struct json *c = object->children.first; c; c = c->next) {
        add_tabs(out, pretty ? depth + 1 : 0);
        add_text(out, c->key);
        text_add(out, pretty ? ":\t" : ":");
        add_value(out, c, pretty, depth + 1);
        text_add(out, c->next ? "," : "");
        text_add(out, pretty ? "\n" : "");
    }
    add_tabs(out, pretty ? depth : 0);
    text_add_char(out, '}');
}

static void add_value(struct text *out, const struct json *json, bool pretty, size_t depth)
{
    switch (json->kind) {
    case JSON_NULL:
        text_add(out, "null");
        break;
    case JSON_BOOL:
        text_add(out, json->truth ? "true" : "false");
        break;
    case JSON_NUMBER:
        text_add_format(out, "%s%" PRIu64, json->whole.is_negative ? "-" : "",
                        json->whole.magnitude);
        break;
    case JSON_REAL:
        add_real(out, json->real);
        break;
    case JSON_TEXT:
        add_text(out, json->text);
        break;
    case JSON_ARRAY:
        add_array(out, json, pretty, depth);
        break;
    case JSON_OBJECT:
        add_object(out, json, pretty, depth);
        break;
    }
}

char *json_print(const struct json *json, bool pretty)
{
    struct text out = { 0 };

    if (json)
        add_value(&out, json, pretty, 0);
    return text_steal(&out);
}
