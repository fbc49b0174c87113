/* SPDX-License-Identifier: MIT */

/*
 * What a client asks and what it is answered
 */

#include "common/request.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "common/strict.h"
#include "util/error.h"
#include "util/log.h"
#include "util/parse.h"

const char *request_find(const struct request *request, const char *key)
{
    return evhttp_find_header(request->query, key);
}

bool request_find_int(const struct request *request, const char *key, const int64_t range[2],
                      int64_t *number_out)
{
    const char *text = request_find(request, key);
    struct error err = { 0 };

    return !text || parse_int(text, range[0], range[1], number_out, &err) == 0;
}

struct json *request_parse(const struct request *request)
{
    struct error err = { 0 };
    struct json *json = NULL;

    if (!strict_is_json(request->body, request->length))
        return NULL;
    json = json_parse(request->body, request->length, &err);
    if (json_is_object(json))
        return json;
    json_free(json);
    return NULL;
}

void reply_json(struct reply *reply, int status, struct json *json)
{
    reply->status = status;
    reply->body = json_print(json, false);
    reply->length = strlen(reply->body);
    json_free(json);
}

void reply_code(struct reply *reply, int status, int code, const char *message)
{
    struct json *json = json_new_object();

    json_set_int(json, "code", code);
    json_set_text(json, "message", message);
    reply_json(reply, status, json);
}

void reply_bytes(struct reply *reply, const char *type, char *body, size_t length)
{
    reply->status = 200;
    reply->type = type;
    reply->body = body;
    reply->length = length;
}

void reply_unavailable(struct reply *reply, const struct error *err)
{
    log_error("the store failed", LOG_TEXT("error", err->text));
    reply->retry_after_s = 1;
    reply_code(reply, 503, 0, "store unavailable");
}

void reply_done(struct reply *reply)
{
    free(reply->body);
    *reply = (struct reply){ 0 };
}
