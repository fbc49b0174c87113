/* SPDX-License-Identifier: MIT */

/*
 * The game over UDP
 */

#include "game/relay.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fetch.h"
#include "common/limit.h"
#include "common/moment.h"
#include "common/server.h"
#include "game/journal.h"
#include "game/message.h"
#include "game/outbox.h"
#include "game/session.h"
#include "game/world.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define RECEIVE_MAX 256 /* datagrams in one turn of the loop */
#define SWEEP_MS 500
#define MAP_TIMEOUT_MS 2000

struct relay {
    struct relay_config config;
    struct server *server;
    struct world *world;
    struct journal *journal;
    struct session_table *sessions;
    struct limit *address_limit;
    struct limit *class_limits[MESSAGE_CLASS_COUNT];
    int fd;
    struct event *readable;
    struct event *sweep_timer;
    struct event *outbox_timer;
};

/* A MapReady that waits for the map server to say since when. */
struct inquiry {
    struct relay *relay;
    struct journal_entry *entry;
};

static void send_back(struct relay *relay, const struct sockaddr_in *to, const char *bytes,
                      size_t length, const char *suffix)
{
    char text[MESSAGE_SIZE_MAX + 8];
    int size = snprintf(text, sizeof(text), "%.*s%s", (int)length, bytes, suffix);

    /* As in outbox.c: what cannot be sent is lost. */
    if (sendto(relay->fd, text, (size_t)size, MSG_DONTWAIT, (const struct sockaddr *)to,
               sizeof(*to)) < 0)
        return;
}

static struct player *find_sender(const struct relay *relay, const struct journal_entry *entry)
{
    struct player *player = world_find_user(relay->world, entry->user);

    if (player && (player->address.sin_addr.s_addr != entry->from.sin_addr.s_addr ||
                   player->address.sin_port != entry->from.sin_port))
        return NULL;
    return player;
}

static void announce(struct relay *relay, const struct journal_entry *entry)
{
    const struct message_rule *rule = message_get_rule(entry->command);

    for (struct player *p = world_first(relay->world, entry->map); p; p = p->next_on_map) {
        if (!p->is_present || (rule->is_asset && p->awaits_replay))
            continue;
        if (rule->reach == MESSAGE_TO_OTHERS && strcmp(p->user, entry->user) == 0)
            continue;
        outbox_send(relay->fd, p, entry->text);
    }
}

static void step_outbox(struct relay *relay, struct player *player)
{
    struct timeval tick = { 0, OUTBOX_TICK_MS * 1000 };

    if (outbox_flush(relay->fd, player) && !event_pending(relay->outbox_timer, EV_TIMEOUT, NULL))
        event_add(relay->outbox_timer, &tick);
}

static void announce_join(struct relay *relay, struct player *player,
                          const struct journal_entry *entry)
{
    for (struct player *p = world_first(relay->world, entry->map); p; p = p->next_on_map)
        if (p != player && p->is_present)
            outbox_add(player, p->join_text);
    step_outbox(relay, player);
    free(player->join_text);
    player->join_text = alloc_text(entry->text);
    player->is_present = true;
    announce(relay, entry);
}

static void send_replay(struct relay *relay, struct player *player, struct journal_entry *entry)
{
    for (size_t i = 0; i < entry->replay_count; i++)
        outbox_add(player, entry->replay[i]);
    outbox_add(player, entry->text);
    player->awaits_replay = false;
    step_outbox(relay, player);
}

/* The leaver is gone from the world already, but is to be told. */
static void announce_leave(struct relay *relay, const struct journal_entry *entry)
{
    send_back(relay, &entry->from, entry->text, strlen(entry->text), "");
    announce(relay, entry);
}

static void announce_any(struct relay *relay, struct journal_entry *entry, struct player *player)
{
    if (entry->command == MESSAGE_PLAYER_JOIN) {
        if (player)
            announce_join(relay, player, entry);
    } else if (entry->command == MESSAGE_MAP_READY) {
        if (player)
            send_replay(relay, player, entry);
    } else if (entry->command == MESSAGE_PLAYER_LEAVE ||
               (entry->command == MESSAGE_ASSET_DESELECT && !player)) {
        announce_leave(relay, entry);
    } else {
        announce(relay, entry);
    }
}

