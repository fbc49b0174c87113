/* SPDX-License-Identifier: MIT */

/*
 * Requests at a steady rate
 *
 * The loop is open: request n is due at n / rps whether or not those before it were
 * answered, and its latency counts from when it was due. Each has a connection of its own,
 * so that each is balanced by itself. The report is one JSON object, and whoever asked for the
 * load judges it: only a run in which nothing was answered fails.
 */

#include <event2/dns.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "bot/bot.h"
#include "bot/histogram.h"
#include "common/fetch.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/macro.h"

#define TICK_MS 1
#define REPLICAS_MAX 64
#define STATUS_MAX 600

struct replica_count {
    char name[80];
    int64_t count;
};

/* Set by SIGTERM and SIGINT: no more requests are begun, and what was seen is reported. */
static volatile sig_atomic_t is_told_to_stop;

struct load {
    const struct bot_options *options;
    char *url;
    struct event_base *base;
    struct evdns_base *resolver;
    struct event *tick;
    int64_t started_ns;
    int64_t begun;   /* requests begun */
    int64_t pending; /* and not answered yet */
    int64_t pending_max;
    int64_t ok;
    int64_t failed;
    int64_t late; /* begun late, since too many others were pending */
    int64_t statuses[STATUS_MAX];
    struct replica_count replicas[REPLICAS_MAX];
    struct histogram latencies; /* microseconds */
};

struct shot {
    struct load *load;
    int64_t due_ns;
};

static void count_replica(struct load *load, const char *name)
{
    for (size_t i = 0; i < REPLICAS_MAX && *name; i++) {
        struct replica_count *replica = &load->replicas[i];

        if (replica->count > 0 && strcmp(replica->name, name) != 0)
            continue;
        snprintf(replica->name, sizeof(replica->name), "%s", name);
        replica->count++;
        return;
    }
}

static void on_answer(void *context, const struct fetch_answer *answer)
{
    struct shot *shot = context;
    struct load *load = shot->load;

    load->pending--;
    if (answer->status > 0 && answer->status < STATUS_MAX)
        load->statuses[answer->status]++;
    if (answer->status > 0 && answer->status < 500)
        load->ok++;
    else
        load->failed++;
    count_replica(load, answer->replica);
    histogram_add(&load->latencies, (uint64_t)((clock_now_ns() - shot->due_ns) / 1000));
    free(shot);
}

static void fire(struct load *load, int64_t due_ns)
{
    struct fetch_request request = { .method = load->options->method,
                                     .url = load->url,
                                     .body = load->options->body,
                                     .timeout_ms = (int)load->options->timeout_ms };
    struct shot *shot = alloc_new(struct shot);
    struct error err = { 0 };

    *shot = (struct shot){ .load = load, .due_ns = due_ns };
    load->begun++;
    load->pending++;
    load->pending_max = MAX(load->pending_max, load->pending);
    if (fetch_start(load->base, load->resolver, &request, on_answer, shot, &err) < 0)
        on_answer(shot, &(struct fetch_answer){ .body = "", .replica = "" });
}

static void on_stop(int number)
{
    (void)number;
    is_told_to_stop = 1;
}

/* Whoever tells it to stop wants to know how it went: so much is seen all the same. */
static bool may_stop(const struct load *load)
{
    return is_told_to_stop && load->begun >= load->options->at_least;
}

static void on_tick(evutil_socket_t fd, short events, void *context)
{
    struct load *load = context;
    const struct bot_options *options = load->options;
    int64_t total = options->rps * options->seconds;
    int64_t now_ns = clock_now_ns();

    (void)fd;
    (void)events;
    while (load->begun < total && !may_stop(load)) {
        int64_t due_ns = load->started_ns + load->begun * 1000000000 / options->rps;

        if (due_ns > now_ns)
            break;
        if (load->pending >= options->connections) {
            load->late++;
            return;
        }
        fire(load, due_ns);
    }
    if (load->begun == total || may_stop(load))
        event_del(load->tick);
}

static void report(const struct load *load)
{
    static const uint64_t per_milles[] = { 500, 950, 990, 999 };
    static const char *const keys[] = { "p50_us", "p95_us", "p99_us", "p999_us" };
    AUTO(json) struct json *json = json_new_object();
    struct json *replicas = json_new_object();
    struct json *statuses = json_new_object();
    AUTO_FREE char *text = NULL;
    char key[16];

    for (size_t i = 0; i < REPLICAS_MAX && load->replicas[i].count > 0; i++)
        json_set_int(replicas, load->replicas[i].name, load->replicas[i].count);
    for (int status = 0; status < STATUS_MAX; status++) {
        snprintf(key, sizeof(key), "%d", status);
        if (load->statuses[status] > 0)
            json_set_int(statuses, key, load->statuses[status]);
    }
    json_set_int(json, "requests", load->begun);
    json_set_int(json, "ok", load->ok);
    json_set_int(json, "failed", load->failed);
    json_set_int(json, "connections", load->options->connections);
    json_set_int(json, "connections_used", load->pending_max);
    json_set_int(json, "late_ticks", load->late);
    json_set_int(json, "elapsed_ms", (clock_now_ns() - load->started_ns) / 1000000);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        json_set_int(json, keys[i], (int64_t)histogram_find(&load->latencies, per_milles[i]));
    json_set_int(json, "max_us", (int64_t)load->latencies.max);
    json_set(json, "statuses", statuses);
    json_set(json, "replicas", replicas);
    text = json_print(json, false);
    puts(text);
}

/* A loop whose timers are finer than the kernel's tick. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int load_run(const struct bot_options *options)
{
    struct load *load = alloc_new(struct load);
    struct timeval period = { 0, TICK_MS * 1000 };
    int status = 1;

    load->options = options;
    load->url =
        alloc_format("http://%s:%" PRId64 "%s", options->host, options->port, options->path);
    load->base = new_base();
    if (load->base) {
        load->resolver = fetch_open_resolver(load->base);
        load->tick = event_new(load->base, -1, EV_PERSIST, on_tick, load);
        load->started_ns = clock_now_ns();
        event_add(load->tick, &period);
        signal(SIGTERM, on_stop);
        signal(SIGINT, on_stop);
        event_base_dispatch(load->base);
        report(load);
        status = load->ok > 0 ? 0 : 1;
        event_free(load->tick);
        evdns_base_free(load->resolver, 0);
        event_base_free(load->base);
    }
    free(load->url);
    free(load);
    return status;
}
