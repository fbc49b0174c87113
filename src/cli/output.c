/* SPDX-License-Identifier: MIT */

/*
 * What the user sees: results on stdout, everything else on stderr
 */

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"

static const char *program_name = "carte";

static const char *const style_codes[] = {
    [OUTPUT_PLAIN] = "",           [OUTPUT_BOLD] = "\033[1m",      [OUTPUT_RED] = "\033[1;31m",
    [OUTPUT_GREEN] = "\033[1;32m", [OUTPUT_YELLOW] = "\033[1;33m",
};

bool output_has_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_colour && no_colour[0] != '\0')
        return false;
    return isatty(fd) && terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

void output_terminal_size(int fd, size_t *columns_out, size_t *lines_out)
{
    struct winsize size = { 0 };

    if (ioctl(fd, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){ 0 };
    *columns_out = size.ws_col ? size.ws_col : 80;
    *lines_out = size.ws_row ? size.ws_row : 24;
}

int output_result(const char *text, struct error *err)
{
    if (file_write_all(STDOUT_FILENO, text, strlen(text), err) < 0)
        return error_wrap(err, "write to the standard output");
    return 0;
}

void output_set_program(const char *name)
{
    program_name = name;
}

void output_message(const char *label, enum output_style style, const char *format, ...)
{
    AUTO_TEXT struct text line = { 0 };
    struct error ignored = { 0 };
    bool colour = output_has_colour(STDERR_FILENO) && style != OUTPUT_PLAIN;
    char buffer[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(buffer, sizeof(buffer), format, args);
    va_end(args);
    text_add_format(&line, "%s: ", program_name);
    if (label)
        text_add_format(&line, "%s%s:%s ", colour ? style_codes[style] : "", label,
                        colour ? "\033[0m" : "");
    /* Names of files, images and containers are part of it. */
    for (char *part = buffer, *rest = NULL; part; part = rest) {
        rest = strchr(part, '\n');
        if (rest)
            *rest++ = '\0';
        output_add_clean(&line, part);
        text_add_char(&line, '\n');
    }
    if (file_write_all(STDERR_FILENO, line.data, line.length, &ignored) < 0)
        error_clear(&ignored);
}

void output_keep_last(struct error *err, const struct error *failure)
{
    if (err->code != ERROR_NONE)
        output_message("error", OUTPUT_RED, "%s", err->text);
    *err = *failure;
}

/* Length of the UTF-8 character at `bytes`; 0: it is none, or a control character. */
static size_t printable_length(const unsigned char *bytes)
{
    size_t length = 1;

    if (bytes[0] < 0x20 || bytes[0] == 0x7f)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf)
        length = 2;
    else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef)
        length = 3;
    else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4)
        length = 4;
    else
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    return bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 0 : length;
}

void output_add_clean(struct text *out, const char *string)
{
    const unsigned char *bytes = (const unsigned char *)string;

    while (*bytes) {
        size_t length = printable_length(bytes);

        if (length == 0) {
            text_add_char(out, '?');
            bytes++;
            continue;
        }
        text_add_bytes(out, bytes, length);
        bytes += length;
    }
}

/* Length of a sequence that sets colours, "ESC [ 1 ; 31 m"; 0: it is none. */
static size_t colour_length(const char *bytes, size_t length)
{
    size_t at = 2;

    if (length < 3 || bytes[0] != '\033' || bytes[1] != '[')
        return 0;
    while (at < length && (strchr(";:", bytes[at]) || (bytes[at] >= '0' && bytes[at] <= '9')) &&
           bytes[at] != '\0')
        at++;
    return at < length && bytes[at] == 'm' ? at + 1 : 0;
}

void output_add_coloured(struct text *out, const char *bytes, size_t length)
{
    bool has_colour = false;

    if (length > 0 && bytes[length - 1] == '\r')
        length--;
    for (size_t at = 0; at < length;) {
        size_t colour = colour_length(bytes + at, length - at);
        size_t step = colour ? colour : printable_length((const unsigned char *)bytes + at);

        has_colour = has_colour || colour;
        if (bytes[at] == '\t')
            step = 1;
        if (step == 0 || step > length - at) {
            text_add_char(out, '?');
            at++;
            continue;
        }
        text_add_bytes(out, bytes + at, step);
        at += step;
    }
    if (has_colour)
        text_add(out, "\033[0m");
}

char *output_clean(const char *string)
{
    AUTO_TEXT struct text out = { 0 };

    output_add_clean(&out, string ? string : "");
    return text_steal(&out);
}

size_t output_width(const char *string)
{
    size_t width = 0;

    for (; *string; string++)
        width += ((unsigned char)*string & 0xc0) != 0x80;
    return width;
}

size_t output_fit(const char *string, size_t columns)
{
    size_t length = 0;

    while (string[length]) {
        if (((unsigned char)string[length] & 0xc0) != 0x80 && columns-- == 0)
            break;
        length++;
    }
    return length;
}