static void refuse_entry(struct relay *relay, const struct journal_entry *entry,
                         struct player *player)
{
    size_t length = strlen(entry->text) - strlen(";s");

    if (entry->command == MESSAGE_ASSET_SELECT)
        world_unlock(relay->world, entry->map, entry->object, entry->user);
    if (entry->command == MESSAGE_MAP_READY && player)
        player->awaits_replay = false;
    send_back(relay, &entry->from, entry->text, length, ";f");
}

static void settle(void *context, struct journal_entry *entry, bool is_safe)
{
    struct relay *relay = context;
    struct player *player = find_sender(relay, entry);

    if (!entry->waits)
        return;
    if (player && player->pending > 0)
        player->pending--;
    if (is_safe)
        announce_any(relay, entry, player);
    else
        refuse_entry(relay, entry, player);
}

static struct journal_entry *new_entry(enum message_command command, const char *user,
                                       const char *map, const struct sockaddr_in *from)
{
    struct journal_entry *entry = alloc_new(struct journal_entry);

    entry->command = command;
    entry->from = *from;
    entry->at_ms = clock_wall_ms();
    strcpy(entry->user, user);
    strcpy(entry->map, map);
    return entry;
}

/* Announce it now or when it is safe; `player` is the sender, NULL when it has left. */
static void keep(struct relay *relay, struct journal_entry *entry, struct player *player)
{
    bool is_move = message_get_rule(entry->command)->class == MESSAGE_CLASS_MOVE;

    entry->waits = !is_move || (player && player->pending > 0);
    if (player && entry->waits)
        player->pending++;
    if (!entry->waits)
        announce(relay, entry);
    if (journal_add(relay->journal, entry))
        return;
    settle(relay, entry, false);
    journal_entry_free(entry);
}

static void keep_leave(struct relay *relay, const struct world_verdict *verdict, const char *user,
                       const char *time, const struct sockaddr_in *from)
{
    struct journal_entry *entry = NULL;

    for (size_t i = 0; i < verdict->released_count; i++) {
        entry = new_entry(MESSAGE_ASSET_DESELECT, user, verdict->map, from);
        strcpy(entry->object, verdict->released[i]);
        entry->text = alloc_format("AssetDeselect$%s;%s;%s;s", user, time, verdict->released[i]);
        keep(relay, entry, NULL);
    }
    entry = new_entry(MESSAGE_PLAYER_LEAVE, user, verdict->map, from);
    entry->text = alloc_format("PlayerLeave$%s;%s;s", user, time);
    keep(relay, entry, NULL);
}

/* 200: everything since the map was saved; 404: it never was, so everything. */
static void on_map_time(void *context, const struct fetch_answer *answer)
{
    struct inquiry *inquiry = context;
    struct relay *relay = inquiry->relay;
    struct journal_entry *entry = inquiry->entry;
    struct player *player = find_sender(relay, entry);
    struct error err = { 0 };
    AUTO(json) struct json *body = json_parse(answer->body, answer->length, &err);

    free(inquiry);
    if (answer->status != 200 && answer->status != 404)
        log_warn("the map server did not say when the map was saved, replaying everything",
                 LOG_INT("status", answer->status), LOG_TEXT("map", entry->map));
    if (answer->status == 200)
        moment_parse(json_find_text(body, "message", ""), &entry->since_ms);
    if (player && player->pending > 0)
        player->pending--;
    keep(relay, entry, player);
}

/* Part of an URL; map ids of the map server are numbers, so others are not asked for. */
static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789.-")] == '\0';
}

static void begin_replay(struct relay *relay, struct journal_entry *entry, struct player *player)
{
    AUTO_FREE char *url = alloc_format("%s/maptime?mapId=%s", relay->config.map_url, entry->map);
    struct fetch_request request = { .method = "GET", .url = url, .timeout_ms = MAP_TIMEOUT_MS };
    struct inquiry *inquiry = NULL;
    struct error err = { 0 };

    player->awaits_replay = true;
    if (!is_number(entry->map)) {
        keep(relay, entry, player);
        return;
    }
    inquiry = alloc_new(struct inquiry);
    *inquiry = (struct inquiry){ .relay = relay, .entry = entry };
    player->pending++;
    if (fetch_start(server_get_base(relay->server), server_get_resolver(relay->server), &request,
                    on_map_time, inquiry, &err) == 0)
        return;
    log_warn("the map server cannot be asked", LOG_TEXT("error", err.text));
    on_map_time(inquiry, &(struct fetch_answer){ .body = "" });
}

