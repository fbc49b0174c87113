/* SPDX-License-Identifier: MIT */

/*
 * The functional walk: HTTP
 *
 * A row is a request and the answer it must get, byte for byte except for a '*'.
 */

#include "bot/check.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fetch.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/macro.h"

#define TIMEOUT_MS 10000
#define LARGE_SIZE 700000

enum server {
    LOGIN,
    ASSET,
    MAP,
};

static const struct step {
    enum server server;
    const char *method;
    const char *path;
    const char *body;
    int status;
    const char *answer;
    char keep;    /* the variable that is set to what '*' stands for, or 0 */
    char session; /* the variable that is sent as session token, or 0 */
} steps[] = {
#define NOBODY "{\"user_id\":\"<u>none\",\"user_pw\":\"secret\"}"
#define ACCOUNT \
    "{\"user_id\":\"<u>\",\"user_pw\":\"secret\",\"nickname\":\"Bot\",\"email\":\"b@e.org\"}"
    { LOGIN, "POST", "/login", NOBODY, 200, "{\"code\":0,\"message\":\"user not found\"}", 0, 0 },
    { LOGIN, "POST", "/signup", ACCOUNT, 200, "{\"code\":1,\"message\":\"Sign up Success\"}", 0,
      0 },
    { LOGIN, "POST", "/signup", ACCOUNT, 400, "{\"code\":0,\"message\":\"existing id\"}", 0, 0 },
    { LOGIN, "POST", "/signup", "{\"user_id\":\"<u>2\",\"user_pw\":\"x\",\"nickname\":\"y\"}", 400,
      "{\"code\":0,\"message\":\"bad request\"}", 0, 0 },
    { LOGIN, "POST", "/signup", "no json", 400, "{\"code\":0,\"message\":\"bad request\"}", 0, 0 },
    { LOGIN, "POST", "/login", "{\"user_id\":\"<u>\",\"user_pw\":\"wrong\"}", 200,
      "{\"code\":0,\"message\":\"password mismatch\"}", 0, 0 },
    { LOGIN, "POST", "/login", "{\"user_id\":\"<u>' OR 1=1 --\",\"user_pw\":\"x\"}", 200,
      "{\"code\":0,\"message\":\"user not found\"}", 0, 0 },
    { LOGIN, "POST", "/login", "{\"user_id\":\"<u>\",\"user_pw\":\"secret\"}", 200,
      "{\"code\":1,\"message\":{\"user_id\":\"<u>\",\"nickname\":\"Bot\",\"email\":\"b@e.org\","
      "\"token\":\"*\"}}",
      't', 0 },
#define SESSION "{\"code\":1,\"message\":{\"user_id\":\"<u>\",\"issued\":*}}"
    { LOGIN, "GET", "/v1/session", NULL, 200, SESSION, 0, 't' },
    { ASSET, "GET", "/v1/session", NULL, 200, SESSION, 0, 't' },
    { MAP, "GET", "/v1/session", NULL, 200, SESSION, 0, 't' },
    { MAP, "GET", "/v1/session", NULL, 401, "{\"code\":0,\"message\":\"*\"}", 0, 'u' },
    { MAP, "GET", "/v1/session", NULL, 401, "{\"code\":0,\"message\":\"*\"}", 0, 0 },
    { LOGIN, "GET", "/healthz", NULL, 200, "*", 0, 0 },
    { LOGIN, "GET", "/readyz", NULL, 200, "*", 0, 0 },
    { LOGIN, "GET", "/login", NULL, 405, "*", 0, 0 },
    { LOGIN, "GET", "/nothing", NULL, 404, "*", 0, 0 },

#define PICTURE "\"thumbnail\":\"aGk=\",\"thumbnailext\":\"png\""
#define NONE                                                               \
    "{\"code\":1,\"message\":\"Success, but no assets found matching the " \
    "criteria\",\"data\":null}"
#define FOUND "{\"code\":1,\"message\":\"Assets retrieved successfully\",\"data\":"
    { ASSET, "GET", "/asset_search?name=<n>", NULL, 200, NONE, 0, 0 },
    { ASSET, "POST", "/asset_upload",
      "{\"name\":\"<n>\",\"categoryid\":7," PICTURE ",\"file\":\"aGVsbG8=\",\"price\":5,"
      "\"isdisable\":false}",
      201, "{\"code\":1,\"message\":\"Asset created successfully\",\"data\":null}", 0, 't' },
    { ASSET, "POST", "/asset_upload", "{\"name\":\"<n>\",\"categoryid\":7," PICTURE "}", 400,
      "{\"code\":0,\"message\":\"file*\"}", 0, 0 },
    { ASSET, "POST", "/asset_upload",
      "{\"name\":\"<n>\",\"categoryid\":\"x\"," PICTURE ",\"file\":\"aGVsbG8=\"}", 400,
      "{\"code\":0,\"message\":\"categoryid*\"}", 0, 0 },
    { ASSET, "POST", "/asset_upload", "[]", 400, "{\"code\":0,\"message\":\"*\"}", 0, 0 },
    { ASSET, "GET", "/asset_search?name=<n>&categoryid=7", NULL, 200,
      FOUND "[{\"id\":\"*\",\"name\":\"<n>\"}]}", 'i', 0 },
    { ASSET, "GET", "/asset_search?name=<n>&categoryid=8", NULL, 200, NONE, 0, 0 },
    { ASSET, "GET", "/asset_search?categoryid=x", NULL, 400,
      "{\"code\":0,\"message\":\"Invalid category ID\"}", 0, 0 },
    { ASSET, "GET", "/asset_down?id=<i>", NULL, 200,
      FOUND "[{\"id\":\"<i>\",\"file\":\"aGVsbG8=\"}]}", 0, 0 },
    { ASSET, "GET", "/asset_info?id=<i>", NULL, 200,
      FOUND "[{\"id\":\"<i>\",\"name\":\"<n>\",\"categoryid\":\"7\"," PICTURE
            ",\"file\":\"aGVsbG8=\",\"uploadDate\":\"*\",\"downloadCount\":\"1\",\"price\":\"5\","
            "\"isDisable\":\"false\"}]}",
      0, 0 },
    { ASSET, "GET", "/asset_thumbnail?id=<i>", NULL, 200, FOUND "[{\"id\":\"<i>\"," PICTURE "}]}",
      0, 0 },
    { ASSET, "GET", "/asset_down?id=123", NULL, 400,
      "{\"code\":0,\"message\":\"Invalid ID format\"}", 0, 0 },
    { ASSET, "GET", "/asset_down?id=000000000000000000000000", NULL, 200, NONE, 0, 0 },
    { ASSET, "GET", "/asset_info?limit=1", NULL, 200, FOUND "[{\"id\":\"*\"}]}", 0, 0 },
    { ASSET, "GET", "/v1/assets/<i>/file", NULL, 200, "hello", 0, 't' },
    { ASSET, "GET", "/v1/assets/<i>/file", NULL, 401, "{\"code\":0,\"message\":\"*\"}", 0, 0 },

#define PLACE(chunk) "\"map_id\":<m>,\"version\":1,\"chunkNum\":" chunk
#define CHUNK_0 "{" PLACE("0") ",\"mapName\":\"Insel\",\"mapCTime\":\"2020-01-01T00:00:00Z\"}"
#define CHUNK_1 "{" PLACE("1") ",\"objects\":[1.50,{\"a\":null}]}"
    { MAP, "GET", "/map_data?mapID=<m>&version=1&chunk=0", NULL, 404,
      "{\"code\":0,\"message\":\"No documents found\"}", 0, 0 },
    { MAP, "GET", "/maptime?mapId=<m>", NULL, 404, "{\"code\":0,\"message\":\"No data found\"}", 0,
      0 },
    { MAP, "POST", "/map_data", CHUNK_0, 201, "{\"code\":1,\"message\":\"insert success\"}", 0, 0 },
    { MAP, "POST", "/map_data", CHUNK_1, 201, "{\"code\":1,\"message\":\"insert success\"}", 0, 0 },
    { MAP, "GET", "/map_data?mapID=<m>&version=1&chunk=1", NULL, 200,
      "{\"code\":1,\"message\":" CHUNK_1 "}", 0, 0 },
    { MAP, "POST", "/map_data", CHUNK_0, 200, "{\"code\":1,\"message\":\"update success\"}", 0, 0 },
    { MAP, "GET", "/map_data?mapID=<m>&version=1&chunk=1", NULL, 404,
      "{\"code\":0,\"message\":\"No documents found\"}", 0, 0 },
    { MAP, "GET", "/map_data?mapID=<m>&version=1&chunk=0", NULL, 200,
      "{\"code\":1,\"message\":" CHUNK_0 "}", 0, 0 },
    { MAP, "POST", "/map_data", "{\"map_id\":\"<m>\",\"version\":1,\"chunkNum\":0}", 400,
      "{\"code\":0,\"message\":\"body error\"}", 0, 0 },
    { MAP, "POST", "/map_data", "{\"map_id\":<m>,\"version\":1}", 400,
      "{\"code\":0,\"message\":\"body error\"}", 0, 0 },
    { MAP, "GET", "/maptime?mapId=<m>", NULL, 200,
      "{\"code\":1,\"message\":\"2020-01-01T00:00:00Z\"}", 0, 0 },
    { MAP, "GET", "/maplist", NULL, 200, "{\"code\":1,\"message\":[{\"map_id\":*}]}", 'l', 0 },
};

