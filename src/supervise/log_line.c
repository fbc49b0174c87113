/* SPDX-License-Identifier: MIT */

/*
 * The form of log lines and of the names of log files
 */

#include "supervise/log_line.h"

#include <string.h>
#include <unistd.h>

#include "supervise/logs.h"
#include "util/alloc.h"

/* The length of the UTF-8 sequence at `p`, at most `left` bytes; 0: it is none. */
static size_t sequence_length(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char from, to;  /* of the first byte */
        unsigned char low, high; /* of the second */
        size_t length;
    } forms[] = {
        { 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        size_t length = forms[i].length;

        if (p[0] < forms[i].from || p[0] > forms[i].to)
            continue;
        if (length > left || (length > 1 && (p[1] < forms[i].low || p[1] > forms[i].high)))
            return 0;
        for (size_t k = 2; k < length; k++) {
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        }
        return length;
    }
    return 0;
}

/* Add what stands for a byte that a JSON string may not hold as it is. */
static void add_escape(unsigned char byte, struct text *out)
{
    if (byte == '"' || byte == '\\') {
        text_add_format(out, "\\%c", byte);
    } else {
        text_add_format(out, "\\u%04x", byte);
    }
}

static void add_string(const char *bytes, size_t length, struct text *out)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t plain = 0; /* where the bytes begin that are copied as they are */
    size_t i = 0;

    while (i < length) {
        size_t step = sequence_length(p + i, length - i);
        bool copied =
            step > 1 || (step == 1 && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && p[i] != 0x7f);

        if (copied) {
            i += step;
            continue;
        }
        text_add_bytes(out, bytes + plain, i - plain);
        if (step == 0 || p[i] == '\0') {
            text_add(out, "\xef\xbf\xbd");
        } else {
            add_escape(p[i], out);
        }
        plain = ++i;
    }
    text_add_bytes(out, bytes + plain, i - plain);
}

void log_line_format(const char *bytes, size_t length, bool partial,
                     const struct log_line_head *head, struct text *out)
{
    text_add_format(out, "{\"time\":\"%s\",\"stream\":\"%s\",\"log\":\"", head->time, head->stream);
    add_string(bytes, length, out);
    text_add(out, partial ? "\",\"partial\":true}\n" : "\"}\n");
}

/* Where to cut a line that is too long: not within a UTF-8 sequence. */
static size_t cut_length(const char *bytes)
{
    size_t length = LOGS_LINE_MAX;

    for (int i = 0; i < 3 && ((unsigned char)bytes[length] & 0xc0) == 0x80; i++)
        length--;
    return length;
}

size_t log_line_split(const char *bytes, size_t length, bool ended,
                      const struct log_line_head *head, struct text *out)
{
    size_t used = 0;

    while (used < length) {
        const char *line = bytes + used;
        size_t left = length - used;
        const char *end = memchr(line, '\n', MIN(left, (size_t)LOGS_LINE_MAX + 1));

        if (end) {
            log_line_format(line, (size_t)(end - line), false, head, out);
            used += (size_t)(end - line) + 1;
        } else if (left > LOGS_LINE_MAX) {
            size_t part = cut_length(line);

            log_line_format(line, part, true, head, out);
            used += part;
        } else if (ended) {
            log_line_format(line, left, true, head, out);
            used += left;
        } else {
            break;
        }
    }
    return used;
}

uint64_t log_line_find_end(int fd, uint64_t bytes)
{
    char tail[4096];

    while (bytes > 0) {
        uint64_t from = bytes > sizeof(tail) ? bytes - sizeof(tail) : 0;
        ssize_t got = pread(fd, tail, (size_t)(bytes - from), (off_t)from);

        for (ssize_t i = got; i > 0; i--) {
            if (tail[i - 1] == '\n')
                return from + (uint64_t)i;
        }
        bytes = from;
    }
    return 0;
}

char *log_line_make_path(const char *path, uint32_t n)
{
    size_t length = strlen(path);

    if (n == 0)
        return alloc_text(path);
    if (text_ends_with(path, ".jsonl"))
        length -= strlen(".jsonl");
    return alloc_format("%.*s.%u.jsonl", (int)length, path, n);
}

size_t log_line_service_length(const char *replica)
{
    const char *dash = strrchr(replica, '-');

    return dash ? (size_t)(dash - replica) : strlen(replica);
}
