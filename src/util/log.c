/* SPDX-License-Identifier: MIT */

/*
 * The program's own log
 *
 * A line is built whole and written with one write(), so that lines of several processes do
 * not mix. A log that cannot be written is no reason to stop.
 */

#include "util/log.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/text.h"

static struct {
    int fd;
    enum log_level level;
    enum log_format format;
} target = { .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO };

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

void log_setup(int fd, enum log_level level, enum log_format format)
{
    target.fd = fd;
    target.level = level;
    target.format = format;
}

static void add_json(struct text *line, const char *message, const struct log_field *fields)
{
    text_add(line, ",\"message\":");
    text_add_quoted(line, message);
    for (; fields->key; fields++) {
        text_add_char(line, ',');
        text_add_quoted(line, fields->key);
        text_add_char(line, ':');
        if (fields->text)
            text_add_quoted(line, fields->text);
        else
            text_add_format(line, "%" PRId64, fields->number);
    }
    text_add(line, "}\n");
}

static void add_text(struct text *line, const char *message, const struct log_field *fields)
{
    text_add_format(line, " %s", message);
    for (; fields->key; fields++) {
        text_add_format(line, " %s=", fields->key);
        if (fields->text)
            text_add_quoted(line, fields->text);
        else
            text_add_format(line, "%" PRId64, fields->number);
    }
    text_add_char(line, '\n');
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    AUTO_TEXT struct text line = { 0 };
    char now[32];
    int saved = errno;

    if (level < target.level)
        return;
    clock_format_wall(clock_wall_ms(), now);
    if (target.format == LOG_FORMAT_JSON) {
        text_add_format(&line, "{\"time\":\"%s\",\"level\":\"%s\"", now, level_names[level]);
        add_json(&line, message, fields);
    } else {
        text_add_format(&line, "%s %-5s", now, level_names[level]);
        add_text(&line, message, fields);
    }
    if (write(target.fd, line.data, line.length) < 0)
        errno = saved;
    errno = saved;
}