/* Where a server is, as the beginning of an URL; the caller frees it. */
static char *origin_of(const struct bot_options *options, enum server server)
{
    const char *const hosts[] = {
        [LOGIN] = options->login_host,
        [ASSET] = options->asset_host,
        [MAP] = options->map_host,
    };
    const int64_t ports[] = {
        [LOGIN] = options->login_port,
        [ASSET] = options->asset_port,
        [MAP] = options->map_port,
    };

    return alloc_format("http://%s:%" PRId64, hosts[server], ports[server]);
}

static void run_step(struct check *check, const struct step *step)
{
    AUTO_FREE char *origin = origin_of(check->options, step->server);
    AUTO_FREE char *path = variables_expand(&check->variables, step->path);
    AUTO_FREE char *body = step->body ? variables_expand(&check->variables, step->body) : NULL;
    AUTO_FREE char *url = alloc_format("%s%s", origin, path);
    AUTO_FREE char *what = NULL;
    struct fetch_request request = {
        .method = step->method, .url = url, .body = body, .timeout_ms = TIMEOUT_MS
    };
    struct fetch_result result = { 0 };
    struct error err = { 0 };
    bool is_right = false;

    if (step->session)
        request.bearer = variables_get(&check->variables, step->session);
    what = alloc_format("%s %s: expected %d %s", step->method, url, step->status, step->answer);
    if (fetch_wait(&request, &result, &err) < 0) {
        check_note(check, false, what, err.text);
        return;
    }
    is_right = result.status == step->status && result.replica[0] != '\0' &&
               variables_match(&check->variables, step->answer, result.body, step->keep);
    check_note(check, is_right, what, result.body);
    free(result.body);
}

