/* SPDX-License-Identifier: MIT */

/*
 * The map server
 */

#include <stddef.h>

#include "common/program.h"
#include "common/server.h"
#include "map/maps.h"

static const struct config_row rows[] = { { 0 } };

static const struct server_route routes[] = {
    { .method = "POST", .path = "/map_data", .run = maps_save },
    { .method = "GET", .path = "/map_data", .run = maps_load },
    { .method = "GET", .path = "/maplist", .run = maps_list },
    { .method = "GET", .path = "/maptime", .run = maps_time },
    { 0 },
};

static int serve(const struct server_config *config, struct error *err)
{
    struct server_options options = {
        .service = "map", .config = config, .routes = routes, .schema = &maps_schema
    };

    return server_serve(&options, err);
}

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "map",
        .summary = "the saved maps, over HTTP.",
        .port = "8070",
        .body_max = "4194304",
        .rows = rows,
        .serve = serve,
    };

    (void)argc;
    return program_main(&program, argv);
}
