/* SPDX-License-Identifier: MIT */

/*
 * Who a file of an image belongs to, and its mode
 */

#include "build/owner.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

#define TABLE_SIZE_MAX (1U << 20)
#define ID_MAX INT64_C(4294967294)

/* The number in the third column of the line that begins with "name:". */
static bool find_number(const char *table, const char *name, int64_t *out)
{
    size_t length = strlen(name);

    for (const char *line = table; line && *line; line = strchr(line, '\n')) {
        const char *third = NULL;
        struct error ignored = { 0 };
        AUTO_FREE char *number = NULL;

        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        third = line + length + 1;
        third += strcspn(third, ":\n");
        if (*third != ':')
            continue;
        third++;
        number = alloc_text_part(third, strcspn(third, ":\n"));
        return parse_int(number, 0, ID_MAX, out, &ignored) == 0;
    }
    return false;
}

static int find_id(const struct merged *image, const char *file, const char *text, int64_t *out,
                   struct error *err)
{
    AUTO_TEXT struct text table = { 0 };
    struct error no_number = { 0 };

    if (parse_int(text, 0, ID_MAX, out, &no_number) == 0)
        return 0;
    if (merged_read(image, file, TABLE_SIZE_MAX, &table, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    }
    if (find_number(text_get(&table), text, out))
        return 0;
    return error_set(err, ERROR_INVALID, "'%s' is not in /%s of the image: use its number", text,
                     file);
}

int owner_parse(const struct merged *image, const char *text, uid_t *uid_out, gid_t *gid_out,
                struct error *err)
{
    const char *colon = strchr(text, ':');
    AUTO_FREE char *user = alloc_text_part(text, colon ? (size_t)(colon - text) : strlen(text));
    int64_t uid = 0;
    int64_t gid = 0;

    if (find_id(image, "etc/passwd", user, &uid, err) < 0)
        return -1;
    gid = uid;
    if (colon && colon[1] && find_id(image, "etc/group", colon + 1, &gid, err) < 0)
        return -1;
    *uid_out = (uid_t)uid;
    *gid_out = (gid_t)gid;
    return 0;
}

/* The bits that one letter stands for, for everybody. */
static mode_t bits_of(char letter, mode_t mode)
{
    switch (letter) {
    case 'r':
        return 0444;
    case 'w':
        return 0222;
    case 'x':
        return 0111;
    case 'X':
        return S_ISDIR(mode) || (mode & 0111) ? 0111 : 0;
    case 's':
        return 06000;
    case 't':
        return 01000;
    default:
        return 0;
    }
}

static mode_t mask_of(char who)
{
    switch (who) {
    case 'u':
        return 04700;
    case 'g':
        return 02070;
    case 'o':
        return 01007;
    default:
        return 07777;
    }
}

/* One clause "u+rwX" at *p, which is moved behind it. */
static bool apply_clause(const char **p, mode_t *mode)
{
    mode_t mask = 0;
    mode_t bits = 0;
    char operator= '\0';

    for (; **p && strchr("ugoa", **p); (*p)++)
        mask |= mask_of(**p);
    if (!**p || !strchr("+-=", **p))
        return false;
    if (mask == 0)
        mask = 07777;
    operator= *(*p)++;
    for (; **p && strchr("rwxXst", **p); (*p)++)
        bits |= bits_of(**p, *mode);
    bits &= mask;
    if (operator== '=')
        *mode = (*mode & ~(mask & (S_ISDIR(*mode) ? (mode_t)0777 : (mode_t)07777))) | bits;
    else if (operator== '+')
        *mode |= bits;
    else
        *mode &= ~bits;
    return true;
}

int owner_apply_mode(const char *text, mode_t mode, mode_t *out, struct error *err)
{
    const char *p = text;

    if (strlen(text) > 0 && strlen(text) <= 5 && strspn(text, "01234567") == strlen(text)) {
        *out = (mode & S_IFMT) | ((mode_t)strtoul(text, NULL, 8) & 07777);
        return 0;
    }
    do {
        if (!apply_clause(&p, &mode))
            return error_set(err, ERROR_INVALID, "'%s' is no mode: use one like 755 or u=rwX,go=rX",
                             text);
    } while (*p == ',' && *++p);
    if (*p)
        return error_set(err, ERROR_INVALID, "'%s' is no mode: use one like 755 or u=rwX,go=rX",
                         text);
    *out = mode;
    return 0;
}
