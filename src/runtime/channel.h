/* SPDX-License-Identifier: MIT */

/*
 * How a starting process reports to its maker
 *
 * A pair of sockets that nobody inherits: the child's end is closed by a successful execve(),
 * so silence until the end means success. Before that the child may send the master of its
 * terminal, or the error that stopped it.
 */

#pragma once

#include "util/macro.h"

struct error;

struct channel {
    int parent;
    int child;
};

#define CHANNEL_NONE              \
    {                             \
        .parent = -1, .child = -1 \
    }
#define AUTO_CHANNEL __attribute__((cleanup(channel_close)))

int channel_open(struct channel *out, struct error *err) MUST_CHECK;
void channel_close(struct channel *channel);

/* In the child, with its end; nothing can be done when they fail. */
void channel_send_error(int fd, const struct error *error);
int channel_send_terminal(int fd, int terminal, struct error *err) MUST_CHECK;

/*
 * In the parent: close the child's end and wait for the outcome. -1 with the child's own error,
 * or ERROR_TIMEOUT. `terminal_out` becomes what was sent, or -1.
 */
int channel_wait(struct channel *channel, int *terminal_out, struct error *err) MUST_CHECK;
