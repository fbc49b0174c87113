/* SPDX-License-Identifier: MIT */

/*
 * The command line that all servers have
 */

#include "common/program.h"

#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/client.h"
#include "util/error.h"
#include "util/log.h"
#include "util/macro.h"

#define EXIT_USAGE 64

static int run_health(const struct program *program, const struct server_config *config,
                      char **args)
{
    (void)program;
    (void)args;
    return client_health(config->port);
}

static int run_get(const struct program *program, const struct server_config *config, char **args)
{
    (void)program;
    (void)config;
    return client_http("GET", args[0], NULL, args[1]);
}

static int run_post(const struct program *program, const struct server_config *config, char **args)
{
    (void)program;
    (void)config;
    return client_http("POST", args[0], args[1], args[2]);
}

static int run_udp(const struct program *program, const struct server_config *config, char **args)
{
    (void)program;
    (void)config;
    return client_udp(args[0], args + 1);
}

static int run_help(const struct program *program, const struct server_config *config, char **args);

static const struct command {
    const char *name;
    const char *operands;
    const char *doc;
    int operand_count; /* at least */
    int (*run)(const struct program *program, const struct server_config *config, char **args);
} commands[] = {
    { "--health", "", "Exit 0 when the server here answers.", 0, run_health },
    { "--get", "URL [TOKEN]", "Print status and body of an HTTP answer.", 1, run_get },
    { "--post", "URL BODY [TOKEN]", "The same, for a body that is sent.", 2, run_post },
    { "--udp", "HOST:PORT TEXT...", "Send datagrams, print the replies.", 2, run_udp },
    { "--help", "", "Print this.", 0, run_help },
};

static int run_help(const struct program *program, const struct server_config *config, char **args)
{
    (void)config;
    (void)args;
    printf("%s: %s\nWithout an argument it serves.\n\n", program->name, program->summary);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        printf("  %-9s %-18s %s\n", commands[i].name, commands[i].operands, commands[i].doc);
    printf("\nEnvironment:\n");
    config_print(server_config_rows);
    config_print(program->rows);
    return 0;
}

/* What libevent remarks is for its developers; what matters comes back as an error. */
static void log_remark(int severity, const char *message)
{
    if (severity >= EVENT_LOG_ERR)
        log_error("libevent", LOG_TEXT("error", message));
    else
        log_debug("libevent", LOG_TEXT("remark", message));
}

static int serve(const struct program *program, const struct server_config *config)
{
    struct error err = { 0 };
    sigset_t stop;

    /*
     * Asked to stop before it can listen for that: the signal waits until the server can. The
     * first process of a container would otherwise never hear of it.
     */
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    /* What is kept is the server's alone; the public key is given its own mode. */
    umask(0077);
    log_setup(STDOUT_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    if (program->serve(config, &err) < 0) {
        log_error("cannot serve", LOG_TEXT("error", err.text));
        return 1;
    }
    return 0;
}

int program_main(const struct program *program, char **argv)
{
    struct server_config config = { 0 };
    struct error err = { 0 };
    int count = 0;

    event_set_log_callback(log_remark);
    setenv("PORT", program->port, 0);
    setenv("BODY_MAX", program->body_max, 0);
    if (config_load(server_config_rows, &config, &err) < 0 ||
        config_load(program->rows, program->config, &err) < 0) {
        fprintf(stderr, "%s: %s\n", program->name, err.text);
        return EXIT_USAGE;
    }
    if (sodium_init() < 0) {
        fprintf(stderr, "%s: no source of random numbers\n", program->name);
        return 1;
    }
    if (!argv[1])
        return serve(program, &config);
    while (argv[2 + count])
        count++;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0 && count >= commands[i].operand_count)
            return commands[i].run(program, &config, argv + 2);
    fprintf(stderr, "%s: '%s' cannot be done like this: see %s --help\n", program->name, argv[1],
            program->name);
    return EXIT_USAGE;
}
