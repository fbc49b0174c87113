/* SPDX-License-Identifier: MIT */

/*
 * The asset server
 */

#include <stddef.h>

#include "asset/assets.h"
#include "common/program.h"
#include "common/server.h"

static const struct config_row rows[] = { { 0 } };

static const struct server_route routes[] = {
    { .method = "POST", .path = "/asset_upload", .run = assets_upload },
    { .method = "GET", .path = "/asset_search", .run = assets_search },
    { .method = "GET", .path = "/asset_info", .run = assets_info },
    { .method = "GET", .path = "/asset_down", .run = assets_down },
    { .method = "GET", .path = "/asset_thumbnail", .run = assets_thumbnail },
    { .method = "GET", .path = "/v1/assets/", .run = assets_file, .needs_user = true },
    { 0 },
};

static int serve(const struct server_config *config, struct error *err)
{
    struct server_options options = {
        .service = "asset", .config = config, .routes = routes, .schema = &assets_schema
    };

    return server_serve(&options, err);
}

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "asset",
        .summary = "files to build worlds from, over HTTP.",
        .port = "8080",
        .body_max = "8388608",
        .rows = rows,
        .serve = serve,
    };

    (void)argc;
    return program_main(&program, argv);
}
