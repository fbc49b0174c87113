/* SPDX-License-Identifier: MIT */

/*
 * What a console and its clients say to each other
 *
 * A connection carries frames both ways: a head, then `length` bytes. From the client: input
 * for the container, its end, and the size of the user's terminal. To the client: output.
 */

#pragma once

#include <stdint.h>

enum console_frame_type {
    CONSOLE_FRAME_STDIN,
    CONSOLE_FRAME_STDOUT, /* also all that a terminal shows */
    CONSOLE_FRAME_STDERR,
    CONSOLE_FRAME_STDIN_END, /* no bytes */
    CONSOLE_FRAME_SIZE,      /* struct console_frame_size */
    CONSOLE_FRAME_TYPE_COUNT,
};

#define CONSOLE_FRAME_MAX 65536

/* Both ends are on one machine: numbers are in its own byte order. */
struct console_frame_head {
    uint32_t type;
    uint32_t length;
};

struct console_frame_size {
    uint16_t rows, columns;
};
