/* SPDX-License-Identifier: MIT */

/*
 * The program's own log
 *
 * One line to a descriptor (stderr unless said otherwise) for each fact, written by `cli` and
 * `supervise` only; the rooms below return errors instead.
 *
 *     log_info("replica started", LOG_TEXT("replica", name), LOG_INT("pid", pid));
 */

#pragma once

#include <stdint.h>

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
};

enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
};

struct log_field {
    const char *key;  /* NULL ends the list */
    const char *text; /* NULL: the number counts */
    int64_t number;
};

#define LOG_TEXT(key_, text_)                         \
    {                                                 \
        .key = (key_), .text = (text_) ? (text_) : "" \
    }
#define LOG_INT(key_, number_)             \
    {                                      \
        .key = (key_), .number = (number_) \
    }

#define LOG_FIELDS(...)            \
    (const struct log_field[])     \
    {                              \
        __VA_ARGS__ __VA_OPT__(, ) \
        {                          \
            0                      \
        }                          \
    }
#define log_debug(message, ...) log_write(LOG_LEVEL_DEBUG, message, LOG_FIELDS(__VA_ARGS__))
#define log_info(message, ...) log_write(LOG_LEVEL_INFO, message, LOG_FIELDS(__VA_ARGS__))
#define log_warn(message, ...) log_write(LOG_LEVEL_WARN, message, LOG_FIELDS(__VA_ARGS__))
#define log_error(message, ...) log_write(LOG_LEVEL_ERROR, message, LOG_FIELDS(__VA_ARGS__))

/* Lines below `level` are dropped. */
void log_setup(int fd, enum log_level level, enum log_format format);
void log_write(enum log_level level, const char *message, const struct log_field *fields);
