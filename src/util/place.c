/* SPDX-License-Identifier: MIT */

/*
 * Where things lie
 */

#include "util/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"

static const char *from_environment(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value && *value ? value : fallback;
}

const char *place_root(void)
{
    return from_environment("CARTE_ROOT", "/var/lib/carte");
}

const char *place_run(void)
{
    return from_environment("CARTE_RUN", "/run/carte");
}

char *place_shorten(const char *path)
{
    AUTO_FREE char *folder = getcwd(NULL, 0);
    size_t length = folder ? strlen(folder) : 0;

    if (length > 1 && strncmp(path, folder, length) == 0 && path[length] == '/')
        return alloc_text(path + length + 1);
    return alloc_text(path);
}

static char *join(const char *base, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

static char *join(const char *base, const char *format, va_list arguments)
{
    AUTO_FREE char *tail = NULL;

    if (vasprintf(&tail, format, arguments) < 0)
        abort();
    return alloc_format("%s/%s", base, tail);
}

char *place_in_root(const char *format, ...)
{
    va_list arguments;
    char *path = NULL;

    va_start(arguments, format);
    path = join(place_root(), format, arguments);
    va_end(arguments);
    return path;
}

char *place_in_run(const char *format, ...)
{
    va_list arguments;
    char *path = NULL;

    va_start(arguments, format);
    path = join(place_run(), format, arguments);
    va_end(arguments);
    return path;
}
