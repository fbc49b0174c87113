/* SPDX-License-Identifier: MIT */

/*
 * How a starting process talks with its maker
 *
 * A pair of sockets that nobody inherits: the child's end is closed by a successful execve(),
 * so silence until the end means success. Before that the child may hand descriptors over, ask
 * for what only its maker may do, or send the error that stopped it.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

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

enum channel_word {
    CHANNEL_END,      /* the program has been executed */
    CHANNEL_TERMINAL, /* with the master of the terminal */
    CHANNEL_LISTENER, /* with the descriptor of a syscall filter; asks for a go-ahead */
    CHANNEL_USER,     /* a user namespace is there and wants its maps; asks */
    CHANNEL_READY,    /* all but the change of the root is done; asks */
    CHANNEL_PARKED,   /* nothing is left but the program; waits at the gate */
};

/* `limited`: the maker waits 30 s at most for each word, because a mount may hang for ever. */
int channel_open(bool limited, struct channel *out, struct error *err) MUST_CHECK;
void channel_close(struct channel *channel);

/*
 * In the child, before anything else: wait until the maker has noted who it is, and has released
 * it. One that ends before could be reaped by another, and nobody would know who it was.
 */
int channel_await(int fd, struct error *err) MUST_CHECK;
int channel_release(int fd, struct error *err) MUST_CHECK;

/* In the child, with its end; nothing can be done when it fails. */
void channel_send_error(int fd, const struct error *error);

/* Say `word`, with a copy of the descriptor `passed` unless that is -1. */
int channel_say(int fd, enum channel_word word, int passed, struct error *err) MUST_CHECK;

/* The same, and wait for the answer; `fds` gets `count` descriptors that come with it. */
int channel_ask(int fd, enum channel_word word, int passed, int *fds, size_t count,
                struct error *err) MUST_CHECK;

/*
 * In the parent: the child's next word; `passed_out` becomes the descriptor that came with it,
 * or -1. -1 with the child's own error, or ERROR_TIMEOUT.
 */
int channel_hear(int fd, enum channel_word *out, int *passed_out, struct error *err) MUST_CHECK;

/* Answer a word that asks, with copies of `fds`. */
int channel_answer(int fd, const int *fds, size_t count, struct error *err) MUST_CHECK;

/* Forget the child's end, so that its death is noticed. */
void channel_drop_child(struct channel *channel);
