/* SPDX-License-Identifier: MIT */

/*
 * Times of clients
 */

#include "common/moment.h"

#include <stdio.h>
#include <time.h>

/* The fraction of a second in milliseconds; `*text` is moved behind it. */
static int64_t parse_fraction(const char **text)
{
    int64_t ms = 0;
    int64_t weight = 100;

    if (**text != '.')
        return 0;
    for (++*text; **text >= '0' && **text <= '9'; ++*text, weight /= 10)
        ms += (**text - '0') * weight;
    return ms;
}

/* The offset from UTC in minutes: Z, +hh:mm or -hh:mm, and nothing after it. */
static bool parse_offset(const char *text, int *minutes_out)
{
    int hours = 0;
    int minutes = 0;
    int length = 0;

    *minutes_out = 0;
    if ((*text == 'Z' || *text == 'z') && text[1] == '\0')
        return true;
    if (*text != '+' && *text != '-')
        return false;
    if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || text[1 + length] != '\0')
        return false;
    *minutes_out = (*text == '-' ? -1 : 1) * (hours * 60 + minutes);
    return hours < 24 && minutes < 60;
}

bool moment_parse(const char *text, int64_t *wall_ms_out)
{
    struct tm parts = { 0 };
    const char *rest = strptime(text, "%Y-%m-%d", &parts);
    int64_t fraction = 0;
    int offset = 0;

    if (!rest || (*rest != 'T' && *rest != 't' && *rest != ' '))
        return false;
    rest = strptime(rest + 1, "%H:%M:%S", &parts);
    if (!rest)
        return false;
    fraction = parse_fraction(&rest);
    if (!parse_offset(rest, &offset))
        return false;
    *wall_ms_out = ((int64_t)timegm(&parts) - (int64_t)offset * 60) * 1000 + fraction;
    return true;
}
