/* SPDX-License-Identifier: MIT */

/*
 * What a player is still to be sent
 *
 * A socket's buffer holds a few hundred small datagrams; a replay of a whole map would be
 * lost. So long answers are paced: some at once, then some at each tick. While something
 * waits, everything else for that player waits behind it, so that the order holds.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct player;

/* Datagrams for one player between two ticks. */
#define OUTBOX_STEP 64
#define OUTBOX_TICK_MS 10

/* Send `text` now if nothing waits, else behind what waits. */
void outbox_send(int fd, struct player *player, const char *text);

/* Let `text` wait. */
void outbox_add(struct player *player, const char *text);

/* Send the next step; true when something still waits. */
bool outbox_flush(int fd, struct player *player);
