/* SPDX-License-Identifier: MIT */

/*
 * Players who move on one map
 *
 * Each joins, moves at a steady rate and counts the moves of all others. The Time of a move
 * is the moment it was sent in nanoseconds, so that whoever receives it knows how long it
 * took. The report is one JSON object; it is right when no move is missing.
 */

#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/bot.h"
#include "bot/histogram.h"
#include "bot/socket.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json.h"

#define PLAYERS_MAX 1000
#define JOIN_MS 5000
#define QUIET_MS 1000 /* after the last move, how long stragglers are waited for */

struct crowd {
    const struct bot_options *options;
    size_t count;
    struct pollfd *sockets;
    unsigned int run; /* part of all names, so that runs do not meet */
    int64_t sent;
    int64_t received;
    int64_t refused;
    size_t joined;
    struct histogram latencies; /* microseconds */
};

static void send_text(struct crowd *crowd, size_t i, const char *text)
{
    if (send(crowd->sockets[i].fd, text, strlen(text), 0) < 0)
        perror("send");
}

static void note_datagram(struct crowd *crowd, size_t i, const char *text, size_t length)
{
    char own[64];
    int64_t sent_ns = 0;

    if (length > 2 && strcmp(text + length - 2, ";f") == 0)
        crowd->refused++;
    snprintf(own, sizeof(own), "PlayerJoin$p%08x-%zu;", crowd->run, i);
    if (strncmp(text, own, strlen(own)) == 0)
        crowd->joined++;
    if (sscanf(text, "PlayerMove$%*[^;];%" SCNd64 ";", &sent_ns) == 1) {
        crowd->received++;
        histogram_add(&crowd->latencies, (uint64_t)((clock_now_ns() - sent_ns) / 1000));
    }
}

/* Take in what has come; wait at most `wait_ms` for it. False when nothing came. */
static bool receive(struct crowd *crowd, int wait_ms)
{
    char text[2048];

    if (poll(crowd->sockets, crowd->count, wait_ms) <= 0)
        return false;
    for (size_t i = 0; i < crowd->count; i++) {
        ssize_t length = 0;

        while (crowd->sockets[i].revents & POLLIN &&
               (length = recv(crowd->sockets[i].fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
            text[length] = '\0';
            note_datagram(crowd, i, text, (size_t)length);
        }
    }
    return true;
}

static bool join(struct crowd *crowd)
{
    int64_t deadline_ms = clock_now_ms() + JOIN_MS;
    char text[128];

    for (size_t i = 0; i < crowd->count; i++) {
        size_t before = crowd->joined;

        snprintf(text, sizeof(text), "PlayerJoin$p%08x-%zu;0;P;%u", crowd->run, i, crowd->run);
        send_text(crowd, i, text);
        while (crowd->joined == before && clock_now_ms() < deadline_ms)
            receive(crowd, 100);
    }
    return crowd->joined == crowd->count;
}

static void move(struct crowd *crowd)
{
    int64_t total = crowd->options->rate * crowd->options->seconds * (int64_t)crowd->count;
    int64_t period_ns = 1000000000 / (crowd->options->rate * (int64_t)crowd->count);
    int64_t start_ns = clock_now_ns();
    char text[128];

    while (crowd->sent < total) {
        int64_t wait_ns = start_ns + crowd->sent * period_ns - clock_now_ns();

        if (wait_ns > 0) {
            receive(crowd, (int)(wait_ns / 1000000));
            continue;
        }
        size_t i = (size_t)crowd->sent % crowd->count;

        snprintf(text, sizeof(text), "PlayerMove$p%08x-%zu;%" PRId64 ";%zu,0,1.5;0,0,0", crowd->run,
                 i, clock_now_ns(), i);
        send_text(crowd, i, text);
        crowd->sent++;
    }
    while (receive(crowd, QUIET_MS))
        continue;
}

static void leave(struct crowd *crowd)
{
    char text[128];

    for (size_t i = 0; i < crowd->count; i++) {
        snprintf(text, sizeof(text), "PlayerLeave$p%08x-%zu;1", crowd->run, i);
        send_text(crowd, i, text);
        receive(crowd, 0);
    }
}

static void report(const struct crowd *crowd, int64_t expected)
{
    AUTO(json) struct json *json = json_new_object();
    AUTO_FREE char *text = NULL;

    json_set_int(json, "players", (int64_t)crowd->count);
    json_set_int(json, "joined", (int64_t)crowd->joined);
    json_set_int(json, "sent", crowd->sent);
    json_set_int(json, "expected", expected);
    json_set_int(json, "received", crowd->received);
    json_set_int(json, "refused", crowd->refused);
    json_set_int(json, "p50_us", (int64_t)histogram_find(&crowd->latencies, 500));
    json_set_int(json, "p95_us", (int64_t)histogram_find(&crowd->latencies, 950));
    json_set_int(json, "p99_us", (int64_t)histogram_find(&crowd->latencies, 990));
    json_set_int(json, "max_us", (int64_t)crowd->latencies.max);
    text = json_print(json, false);
    puts(text);
}

int players_run(const struct bot_options *options)
{
    AUTO_FREE struct crowd *crowd = alloc_new(struct crowd);
    AUTO_FREE struct pollfd *sockets = alloc_array(struct pollfd, (size_t)options->players);
    int64_t expected = 0;
    bool is_open = options->players >= 2 && options->players <= PLAYERS_MAX;

    if (!is_open)
        fprintf(stderr, "metabot: --players: write a number from 2 to %d\n", PLAYERS_MAX);
    crowd->options = options;
    crowd->sockets = sockets;
    crowd->run = randombytes_random();
    for (; is_open && crowd->count < (size_t)options->players; crowd->count++) {
        sockets[crowd->count].events = POLLIN;
        sockets[crowd->count].fd = socket_connect(options->game_host, options->game_port);
        is_open = sockets[crowd->count].fd >= 0;
    }
    if (is_open && join(crowd)) {
        move(crowd);
        expected = crowd->sent * ((int64_t)crowd->count - 1);
        leave(crowd);
    }
    report(crowd, expected);
    for (size_t i = 0; i < crowd->count; i++)
        if (sockets[i].fd >= 0)
            close(sockets[i].fd);
    return expected > 0 && crowd->received == expected && crowd->refused == 0 ? 0 : 1;
}
