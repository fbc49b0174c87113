/* SPDX-License-Identifier: MIT */

/*
 * One table for each object of a stack file: its scalars
 */

#include "stack/field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

#define OWN_PREFIX "x-carte-"

bool field_is_scalar(const struct field *field)
{
    return field->kind <= FIELD_EITHER;
}

const struct field *field_find(const struct object *object, const char *key)
{
    bool prefixed = text_starts_with(key, OWN_PREFIX);

    for (const struct field *field = object->fields; field->key; field++) {
        if (strcmp(field->key, key) == 0)
            return field;
        if (prefixed && field->own && strcmp(field->key, key + strlen(OWN_PREFIX)) == 0)
            return field;
    }
    return NULL;
}

/* Whether a number is within the limits of the row. */
static int check_limits(const struct field *field, int64_t value, const char *text,
                        struct error *err)
{
    if (field->min == 0 && field->max == 0)
        return 0;
    if (value >= field->min && value <= field->max)
        return 0;
    if (field->kind != FIELD_DURATION)
        return error_set(err, ERROR_INVALID, "'%s' is not between %" PRId64 " and %" PRId64, text,
                         field->min, field->max);

    char least[32];
    char most[32];

    parse_format_duration(field->min, least);
    parse_format_duration(field->max, most);
    return error_set(err, ERROR_INVALID, "'%s' is not between %s and %s", text, least, most);
}

static int decode_string(const struct field *field, const char *text, void *member,
                         struct error *err)
{
    char **string = member;

    (void)field;
    (void)err;
    free(*string);
    *string = alloc_text(text);
    return 0;
}

static int decode_int(const struct field *field, const char *text, void *member, struct error *err)
{
    bool limited = field->min != 0 || field->max != 0;
    int64_t value = 0;

    if (parse_int(text, limited ? field->min : INT64_MIN + 1, limited ? field->max : INT64_MAX,
                  &value, err) < 0)
        return -1;
    *(int64_t *)member = field->negative ? -value : value;
    return 0;
}

static int decode_count(const struct field *field, const char *text, void *member,
                        struct error *err)
{
    int64_t value = 0;

    (void)field;
    if (parse_int(text, -1, INT64_MAX, &value, err) < 0)
        return -1;
    *(uint64_t *)member = value < 0 ? 0 : (uint64_t)value;
    return 0;
}

static int decode_bool(const struct field *field, const char *text, void *member, struct error *err)
{
    (void)field;
    return parse_bool(text, true, member, err);
}

static int decode_duration(const struct field *field, const char *text, void *member,
                           struct error *err)
{
    int64_t value = 0;

    if (parse_duration_ms(text, &value, err) < 0 || check_limits(field, value, text, err) < 0)
        return -1;
    *(int64_t *)member = value;
    return 0;
}

static int decode_bytes(const struct field *field, const char *text, void *member,
                        struct error *err)
{
    (void)field;
    if (strcmp(text, "-1") == 0) {
        *(uint64_t *)member = 0;
        return 0;
    }
    return parse_bytes(text, member, err);
}

static int decode_millis(const struct field *field, const char *text, void *member,
                         struct error *err)
{
    int64_t value = 0;

    if (parse_millis(text, &value, err) < 0)
        return -1;
    if ((field->min != 0 || field->max != 0) && (value < field->min || value > field->max))
        return error_set(err, ERROR_INVALID, "'%s' is not between %g and %g", text,
                         (double)field->min / 1000, (double)field->max / 1000);
    *(int64_t *)member = value;
    return 0;
}

static int decode_cpus(const struct field *field, const char *text, void *member, struct error *err)
{
    int64_t value = 0;

    (void)field;
    if (parse_millis(text, &value, err) < 0)
        return -1;
    *(uint64_t *)member = (uint64_t)value;
    return 0;
}

static int decode_mode(const struct field *field, const char *text, void *member, struct error *err)
{
    const char *digits = text_starts_with(text, "0o") ? text + 2 : text;
    char *end = NULL;
    unsigned long value = strtoul(digits, &end, 8);

    (void)field;
    if (*digits < '0' || *digits > '7' || *end != '\0' || value > 07777)
        return error_set(err, ERROR_INVALID, "'%s' is not an octal mode; write 0440", text);
    *(uint32_t *)member = (uint32_t)value;
    return 0;
}

static int decode_id(const struct field *field, const char *text, void *member, struct error *err)
{
    int64_t value = 0;

    (void)field;
    if (parse_int(text, 0, UINT32_MAX - 1, &value, err) < 0)
        return -1;
    *(uint32_t *)member = (uint32_t)value;
    return 0;
}

static int decode_port(const struct field *field, const char *text, void *member, struct error *err)
{
    struct error inner = { 0 };
    int64_t value = 0;

    (void)field;
    if (parse_int(text, 1, UINT16_MAX, &value, &inner) < 0)
        return error_set(err, ERROR_INVALID, "'%s' is not a port; write 1 to 65535", text);
    *(uint16_t *)member = (uint16_t)value;
    return 0;
}

static int decode_choice(const struct field *field, const char *text, void *member,
                         struct error *err)
{
    AUTO_TEXT struct text all = { 0 };
    const char *near = text_nearest(text, field->choices);

    for (unsigned int i = 0; field->choices[i]; i++) {
        if (strcmp(text, field->choices[i]) == 0) {
            if (field->kind == FIELD_EITHER)
                *(bool *)member = i == 1;
            else
                *(unsigned int *)member = i;
            return 0;
        }
        text_add_format(&all, "%s%s",
                        i == 0                  ? ""
                        : field->choices[i + 1] ? ", "
                                                : " or ",
                        field->choices[i]);
    }
    if (near)
        return error_set(err, ERROR_INVALID, "'%s' is not %s; did you mean '%s'?", text,
                         text_get(&all), near);
    return error_set(err, ERROR_INVALID, "'%s' is not %s", text, text_get(&all));
}

