/* SPDX-License-Identifier: MIT */

/*
 * The game server
 *
 * The game itself speaks UDP (relay.c); HTTP on the same port number answers for its health.
 */

#include <stddef.h>

#include "common/program.h"
#include "common/server.h"
#include "game/relay.h"
#include "util/alloc.h"
#include "util/cleanup.h"

static struct relay_config game;
static struct relay *relay;

#define ROW(name_, member_, kind_, fallback_, min_, max_, doc_)                                    \
    {                                                                                              \
        .name = (name_), .offset = offsetof(struct relay_config, member_), .kind = CONFIG_##kind_, \
        .fallback = (fallback_), .min = (min_), .max = (max_), .doc = (doc_),                      \
    }
static const struct config_row rows[] = {
    ROW("GAME_PORT", port, NUMBER, "8050", 1, 65535, "UDP port of the game."),
    ROW("GAME_CREATORS", creators, TEXT, "", 0, 0,
        "Who may create on which map: MAP=user,user;..., where * is every map."),
    ROW("GAME_AUTH", auth, TEXT, "open", 0, 0, "'required': a token before a join; or 'open'."),
    ROW("MAP_URL", map_url, TEXT, "http://map:8070", 0, 0, "Where the map server is."),
    ROW("PLAYERS_MAX", players_max, NUMBER, "1000", 1, 100000, "Players at a time."),
    ROW("SILENCE_SECONDS", silence_s, NUMBER, "30", 1, 86400, "When a silent player leaves."),
    ROW("MOVE_RATE", move_rate, NUMBER, "60", 0, 100000, "Moves a second and user; 0: any."),
    ROW("EDIT_RATE", edit_rate, NUMBER, "100", 0, 100000, "Edits a second and user."),
    ROW("ENTRY_RATE", entry_rate, NUMBER, "10", 0, 100000, "Joins, leaves, replays likewise."),
    ROW("ADDRESS_RATE", address_rate, NUMBER, "20000", 0, 10000000,
        "Datagrams a second and address."),
    ROW("MOVE_RETENTION_SECONDS", move_retention_s, NUMBER, "86400", 1, 315360000,
        "How long moves stay in the log."),
    ROW("REPLAY_MAX", replay_max, NUMBER, "100000", 1, 1000000, "Messages of one replay."),
    { 0 },
};
#undef ROW

static int check(void *context, struct error *err)
{
    (void)context;
    return relay_check(relay, err);
}

static int serve(const struct server_config *config, struct error *err)
{
    struct server_options options = { .service = "game", .config = config, .check = check };
    AUTO_FREE char *log_path = alloc_format("%s/game.db", config->data_folder);
    struct server *server = NULL;

    if (server_open(&options, &server, err) < 0)
        return -1;
    if (relay_open(&game, server, log_path, &relay, err) < 0) {
        server_close(server);
        return -1;
    }
    server_run(server);
    relay_close(relay);
    server_close(server);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "game",
        .summary = "players on maps, over UDP.",
        .port = "8050",
        .body_max = "1024",
        .rows = rows,
        .config = &game,
        .serve = serve,
    };

    (void)argc;
    return program_main(&program, argv);
}