static void accept_message(struct relay *relay, const struct message *message,
                           struct world_verdict *verdict, const char *bytes, size_t length,
                           const struct sockaddr_in *from)
{
    const char *object = message_get_object(message);
    struct journal_entry *entry = NULL;

    if (message->command == MESSAGE_PLAYER_LEAVE) {
        keep_leave(relay, verdict, message->user, message->time, from);
        return;
    }
    entry = new_entry(message->command, message->user, verdict->map, from);
    if (object && message_get_rule(message->command)->is_asset)
        strcpy(entry->object, object);
    entry->text = alloc_format("%.*s;s", (int)length, bytes);
    if (message->command == MESSAGE_MAP_READY)
        begin_replay(relay, entry, verdict->player);
    else
        keep(relay, entry, verdict->player);
}

/* May this sender speak for this user at all? */
static bool is_admitted(struct relay *relay, const struct message *message,
                        const struct sockaddr_in *from)
{
    enum session_standing standing =
        session_look(relay->sessions, message->user, from, clock_now_ms());

    if (message->command != MESSAGE_PLAYER_JOIN)
        return true;
    if (standing == SESSION_ELSEWHERE)
        return false;
    return standing == SESSION_HERE || strcmp(relay->config.auth, "required") != 0;
}

static bool authenticate(struct relay *relay, const struct message *message,
                         const struct sockaddr_in *from)
{
    struct token_claims claims = { 0 };
    struct error err = { 0 };

    if (server_verify(relay->server, message->args[0], &claims, &err) < 0 ||
        strcmp(claims.user, message->user) != 0)
        return false;
    session_bind(relay->sessions, message->user, from,
                 clock_now_ms() + (claims.expires_s * SECOND_MS - clock_wall_ms()));
    return true;
}

static void handle(struct relay *relay, const char *bytes, size_t length,
                   const struct sockaddr_in *from)
{
    struct message message;
    struct world_verdict verdict = { 0 };
    int64_t now_ms = clock_now_ms();

    if (length > MESSAGE_SIZE_MAX || !limit_take(relay->address_limit, &from->sin_addr.s_addr,
                                                 sizeof(from->sin_addr.s_addr), now_ms))
        return;
    if (!message_parse(bytes, length, &message)) {
        send_back(relay, from, bytes, length, ";f");
        return;
    }
    if (!limit_take(relay->class_limits[message_get_rule(message.command)->class], message.user,
                    strlen(message.user), now_ms))
        return;
    if (message.command == MESSAGE_AUTH) {
        send_back(relay, from, bytes, length, authenticate(relay, &message, from) ? ";s" : ";f");
        return;
    }
    if (is_admitted(relay, &message, from))
        world_apply(relay->world, &message, from, now_ms, &verdict);
    if (verdict.is_accepted)
        accept_message(relay, &message, &verdict, bytes, length, from);
    else
        send_back(relay, from, bytes, length, ";f");
    world_verdict_done(&verdict);
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    char bytes[MESSAGE_SIZE_MAX + 1];
    struct sockaddr_in from = { 0 };

    (void)events;
    for (int i = 0; i < RECEIVE_MAX; i++) {
        socklen_t size = sizeof(from);
        ssize_t length =
            recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

        if (length < 0)
            return;
        handle(context, bytes, (size_t)length, &from);
    }
}

