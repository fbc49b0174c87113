/* SPDX-License-Identifier: MIT */

/*
 * What a player is still to be sent
 */

#include "game/outbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "game/world.h"
#include "util/alloc.h"

#define OUTBOX_MAX 200000 /* beyond it, what comes is dropped as a full socket would */

static void send_text(int fd, const struct player *player, const char *text)
{
    /* A datagram that cannot be sent is lost, as on the way; UDP promises no more. */
    if (sendto(fd, text, strlen(text), MSG_DONTWAIT, (const struct sockaddr *)&player->address,
               sizeof(player->address)) < 0)
        return;
}

void outbox_add(struct player *player, const char *text)
{
    if (player->outbox_count < OUTBOX_MAX)
        *ALLOC_APPEND(player->outbox, player->outbox_count) = alloc_text(text);
}

void outbox_send(int fd, struct player *player, const char *text)
{
    if (player->outbox)
        outbox_add(player, text);
    else
        send_text(fd, player, text);
}

bool outbox_flush(int fd, struct player *player)
{
    for (size_t i = 0; i < OUTBOX_STEP && player->outbox_sent < player->outbox_count; i++) {
        send_text(fd, player, player->outbox[player->outbox_sent]);
        free(player->outbox[player->outbox_sent]);
        player->outbox[player->outbox_sent++] = NULL;
    }
    if (player->outbox_sent < player->outbox_count)
        return true;
    free(player->outbox);
    player->outbox = NULL;
    player->outbox_count = 0;
    player->outbox_sent = 0;
    return false;
}