typedef int decode_fn(const struct field *field, const char *text, void *member, struct error *err);

static decode_fn *const decoders[FIELD_KIND_COUNT] = {
    [FIELD_STRING] = decode_string, [FIELD_PATH] = decode_string,
    [FIELD_INT] = decode_int,       [FIELD_COUNT] = decode_count,
    [FIELD_BOOL] = decode_bool,     [FIELD_DURATION] = decode_duration,
    [FIELD_BYTES] = decode_bytes,   [FIELD_MILLIS] = decode_millis,
    [FIELD_CPUS] = decode_cpus,     [FIELD_MODE] = decode_mode,
    [FIELD_ID] = decode_id,         [FIELD_PORT] = decode_port,
    [FIELD_CHOICE] = decode_choice, [FIELD_EITHER] = decode_choice,
};

/* "8000" or "8000-8010" into the member and its companion. */
static int decode_ports(const struct field *field, const char *text, void *base, struct error *err)
{
    const char *dash = strchr(text, '-');
    AUTO_FREE char *head = alloc_text_part(text, dash ? (size_t)(dash - text) : strlen(text));
    uint16_t first = 0;
    uint16_t last = 0;

    if (decode_port(field, head, &first, err) < 0 ||
        decode_port(field, dash ? dash + 1 : head, &last, err) < 0)
        return -1;
    if (last < first)
        return error_set(err, ERROR_INVALID, "the range '%s' ends before it begins", text);
    *(uint16_t *)member_at(base, field->offset) = first;
    *(uint16_t *)member_at(base, field->companion) = last;
    return 0;
}

int field_decode_text(const struct field *field, const char *text, void *base, struct error *err)
{
    if (field->kind == FIELD_PORTS)
        return decode_ports(field, text, base, err);
    return decoders[field->kind](field, text, member_at(base, field->offset), err);
}

static void format_millis(int64_t millis, struct text *out)
{
    text_add_format(out, "%" PRId64, millis / 1000);
    if (millis % 1000 != 0)
        text_add_format(out, ".%03" PRId64, millis % 1000);
}

static bool format_number(const struct field *field, int64_t value, struct text *out)
{
    if (field->missing != 0 && value == field->missing)
        return false;
    if (field->kind == FIELD_DURATION)
        text_add_format(out, value == 0 ? "%" PRId64 "s" : "%" PRId64 "ms", value);
    else if (field->kind == FIELD_MILLIS || field->kind == FIELD_CPUS)
        format_millis(value, out);
    else
        text_add_format(out, "%" PRId64, field->negative ? -value : value);
    return true;
}

static bool format_string(const struct field *field, const void *member, struct text *out)
{
    const char *string = *(char *const *)member;

    (void)field;
    text_add(out, string ? string : "");
    return string != NULL;
}

static bool format_signed(const struct field *field, const void *member, struct text *out)
{
    return format_number(field, *(const int64_t *)member, out);
}

static bool format_unsigned(const struct field *field, const void *member, struct text *out)
{
    uint64_t value = *(const uint64_t *)member;

    return (value > 0 || field->fallback) && format_number(field, (int64_t)value, out);
}

static bool format_bool(const struct field *field, const void *member, struct text *out)
{
    (void)field;
    text_add(out, *(const bool *)member ? "true" : "false");
    return true;
}

static bool format_mode(const struct field *field, const void *member, struct text *out)
{
    text_add_format(out, "0%o", *(const uint32_t *)member);
    return *(const uint32_t *)member > 0 || field->fallback;
}

static bool format_id(const struct field *field, const void *member, struct text *out)
{
    (void)field;
    text_add_format(out, "%" PRIu32, *(const uint32_t *)member);
    return true;
}

static bool format_port(const struct field *field, const void *member, struct text *out)
{
    (void)field;
    text_add_format(out, "%u", (unsigned int)*(const uint16_t *)member);
    return true;
}

static bool format_choice(const struct field *field, const void *member, struct text *out)
{
    text_add(out, field->choices[*(const unsigned int *)member]);
    return true;
}

static bool format_either(const struct field *field, const void *member, struct text *out)
{
    text_add(out, field->choices[*(const bool *)member ? 1 : 0]);
    return true;
}

typedef bool format_fn(const struct field *field, const void *member, struct text *out);

static format_fn *const formatters[FIELD_KIND_COUNT] = {
    [FIELD_STRING] = format_string,  [FIELD_PATH] = format_string,
    [FIELD_INT] = format_signed,     [FIELD_COUNT] = format_unsigned,
    [FIELD_BOOL] = format_bool,      [FIELD_DURATION] = format_signed,
    [FIELD_BYTES] = format_unsigned, [FIELD_MILLIS] = format_signed,
    [FIELD_CPUS] = format_unsigned,  [FIELD_MODE] = format_mode,
    [FIELD_ID] = format_id,          [FIELD_PORT] = format_port,
    [FIELD_CHOICE] = format_choice,  [FIELD_EITHER] = format_either,
};

static bool format_ports(const struct field *field, const void *base, struct text *out)
{
    uint16_t first = *(const uint16_t *)member_at_const(base, field->offset);
    uint16_t last = *(const uint16_t *)member_at_const(base, field->companion);

    if (first == 0)
        return false;
    text_add_format(out, "%u", (unsigned int)first);
    if (last != first)
        text_add_format(out, "-%u", (unsigned int)last);
    return true;
}

bool field_format_text(const struct field *field, const void *base, struct text *out)
{
    if (field->kind == FIELD_PORTS)
        return format_ports(field, base, out);
    return formatters[field->kind](field, member_at_const(base, field->offset), out);
}
