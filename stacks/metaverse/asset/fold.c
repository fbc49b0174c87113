/* SPDX-License-Identifier: MIT */

/*
 * Text without regard to case
 *
 * All letters concerned take one or two bytes, and a capital as many as its small letter.
 */

#include "asset/fold.h"

#include <stddef.h>

#include "util/alloc.h"
#include "util/macro.h"

/* Capitals of a range are `distance` before their small letters, or alternate with them. */
static const struct {
    unsigned int first, last;
    unsigned int distance;
    unsigned int step; /* 2: only the even ones are capitals, 3: only the odd ones */
} ranges[] = {
    { 0xc0, 0xd6, 32, 1 },   { 0xd8, 0xde, 32, 1 },   { 0x100, 0x12e, 1, 2 },
    { 0x132, 0x136, 1, 2 },  { 0x139, 0x147, 1, 3 },  { 0x14a, 0x176, 1, 2 },
    { 0x179, 0x17d, 1, 3 },  { 0x391, 0x3a1, 32, 1 }, { 0x3a3, 0x3a9, 32, 1 },
    { 0x400, 0x40f, 80, 1 }, { 0x410, 0x42f, 32, 1 },
};

static unsigned int fold_letter(unsigned int letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (letter < ranges[i].first || letter > ranges[i].last)
            continue;
        if (ranges[i].step == 1 || letter % 2 == ranges[i].step - 2)
            return letter + ranges[i].distance;
    }
    return letter;
}

char *fold_text(const char *text)
{
    char *folded = alloc_text(text);

    for (unsigned char *p = (unsigned char *)folded; *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (unsigned char)(*p + 32);
        } else if ((*p & 0xe0) == 0xc0 && (p[1] & 0xc0) == 0x80) {
            unsigned int letter = fold_letter((*p & 0x1fU) << 6 | (p[1] & 0x3fU));

            *p++ = (unsigned char)(0xc0 | letter >> 6);
            *p = (unsigned char)(0x80 | (letter & 0x3f));
        }
    }
    return folded;
}
