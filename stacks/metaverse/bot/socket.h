/* SPDX-License-Identifier: MIT */

/*
 * UDP sockets of the bot
 */

#pragma once

#include <stdint.h>

/* A UDP socket to that port of `host`, or -1. The bot runs where the C library knows names. */
int socket_connect(const char *host, int64_t port);
