/* SPDX-License-Identifier: MIT */

/*
 * Strict text
 *
 * The JSON grammar of RFC 8259 by recursive descent; nothing is built, so nothing is
 * allocated whatever comes in.
 */

#include "common/strict.h"

#include <string.h>

struct cursor {
    const unsigned char *at;
    const unsigned char *end;
    unsigned int depth;
};

static bool skip_value(struct cursor *c);

static int peek(const struct cursor *c)
{
    return c->at < c->end ? *c->at : -1;
}

static bool skip_byte(struct cursor *c, int byte)
{
    if (peek(c) != byte)
        return false;
    c->at++;
    return true;
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at != '\0')
        c->at++;
}

/* One character beyond ASCII: no overlong form, no surrogate, nothing past U+10FFFF. */
static bool skip_multibyte(struct cursor *c)
{
    static const struct {
        unsigned char first, last; /* of the leading byte */
        unsigned char low, high;   /* of the second byte */
        unsigned char length;
    } forms[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (*c->at < forms[i].first || *c->at > forms[i].last)
            continue;
        if (c->end - c->at < forms[i].length || c->at[1] < forms[i].low || c->at[1] > forms[i].high)
            return false;
        for (unsigned char n = 2; n < forms[i].length; n++)
            if ((c->at[n] & 0xc0) != 0x80)
                return false;
        c->at += forms[i].length;
        return true;
    }
    return false;
}

static bool is_hex(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* After the backslash. A NUL is refused: strings end there in C. */
static bool skip_escape(struct cursor *c)
{
    if (!skip_byte(c, 'u')) {
        if (peek(c) <= 0 || !strchr("\"\\/bfnrt", *c->at))
            return false;
        c->at++;
        return true;
    }
    if (c->end - c->at < 4 || memcmp(c->at, "0000", 4) == 0)
        return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(c->at[i]))
            return false;
    c->at += 4;
    return true;
}

static bool skip_string(struct cursor *c)
{
    if (!skip_byte(c, '"'))
        return false;
    while (c->at < c->end) {
        unsigned char byte = *c->at;

        if (byte == '"') {
            c->at++;
            return true;
        }
        if (byte < 0x20)
            return false;
        if (byte >= 0x80) {
            if (!skip_multibyte(c))
                return false;
            continue;
        }
        c->at++;
        if (byte == '\\' && !skip_escape(c))
            return false;
    }
    return false;
}

static bool skip_digits(struct cursor *c)
{
    const unsigned char *start = c->at;

    while (peek(c) >= '0' && peek(c) <= '9')
        c->at++;
    return c->at > start;
}

static bool skip_number(struct cursor *c)
{
    skip_byte(c, '-');
    if (!skip_byte(c, '0') && !skip_digits(c))
        return false;
    if (skip_byte(c, '.') && !skip_digits(c))
        return false;
    if (skip_byte(c, 'e') || skip_byte(c, 'E')) {
        if (!skip_byte(c, '+'))
            skip_byte(c, '-');
        return skip_digits(c);
    }
    return true;
}

static bool skip_word(struct cursor *c, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

/* The members of an object or the elements of an array, after the opening bracket. */
static bool skip_members(struct cursor *c, bool is_object)
{
    int close = is_object ? '}' : ']';

    skip_space(c);
    if (skip_byte(c, close))
        return true;
    for (;;) {
        skip_space(c);
        if (is_object) {
            if (!skip_string(c))
                return false;
            skip_space(c);
            if (!skip_byte(c, ':'))
                return false;
        }
        if (!skip_value(c))
            return false;
        if (skip_byte(c, close))
            return true;
        if (!skip_byte(c, ','))
            return false;
    }
}

static bool skip_nested(struct cursor *c, bool is_object)
{
    bool valid = false;

    if (++c->depth > STRICT_DEPTH_MAX)
        return false;
    c->at++;
    valid = skip_members(c, is_object);
    c->depth--;
    return valid;
}

static bool skip_bare(struct cursor *c)
{
    switch (peek(c)) {
    case '{':
        return skip_nested(c, true);
    case '[':
        return skip_nested(c, false);
    case '"':
        return skip_string(c);
    case 't':
        return skip_word(c, "true");
    case 'f':
        return skip_word(c, "false");
    case 'n':
        return skip_word(c, "null");
    default:
        return skip_number(c);
    }
}

static bool skip_value(struct cursor *c)
{
    skip_space(c);
    if (!skip_bare(c))
        return false;
    skip_space(c);
    return true;
}

bool strict_is_json(const char *text, size_t length)
{
    struct cursor c = { .at = (const unsigned char *)text };

    c.end = c.at + length;
    return skip_value(&c) && c.at == c.end;
}

bool strict_is_line(const char *text)
{
    struct cursor c = { .at = (const unsigned char *)text };

    c.end = c.at + strlen(text);
    while (c.at < c.end) {
        if (*c.at < 0x20 || *c.at == 0x7f)
            return false;
        if (*c.at < 0x80)
            c.at++;
        else if (!skip_multibyte(&c))
            return false;
    }
    return true;
}
