/* SPDX-License-Identifier: MIT */

/*
 * The command line that all servers have
 *
 *     SERVER                          serve, configured by the environment
 *     SERVER --health                 exit 0 when the server in this container answers
 *     SERVER --get URL [TOKEN]        print status and body of an HTTP answer
 *     SERVER --post URL BODY [TOKEN]
 *     SERVER --udp HOST:PORT TEXT…    send datagrams, print the replies
 *     SERVER --help
 */

#pragma once

#include "common/config.h"
#include "common/server.h"

struct error;

struct program {
    const char *name;
    const char *summary;
    const char *port;              /* the default of PORT */
    const char *body_max;          /* the default of BODY_MAX */
    const struct config_row *rows; /* the server's own; filled into `config` */
    void *config;
    /* Serve until told to stop. */
    int (*serve)(const struct server_config *config, struct error *err);
};

/* The whole of main(): returns the exit status. */
int program_main(const struct program *program, char **argv);