/* A file that does not fit into one packet, or into one buffer of anybody on the way. */
static void check_large_file(struct check *check)
{
    AUTO_FREE unsigned char *bytes = alloc_zeroed(1, LARGE_SIZE);
    size_t size = sodium_base64_encoded_len(LARGE_SIZE, sodium_base64_VARIANT_ORIGINAL);
    AUTO_FREE char *encoded = alloc_zeroed(1, size);
    AUTO_FREE char *body = NULL;
    AUTO_FREE char *answer = NULL;

    randombytes_buf(bytes, LARGE_SIZE);
    sodium_bin2base64(encoded, size, bytes, LARGE_SIZE, sodium_base64_VARIANT_ORIGINAL);
    body = alloc_format("{\"name\":\"<n>-large\",\"categoryid\":9," PICTURE ",\"file\":\"%s\"}",
                        encoded);
    answer = alloc_format(FOUND "[{\"id\":\"<j>\",\"file\":\"%s\"}]}", encoded);
    const struct step walk[] = {
        { ASSET, "POST", "/asset_upload", body, 201, "{\"code\":1*}", 0, 0 },
        { ASSET, "GET", "/asset_search?name=<n>-LARGE", NULL, 200,
          FOUND "[{\"id\":\"*\",\"name\":\"<n>-large\"}]}", 'j', 0 },
        { ASSET, "GET", "/asset_down?id=<j>", NULL, 200, answer, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(walk); i++)
        run_step(check, &walk[i]);
}

void check_http_run(struct check *check)
{
    AUTO_FREE char *listed = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        run_step(check, &steps[i]);
    listed = variables_expand(&check->variables, "<m>,\"mapName\":\"Insel\"}");
    listed[strlen(listed) - 1] = '\0';
    check_note(check, strstr(variables_get(&check->variables, 'l'), listed) != NULL,
               "the map is in the list", variables_get(&check->variables, 'l'));
    check_large_file(check);
}
