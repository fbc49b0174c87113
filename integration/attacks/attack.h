/* SPDX-License-Identifier: MIT */

/*
 * What attacks share that go on until they are told to end
 */

#pragma once

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t ended; /* SIGTERM has come */

static inline void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* Print a line that was not printed before; of different ones the first 64. */
__attribute__((format(printf, 1, 2))) static inline void say_once(const char *format, ...)
{
    static char said[64][160];
    char line[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        if (strcmp(said[i], line) == 0)
            return;
        if (!said[i][0]) {
            memcpy(said[i], line, sizeof(line));
            puts(line);
            fflush(stdout);
            return;
        }
    }
}
