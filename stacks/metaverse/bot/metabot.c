/* SPDX-License-Identifier: MIT */

/*
 * The command line of the bot
 */

#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bot/bot.h"
#include "util/error.h"
#include "util/macro.h"
#include "util/parse.h"

#define EXIT_USAGE 64

enum kind {
    NUMBER,
    TEXT,
};

static const struct option {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct bot_options */
    const char *doc;
} option_table[] = {
    { "--host", TEXT, offsetof(struct bot_options, host), "Where all of it is: 127.0.0.1." },
    { "--login-host", TEXT, offsetof(struct bot_options, login_host), "Else that of --host." },
    { "--asset-host", TEXT, offsetof(struct bot_options, asset_host), "Likewise." },
    { "--map-host", TEXT, offsetof(struct bot_options, map_host), "Likewise." },
    { "--game-host", TEXT, offsetof(struct bot_options, game_host), "Likewise." },
    { "--login-port", NUMBER, offsetof(struct bot_options, login_port), "8000." },
    { "--asset-port", NUMBER, offsetof(struct bot_options, asset_port), "8080." },
    { "--map-port", NUMBER, offsetof(struct bot_options, map_port), "8070." },
    { "--game-port", NUMBER, offsetof(struct bot_options, game_port), "8050, UDP." },
    { "--creator", TEXT, offsetof(struct bot_options, creator),
      "A user who may create on every map: teacher." },
    { "--port", NUMBER, offsetof(struct bot_options, port), "Of --load: 8000." },
    { "--method", TEXT, offsetof(struct bot_options, method), "Of --load: GET." },
    { "--path", TEXT, offsetof(struct bot_options, path), "Of --load: /healthz." },
    { "--body", TEXT, offsetof(struct bot_options, body), "Of --load: none." },
    { "--rps", NUMBER, offsetof(struct bot_options, rps), "Of --load, requests a second: 100." },
    { "--connections", NUMBER, offsetof(struct bot_options, connections),
      "Of --load, requests at a time: 64." },
    { "--timeout-ms", NUMBER, offsetof(struct bot_options, timeout_ms),
      "Of --load, until a request has failed: 5000." },
    { "--at-least", NUMBER, offsetof(struct bot_options, at_least),
      "Of --load, requests before it stops when told to: 0." },
    { "--players", NUMBER, offsetof(struct bot_options, players), "How many move on one map." },
    { "--rate", NUMBER, offsetof(struct bot_options, rate), "Of --players, moves a second: 10." },
    { "--seconds", NUMBER, offsetof(struct bot_options, seconds), "Of both: 5." },
};

static void print_help(void)
{
    puts("metabot: a client of the metaverse, for tests.\n\n"
         "  metabot [OPTIONS] --check      every request of the wire formats\n"
         "  metabot [OPTIONS] --load       requests at a steady rate, reported as JSON\n"
         "  metabot [OPTIONS] --players N  players who move on one map, reported as JSON\n"
         "  metabot --idle                 wait to be told to stop\n\n"
         "It exits 0 when everything was answered as it should be (--load: when anything was), "
         "else 1.\n");
    for (size_t i = 0; i < ARRAY_SIZE(option_table); i++)
        printf("  %-14s %s\n", option_table[i].name, option_table[i].doc);
}

static int set_option(struct bot_options *options, const char *name, const char *value)
{
    struct error err = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(option_table); i++) {
        const struct option *option = &option_table[i];
        void *member = member_at(options, option->offset);

        if (strcmp(option->name, name) != 0)
            continue;
        if (!value) {
            fprintf(stderr, "metabot: %s needs a value\n", name);
            return -1;
        }
        if (option->kind == TEXT) {
            *(const char **)member = value;
            return 0;
        }
        if (parse_int(value, 1, 1000000, member, &err) == 0)
            return 0;
        fprintf(stderr, "metabot: %s: %s\n", name, err.text);
        return -1;
    }
    fprintf(stderr, "metabot: '%s' is no option: see metabot --help\n", name);
    return -1;
}

static void ignore_remark(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

/* Where --host alone says where everything is. */
static void fill_hosts(struct bot_options *options)
{
    const char **hosts[] = { &options->login_host, &options->asset_host, &options->map_host,
                             &options->game_host };

    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        if (!*hosts[i])
            *hosts[i] = options->host;
}

/* A container of the bot stays, so that a test can run the bot inside of it. */
static int idle(const struct bot_options *options)
{
    sigset_t stop;
    int number = 0;

    (void)options;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    return sigwait(&stop, &number) == 0 ? 0 : 1;
}

static const struct mode {
    const char *name;
    int (*run)(const struct bot_options *options);
} modes[] = {
    { "--check", check_run },
    { "--load", load_run },
    { "--idle", idle },
};

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct bot_options options = {
        .host = "127.0.0.1",
        .login_port = 8000,
        .asset_port = 8080,
        .map_port = 8070,
        .game_port = 8050,
        .creator = "teacher",
        .port = 8000,
        .method = "GET",
        .path = "/healthz",
        .rps = 100,
        .connections = 64,
        .timeout_ms = 5000,
        .rate = 10,
        .seconds = 5,
    };
    int (*run)(const struct bot_options *options) = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return 0;
        }
        if (find_mode(argv[i]))
            run = find_mode(argv[i])->run;
        else if (set_option(&options, argv[i], argv[i + 1]) < 0)
            return EXIT_USAGE;
        else
            i++;
    }
    if (!run && options.players > 0)
        run = players_run;
    if (!run || sodium_init() < 0) {
        print_help();
        return EXIT_USAGE;
    }
    fill_hosts(&options);
    signal(SIGPIPE, SIG_IGN);
    event_set_log_callback(ignore_remark);
    return run(&options);
}
