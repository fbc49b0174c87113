/* SPDX-License-Identifier: MIT */

/*
 * The health of the other services
 */

#include "common/peers.h"

#include <stdlib.h>
#include <string.h>

#include "common/exchange.h"
#include "common/fetch.h"
#include "common/server_state.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

#define PEERS_MAX 16
#define PROBES_MAX 8
#define TIMEOUT_MS 2000

struct survey {
    struct exchange *exchange;
    struct json *message;
    size_t pending;
    bool all_well;
};

struct probe {
    struct survey *survey;
    char name[32];
};

static void add_peer(struct survey *survey, const char *name, int status, const char *replica)
{
    struct json *peer = json_new_object();

    json_set_int(peer, "status", status);
    json_set_text(peer, "replica", replica);
    json_set(survey->message, name, peer);
    survey->all_well = survey->all_well && status == 200;
}

static void finish(struct survey *survey)
{
    struct json *json = json_new_object();

    json_set_int(json, "code", survey->all_well ? 1 : 0);
    json_set(json, "message", STEAL_PTR(survey->message));
    exchange_get_server(survey->exchange)->peer_probes--;
    reply_json(exchange_get_reply(survey->exchange), survey->all_well ? 200 : 503, json);
    exchange_send(survey->exchange);
    free(survey);
}

static void on_answer(void *context, const struct fetch_answer *answer)
{
    struct probe *probe = context;
    struct survey *survey = probe->survey;

    add_peer(survey, probe->name, answer->status, answer->replica);
    free(probe);
    if (--survey->pending == 0)
        finish(survey);
}

/* `text` is NAME=URL. */
static void ask(struct survey *survey, char *text)
{
    struct server *server = exchange_get_server(survey->exchange);
    char *url = strchr(text, '=');
    AUTO_FREE char *address = NULL;
    struct probe *probe = NULL;
    struct error err = { 0 };

    if (!url || (size_t)(url - text) >= sizeof(probe->name))
        return;
    *url++ = '\0';
    address = alloc_format("%s/healthz", url);
    probe = alloc_new(struct probe);
    probe->survey = survey;
    strcpy(probe->name, text);
    struct fetch_request request = { .method = "GET", .url = address, .timeout_ms = TIMEOUT_MS };
    if (fetch_start(server->base, server->resolver, &request, on_answer, probe, &err) < 0) {
        add_peer(survey, text, 0, err.text);
        free(probe);
        return;
    }
    survey->pending++;
}

void peers_answer(struct exchange *exchange)
{
    struct server *server = exchange_get_server(exchange);
    AUTO_FREE char *list = alloc_text(server->options.config->peers);
    struct survey *survey = NULL;
    char *rest = NULL;

    if (server->peer_probes >= PROBES_MAX) {
        reply_code(exchange_get_reply(exchange), 429, 0, "too many requests");
        exchange_send(exchange);
        return;
    }
    server->peer_probes++;
    survey = alloc_new(struct survey);
    /* The one pending more is this function, so that nobody finishes before all are asked. */
    *survey = (struct survey){
        .exchange = exchange, .message = json_new_object(), .pending = 1, .all_well = true
    };
    for (char *word = strtok_r(list, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest))
        if (survey->pending <= PEERS_MAX)
            ask(survey, word);
    if (--survey->pending == 0)
        finish(survey);
}
