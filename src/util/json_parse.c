/* SPDX-License-Identifier: MIT */

/*
 * JSON: text becomes a tree (RFC 8259)
 *
 * Texts may have any bytes from 0x80 on, because file names and the output of containers do.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/json_node.h"

struct reading {
    const char *text, *end;
    const char *at; /* the next byte; after a failure the one that is wrong */
    size_t depth;
    bool refuses_nul, is_too_deep, has_nul;
};

/* The next byte, or NUL at the end. */
static char peek(const struct reading *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reading *r, char wanted)
{
    if (peek(r) != wanted || r->at == r->end)
        return false;
    r->at++;
    return true;
}

static bool take_word(struct reading *r, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return false;
    r->at += length;
    return true;
}

static void skip_space(struct reading *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
        r->at++;
}

static bool take_digits(struct reading *r)
{
    const char *from = r->at;

    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return r->at > from;
}

static struct json *read_number(struct reading *r)
{
    const char *from = r->at;
    bool is_negative = take(r, '-'), is_whole = true;
    AUTO_FREE char *digits = NULL;
    struct json *json = NULL;
    uint64_t magnitude = 0;

    if (!take(r, '0') && !take_digits(r))
        return NULL;
    if (take(r, '.')) {
        is_whole = false;
        if (!take_digits(r))
            return NULL;
    }
    if (take(r, 'e') || take(r, 'E')) {
        is_whole = false;
        if (!take(r, '+'))
            take(r, '-');
        if (!take_digits(r))
            return NULL;
    }
    digits = alloc_text_part(from, (size_t)(r->at - from));
    errno = 0;
    magnitude = is_whole ? strtoull(digits + is_negative, NULL, 10) : 0;
    if (!is_whole || errno != 0)
        return json_new_number(strtod(digits, NULL));
    json = json_new_node(JSON_NUMBER);
    json->whole = (struct json_integer){ is_negative && magnitude > 0, magnitude };
    return json;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u; below 0: there are none. */
static long read_unit(struct reading *r)
{
    long unit = 0;

    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(peek(r));

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
        r->at++;
    }
    return unit;
}

/* A character as UTF-8; above the first 65,536 it is written as two units. */
static bool decode_unicode(struct reading *r, char **out)
{
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    const char *escape = r->at - 2;
    long code = read_unit(r), low = 0;
    size_t length = 0;

    if (code < 0)
        return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !take_word(r, "\\u") || (low = read_unit(r)) < 0xdc00 || low > 0xdfff)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0 && r->refuses_nul) {
        r->has_nul = true;
        r->at = escape;
        return false;
    }
    if (code < 0x80) {
        *(*out)++ = (char)code;
        return true;
    }
    length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    *(*out)++ = (char)(first[length] | code >> (6 * (length - 1)));
    for (size_t i = length - 1; i > 0; i--)
        *(*out)++ = (char)(0x80 | (code >> (6 * (i - 1)) & 0x3f));
    return true;
}

static bool decode_escape(struct reading *r, char **out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = NULL;

    if (take(r, 'u'))
        return decode_unicode(r, out);
    found = peek(r) ? strchr(letters, peek(r)) : NULL;
    if (!found)
        return false;
    *(*out)++ = meanings[found - letters];
    r->at++;
    return true;
}

/* Where the text that begins here ends; it is never longer than it is written. */
static const char *find_quote(const struct reading *r)
{
    for (const char *p = r->at; p < r->end; p++) {
        if (*p == '"')
            return p;
        if (*p == '\\')
            p++;
    }
    return r->end;
}

static char *read_text(struct reading *r)
{
    AUTO_FREE char *text = NULL;
    char *out = NULL;

    if (!take(r, '"'))
        return NULL;
    text = alloc_array(char, (size_t)(find_quote(r) - r->at) + 1);
    out = text;
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20)
            return NULL;
        if (!take(r, '\\'))
            *out++ = *r->at++;
        else if (!decode_escape(r, &out))
            return NULL;
    }
    return take(r, '"') ? STEAL_PTR(text) : NULL;
}

static struct json *read_value(struct reading *r);

static bool read_member(struct reading *r, struct json *parent)
{
    AUTO_FREE char *key = NULL;
    struct json *child = NULL;

    skip_space(r);
    if (json_is_object(parent)) {
        key = read_text(r);
        skip_space(r);
        if (!key || !take(r, ':'))
            return false;
    }
    child = read_value(r);
    if (!child)
        return false;
    child->key = STEAL_PTR(key);
    json_attach(parent, child);
    skip_space(r);
    return true;
}

static struct json *read_children(struct reading *r, enum json_kind kind, char end)
{
    AUTO(json) struct json *json = json_new_node(kind);

    r->at++;
    r->is_too_deep = ++r->depth > JSON_DEPTH_MAX;
    if (r->is_too_deep)
        return NULL;
    skip_space(r);
    if (!take(r, end)) {
        do {
            if (!read_member(r, json))
                return NULL;
        } while (take(r, ','));
        if (!take(r, end))
            return NULL;
    }
    r->depth--;
    return STEAL_PTR(json);
}

static struct json *read_value(struct reading *r)
{
    struct json *json = NULL;
    char *text = NULL;

    skip_space(r);
    if (peek(r) == '{')
        return read_children(r, JSON_OBJECT, '}');
    if (peek(r) == '[')
        return read_children(r, JSON_ARRAY, ']');
    if (peek(r) == '"') {
        text = read_text(r);
        json = text ? json_new_node(JSON_TEXT) : NULL;
        if (json)
            json->text = text;
        return json;
    }
    if (take_word(r, "null"))
        return json_new_node(JSON_NULL);
    if (take_word(r, "true"))
        return json_new_bool(true);
    if (take_word(r, "false"))
        return json_new_bool(false);
    return read_number(r);
}

static struct json *parse(struct reading *r, struct error *err)
{
    AUTO(json) struct json *json = read_value(r);

    if (json)
        skip_space(r);
    if (json && (r->at == r->end || *r->at == '\0'))
        return STEAL_PTR(json);
    if (r->is_too_deep)
        error_set(err, ERROR_INVALID, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
    else
        error_set(err, ERROR_INVALID,
                  r->has_nul ? "a text with a NUL at byte %zu" : "not JSON at byte %zu",
                  (size_t)(r->at - r->text));
    return NULL;
}

struct json *json_parse(const char *text, size_t length, struct error *err)
{
    struct reading r = { .text = text, .end = text + length, .at = text };

    return parse(&r, err);
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
    struct reading r = { .text = text, .end = text + length, .at = text, .refuses_nul = true };

    return check_encoding(text, length, err) < 0 ? NULL : parse(&r, err);
}
