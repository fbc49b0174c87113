/* SPDX-License-Identifier: MIT */

/*
 * The functional walk: the game
 *
 * Two players on one map. A row says who sends what, and what each of them must receive
 * because of it, in order; anything else that arrives shows up as the wrong answer of a
 * later row, or at the end.
 */

#include "bot/check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/socket.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define ANSWER_MS 3000
#define QUIET_MS 300
#define DATAGRAM_MAX 2048
#define PLAYERS 2

/* Expected datagrams end with '|' if another follows; NULL: none. In them '#' is what was sent. */
static const struct step {
    int sender;
    const char *text;
    const char *received[PLAYERS];
} steps[] = {
#define ANN "PlayerJoin$<c>;1;Ann;<m>"
#define BOB "PlayerJoin$<u>;1;Bob;<m>"
    { 0, "PlayerMove$<c>;1;0,0,0;0,0,0", { "#;f", NULL } },
    { 0, ANN, { "#;s", NULL } },
    { 1, BOB, { "#;s", ANN ";s|#;s" } },
    { 1, BOB, { "#;s", ANN ";s|#;s" } },
    { 1, "PlayerJoin$<u>;2;Bob;1<m>", { NULL, "#;f" } },
    { 1, "PlayerJoin$<u>x;2;Eve;<m>", { NULL, "#;f" } },
    { 0, "PlayerJoin$<u>;2;Bob;<m>", { "#;f", NULL } },
    { 0, "PlayerMove$<c>;2;1,2.5,3;0,90,0", { NULL, "#;s" } },
    { 1, "PlayerJump$<u>;3", { "#;s", NULL } },
    { 1, "PlayerMove$<c>;3;1,2,3;0,0,0", { NULL, "#;f" } },
    { 0, "PlayerMove$<c>;3;1,2,3", { "#;f", NULL } },
    { 0, "PlayerMove$<c>;3;1,NaN,3;0,0,0", { "#;f", NULL } },
    { 0, "PlayerFly$<c>;3", { "#;f", NULL } },
    { 0, "nothing", { "#;f", NULL } },
#define CREATE "AssetCreate$<c>;4;<i>;stone;1,1,1;0,0,0;2,2,2;prop;1;0"
    { 0, CREATE, { "#;s", "#;s" } },
    { 1, "AssetCreate$<u>;4;<i>;tree;1,1,1;0,0,0;2,2,2;prop;1;0", { NULL, "#;f" } },
    { 0, "AssetMove$<c>;5;stone;1,1,2;0,0,0;2,2,2", { "#;f", NULL } },
    { 0, "AssetSelect$<c>;5;stone", { "#;s", "#;s" } },
    { 1, "AssetSelect$<u>;5;stone", { NULL, "#;f" } },
    { 1, "AssetMove$<u>;5;stone;1,1,2;0,0,0;2,2,2", { NULL, "#;f" } },
    { 1, "AssetDeselect$<u>;5;stone", { NULL, "#;f" } },
    { 1, "AssetDelete$<u>;5;stone", { NULL, "#;f" } },
    { 0, "AssetMove$<c>;6;stone;1,1,2;0,0,0;2,2,2", { NULL, "#;s" } },
    { 0, "AssetDeselect$<c>;7;stone", { "#;s", "#;s" } },
    { 1, "AssetSelect$<u>;8;stone", { "#;s", "#;s" } },
    { 1, "AssetDelete$<u>;9;stone", { "#;s", "#;s" } },
    { 0, "AssetSelect$<c>;10;gate", { "#;s", "#;s" } },
    { 1,
      "MapReady$<u>;11",
      { NULL, CREATE ";s|AssetSelect$<c>;5;stone;s|AssetMove$<c>;6;stone;1,1,2;0,0,0;2,2,2;s|"
                     "AssetDeselect$<c>;7;stone;s|AssetSelect$<u>;8;stone;s|"
                     "AssetDelete$<u>;9;stone;s|AssetSelect$<c>;10;gate;s|#;s" } },
    { 0,
      "PlayerLeave$<c>;12",
      { "AssetDeselect$<c>;12;gate;s|#;s", "AssetDeselect$<c>;12;gate;s|#;s" } },
    { 0, "PlayerLeave$<c>;13", { "#;f", NULL } },
    { 1, "AssetSelect$<u>;14;gate", { NULL, "#;s" } },
    { 1, "AssetDeselect$<u>;15;gate", { NULL, "#;s" } },
    { 0, "Auth$<u>;16;forged", { "#;f", NULL } },
    { 1, "Auth$<u>;16;<t>", { NULL, "#;s" } },
    { 1, "PlayerLeave$<u>;17", { NULL, "#;s" } },
};

/* The next datagram within `wait_ms`, or an empty text. */
static void receive(int fd, int wait_ms, char text[DATAGRAM_MAX])
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t length = 0;

    if (poll(&ready, 1, wait_ms) > 0)
        length = recv(fd, text, DATAGRAM_MAX - 1, 0);
    text[length > 0 ? length : 0] = '\0';
}

static void expect(struct check *check, int fd, const char *sent, const char *expected)
{
    AUTO_FREE char *list = alloc_text(expected);
    char *rest = list;
    char got[DATAGRAM_MAX];

    while (rest) {
        const char *pattern = strsep(&rest, "|");
        AUTO_FREE char *wanted = pattern[0] == '#' ? alloc_format("%s%s", sent, pattern + 1)
                                                   : variables_expand(&check->variables, pattern);

        receive(fd, ANSWER_MS, got);
        check_note(check, strcmp(got, wanted) == 0, wanted, got);
    }
}

static void run_step(struct check *check, const int fds[PLAYERS], const struct step *step)
{
    AUTO_FREE char *text = variables_expand(&check->variables, step->text);

    if (send(fds[step->sender], text, strlen(text), 0) < 0)
        perror("send");
    for (int i = 0; i < PLAYERS; i++)
        if (step->received[i])
            expect(check, fds[i], text, step->received[i]);
}

void check_game_run(struct check *check)
{
    const struct bot_options *options = check->options;
    int fds[PLAYERS] = { socket_connect(options->game_host, options->game_port),
                         socket_connect(options->game_host, options->game_port) };
    char got[DATAGRAM_MAX];

    if (fds[0] < 0 || fds[1] < 0) {
        check_note(check, false, "a UDP socket to the game", "none");
    } else {
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
            run_step(check, fds, &steps[i]);
        for (int i = 0; i < PLAYERS; i++) {
            receive(fds[i], QUIET_MS, got);
            check_note(check, got[0] == '\0', "nothing more is received", got);
        }
    }
    for (int i = 0; i < PLAYERS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
