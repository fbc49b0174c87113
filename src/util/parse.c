/* SPDX-License-Identifier: MIT */

/*
 * Numbers, durations and sizes as people write them
 */

#include "util/parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

int parse_int(const char *text, int64_t min, int64_t max, int64_t *out, struct error *err)
{
    char *end = NULL;
    long long value = 0;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0]) || text[0] == '+')
        return error_set(err, ERROR_INVALID, "'%s' is not a whole number", text);
    if (errno == ERANGE || value < min || value > max)
        return error_set(err, ERROR_INVALID, "'%s' is not between %" PRId64 " and %" PRId64, text,
                         min, max);
    *out = value;
    return 0;
}

/*
 * Read "12" or "12.345" at *p as millionths and move *p behind it. Returns false when there is
 * no number or it is too large to count.
 */
static bool read_decimal(const char **p, int64_t *millionths)
{
    int64_t value = 0;
    int64_t unit = 100000;
    const char *start = *p;

    for (; isdigit((unsigned char)**p); (*p)++) {
        if (value > INT64_MAX / 100000000)
            return false;
        value = value * 10 + (**p - '0');
    }
    value *= 1000000;
    if (**p == '.') {
        (*p)++;
        for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
            value += (**p - '0') * unit;
    }
    *millionths = value;
    return *p > start && !(*p == start + 1 && *start == '.');
}