/* Nobody says goodbye when a phone's battery dies. */
static void on_sweep(evutil_socket_t fd, short events, void *context)
{
    struct relay *relay = context;
    int64_t now_ms = clock_now_ms();
    struct player *player = NULL;

    (void)fd;
    (void)events;
    while (
        (player = world_find_silent(relay->world, now_ms - relay->config.silence_s * SECOND_MS))) {
        struct message leave = { .command = MESSAGE_PLAYER_LEAVE };
        struct sockaddr_in address = player->address;
        struct world_verdict verdict = { 0 };
        char time[32];

        strcpy(leave.fields, player->user);
        leave.user = leave.fields;
        clock_format_wall(clock_wall_ms(), time);
        log_info("a silent player left", LOG_TEXT("user", leave.user));
        world_apply(relay->world, &leave, &address, now_ms, &verdict);
        keep_leave(relay, &verdict, leave.user, time, &address);
        world_verdict_done(&verdict);
    }
}

static void on_outbox_tick(evutil_socket_t fd, short events, void *context)
{
    struct relay *relay = context;

    (void)fd;
    (void)events;
    for (struct player *p = world_next_waiting(relay->world, NULL); p;
         p = world_next_waiting(relay->world, p))
        step_outbox(relay, p);
}

static int open_socket(struct relay *relay, struct error *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int size = RECEIVE_BUFFER;

    address.sin_port = htons((uint16_t)relay->config.port);
    relay->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (relay->fd < 0)
        return error_set_errno(err, errno, "make a socket");
    setsockopt(relay->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(relay->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    if (bind(relay->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return error_set_errno(err, errno, "listen on UDP port %d", (int)relay->config.port);
    return 0;
}

static int open_events(struct relay *relay, struct error *err)
{
    struct event_base *base = server_get_base(relay->server);
    struct timeval period = { 0, SWEEP_MS * 1000 };

    relay->readable = event_new(base, relay->fd, EV_READ | EV_PERSIST, on_readable, relay);
    relay->sweep_timer = event_new(base, -1, EV_PERSIST, on_sweep, relay);
    relay->outbox_timer = event_new(base, -1, 0, on_outbox_tick, relay);
    if (!relay->readable || !relay->sweep_timer || !relay->outbox_timer ||
        event_add(relay->readable, NULL) < 0 || event_add(relay->sweep_timer, &period) < 0)
        return error_set(err, ERROR_SYSTEM, "cannot make an event");
    return 0;
}

int relay_open(const struct relay_config *config, struct server *server, const char *log_path,
               struct relay **relay_out, struct error *err)
{
    struct relay *relay = alloc_new(struct relay);
    const int64_t rates[MESSAGE_CLASS_COUNT] = {
        [MESSAGE_CLASS_MOVE] = config->move_rate,
        [MESSAGE_CLASS_EDIT] = config->edit_rate,
        [MESSAGE_CLASS_ENTRY] = config->entry_rate,
    };
    struct journal_options options = {
        .path = log_path,
        .move_retention_s = config->move_retention_s,
        .replay_max = (size_t)config->replay_max,
        .settled = settle,
        .context = relay,
    };

    relay->config = *config;
    relay->server = server;
    relay->fd = -1;
    relay->world = world_new(config->creators, (size_t)config->players_max);
    relay->sessions = session_new();
    relay->address_limit = limit_new(config->address_rate, config->address_rate * 2);
    for (size_t i = 0; i < MESSAGE_CLASS_COUNT; i++)
        relay->class_limits[i] = limit_new(rates[i], rates[i] * 2);
    if (journal_open(&options, server_get_base(server), &relay->journal, err) < 0 ||
        open_socket(relay, err) < 0 || open_events(relay, err) < 0) {
        relay_close(relay);
        return -1;
    }
    *relay_out = relay;
    return 0;
}

void relay_close(struct relay *relay)
{
    struct event *events[] = { relay->readable, relay->sweep_timer, relay->outbox_timer };

    journal_close(relay->journal);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        if (events[i])
            event_free(events[i]);
    if (relay->fd >= 0)
        close(relay->fd);
    for (size_t i = 0; i < MESSAGE_CLASS_COUNT; i++)
        limit_free(relay->class_limits[i]);
    limit_free(relay->address_limit);
    session_free(relay->sessions);
    world_free(relay->world);
    free(relay);
}

int relay_check(struct relay *relay, struct error *err)
{
    if (!journal_is_well(relay->journal))
        return error_set(err, ERROR_SYSTEM, "the log of the game cannot be written");
    return 0;
}
