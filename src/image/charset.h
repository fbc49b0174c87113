/* SPDX-License-Identifier: MIT */

/*
 * UTF-8 while libarchive works
 *
 * It converts names by the locale of the thread; in the "C" locale it refuses what is not
 * ASCII. The locale is set for the duration of its work only.
 */

#pragma once

#include <locale.h>

struct charset {
    locale_t before, utf8;
};

static inline struct charset charset_enter(void)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    return (struct charset){ .before = utf8 ? uselocale(utf8) : (locale_t)0, .utf8 = utf8 };
}

static inline void charset_leave(struct charset charset)
{
    if (!charset.utf8)
        return;
    uselocale(charset.before);
    freelocale(charset.utf8);
}