int parse_millis(const char *text, int64_t *out, struct error *err)
{
    const char *p = text;
    int64_t millionths = 0;

    if (!read_decimal(&p, &millionths) || *p != '\0')
        return error_set(err, ERROR_INVALID, "'%s' is not a number like 0.5 or 2", text);
    *out = millionths / 1000;
    return 0;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* The unit at *p, longest name first in `units` (ended by NULL), and *p moved behind it. */
static const struct unit *read_unit(const char **p, const struct unit *units)
{
    for (; units->name; units++) {
        size_t length = strlen(units->name);

        if (strncasecmp(*p, units->name, length) == 0) {
            *p += length;
            return units;
        }
    }
    return NULL;
}

int parse_duration_ms(const char *text, int64_t *out, struct error *err)
{
    static const struct unit units[] = {
        { "ms", 1000 },       { "us", 1 },           { "\xc2\xb5s", 1 },
        { "s", 1000000 },     { "m", 60000000 },     { "h", 3600000000 },
        { "d", 86400000000 }, { "w", 604800000000 }, { NULL, 0 },
    };
    const char *p = text;
    int64_t total_us = 0;

    if (strcmp(text, "0") == 0) {
        *out = 0;
        return 0;
    }
    do {
        const struct unit *unit = NULL;
        int64_t millionths = 0;
        int64_t part = 0;

        if (!read_decimal(&p, &millionths) || !(unit = read_unit(&p, units)) ||
            __builtin_mul_overflow(millionths, unit->factor / 1000 + (unit->factor < 1000), &part))
            return error_set(err, ERROR_INVALID,
                             "'%s' is not a duration; write 250ms, 10s or 1m30s", text);
        part /= unit->factor < 1000 ? 1000000 : 1000;
        if (__builtin_add_overflow(total_us, part, &total_us))
            return error_set(err, ERROR_INVALID, "'%s' is too long", text);
    } while (*p != '\0');
    *out = total_us / 1000;
    return 0;
}

int parse_bytes(const char *text, uint64_t *out, struct error *err)
{
    static const struct unit units[] = {
        { "tib", 1LL << 40 }, { "tb", 1LL << 40 }, { "t", 1LL << 40 }, { "gib", 1 << 30 },
        { "gb", 1 << 30 },    { "g", 1 << 30 },    { "mib", 1 << 20 }, { "mb", 1 << 20 },
        { "m", 1 << 20 },     { "kib", 1 << 10 },  { "kb", 1 << 10 },  { "k", 1 << 10 },
        { "b", 1 },           { "", 1 },           { NULL, 0 },
    };
    const char *p = text;
    const struct unit *unit = NULL;
    int64_t millionths = 0;

    if (read_decimal(&p, &millionths)) {
        while (*p == ' ')
            p++;
        unit = read_unit(&p, units);
    }
    if (!unit || *p != '\0')
        return error_set(err, ERROR_INVALID, "'%s' is not a size; write 64M, 1.5G or 4096", text);
    if (millionths / 1000000 > INT64_MAX / unit->factor)
        return error_set(err, ERROR_INVALID, "'%s' is too large", text);
    *out = (uint64_t)(millionths / 1000000 * unit->factor) +
           (uint64_t)((__int128)(millionths % 1000000) * unit->factor / 1000000);
    return 0;
}

int parse_bool(const char *text, bool loose, bool *out, struct error *err)
{
    static const struct {
        const char *word;
        bool value;
        bool loose;
    } words[] = {
        { "true", true, false }, { "false", false, false }, { "yes", true, true },
        { "no", false, true },   { "on", true, true },      { "off", false, true },
        { "y", true, true },     { "n", false, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcasecmp(text, words[i].word) == 0 && (loose || !words[i].loose)) {
            *out = words[i].value;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "'%s' is not true or false", text);
}

/* Add the quoted part at `p` (behind the quote) to `word`; returns behind it, NULL if open. */
static const char *read_quoted(const char *p, char quote, struct text *word)
{
    for (; *p && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && p[1] && strchr("\"\\$`\n", p[1]))
            p++;
        text_add_char(word, *p);
    }
    return *p ? p + 1 : NULL;
}

int parse_words(const char *text, struct strings *out, struct error *err)
{
    struct strings words = { 0 };
    AUTO_TEXT struct text word = { 0 };
    const char *p = text;

    while (p && *(p += strspn(p, " \t\r\n"))) {
        text_clear(&word);
        while (p && *p && !strchr(" \t\r\n", *p)) {
            if (*p == '\'' || *p == '"') {
                p = read_quoted(p + 1, *p, &word);
                continue;
            }
            if (*p == '\\' && p[1])
                p++;
            text_add_char(&word, *p++);
        }
        strings_add(&words, text_get(&word));
    }
    if (!p) {
        strings_done(&words);
        return error_set(err, ERROR_INVALID, "a quote is not closed in '%s'", text);
    }
    strings_done(out);
    *out = words;
    return 0;
}

static bool parse_real_time(const char *bare, int64_t *out)
{
    bool from_end = strncasecmp(bare, "RTMAX", 5) == 0;
    struct error ignored = { 0 };
    int64_t offset = 0;

    if (!from_end && strncasecmp(bare, "RTMIN", 5) != 0)
        return false;
    bare += 5;
    if (*bare && (*bare != (from_end ? '-' : '+') ||
                  parse_int(bare + 1, 0, SIGRTMAX - SIGRTMIN, &offset, &ignored) < 0))
        return false;
    *out = from_end ? SIGRTMAX - offset : SIGRTMIN + offset;
    return true;
}

int parse_signal(const char *text, int *out, struct error *err)
{
    const char *bare = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    struct error ignored = { 0 };
    int64_t number = 0;

    for (int i = 1; i < SIGRTMIN && number == 0; i++) {
        if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), bare) == 0)
            number = i;
    }
    if (number == 0 && !parse_real_time(bare, &number) &&
        parse_int(text, 1, SIGRTMAX, &number, &ignored) < 0)
        return error_set(err, ERROR_INVALID, "'%.64s' is no signal: use one like SIGTERM or 15",
                         text);
    *out = (int)number;
    return 0;
}

void parse_format_bytes(uint64_t bytes, char out[32])
{
    static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)bytes;
    size_t i = 0;

    for (; value >= 1024 && i + 1 < ARRAY_SIZE(names); i++)
        value /= 1024;
    if (i == 0 || value >= 100)
        snprintf(out, 32, "%.0f %s", value, names[i]);
    else
        snprintf(out, 32, "%.3g %s", value, names[i]);
}

void parse_format_duration(int64_t ms, char out[32])
{
    int64_t s = ms / 1000;

    if (ms < 1000)
        snprintf(out, 32, "%" PRId64 "ms", ms);
    else if (s < 60 && ms % 1000)
        snprintf(out, 32, "%" PRId64 ".%03" PRId64 "s", s, ms % 1000);
    else if (s < 60)
        snprintf(out, 32, "%" PRId64 "s", s);
    else if (s < 3600)
        snprintf(out, 32, s % 60 ? "%" PRId64 "m%" PRId64 "s" : "%" PRId64 "m", s / 60, s % 60);
    else
        snprintf(out, 32, "%" PRId64 "h%" PRId64 "m", s / 3600, s / 60 % 60);
}
