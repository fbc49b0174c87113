/* SPDX-License-Identifier: MIT */

/*
 * Errors
 *
 * The text is built in place: a wrap moves what is there to the right and puts the context
 * in front. What does not fit is cut at the end, where the least helpful part stands.
 */

#include "util/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum error_code code_of_errno(int number)
{
    static const struct {
        int number;
        enum error_code code;
    } codes[] = {
        { ENOENT, ERROR_NOT_FOUND },   { ESRCH, ERROR_NOT_FOUND },        { EEXIST, ERROR_EXISTS },
        { ENOSYS, ERROR_UNSUPPORTED }, { EOPNOTSUPP, ERROR_UNSUPPORTED }, { EACCES, ERROR_DENIED },
        { EPERM, ERROR_DENIED },       { ETIMEDOUT, ERROR_TIMEOUT },      { EINVAL, ERROR_INVALID },
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].number == number)
            return codes[i].code;
    }
    return ERROR_SYSTEM;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list arguments;

    assert(err->code == ERROR_NONE);
    assert(code != ERROR_NONE);
    err->code = code;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return -1;
}

int error_set_errno(struct error *err, int number, const char *format, ...)
{
    char context[sizeof(err->text)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    return error_set(err, code_of_errno(number), "%s: %s", context, strerror(number));
}

int error_wrap(struct error *err, const char *format, ...)
{
    char inner[sizeof(err->text)];
    va_list arguments;
    size_t length = 0;

    assert(err->code != ERROR_NONE);
    memcpy(inner, err->text, sizeof(inner));
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    length = strlen(err->text);
    snprintf(err->text + length, sizeof(err->text) - length, ": %s", inner);
    return -1;
}

void error_clear(struct error *err)
{
    err->code = ERROR_NONE;
    err->text[0] = '\0';
}
