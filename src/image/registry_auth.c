/* SPDX-License-Identifier: MIT */

/*
 * The header Authorization
 */

#include "image/registry_auth.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/registry_challenge.h"
#include "util/alloc.h"
#include "util/base64.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/http.h"
#include "util/http_retry.h"
#include "util/json.h"

#define ANSWER_SIZE_MAX (1U << 20)
#define TOKEN_SIZE_MAX (48U << 10)
#define TOKEN_TIMEOUT_MS MINUTE_MS
/* Without a word on it, a token is good for a minute. */
#define TOKEN_LIFE_S INT64_C(60)
/* What is about to expire is not used any more. */
#define TOKEN_MARGIN_S 5

struct token {
    char *scope; /* NULL: of none */
    char *value;
    int64_t until_ms;
};

struct registry_auth {
    struct registry_login login;
    bool plain_allowed;
    pthread_mutex_t lock; /* over what follows */
    struct registry_challenge challenge;
    struct token *tokens;
    size_t count;
};

struct registry_auth *registry_auth_new(const struct registry_login *login)
{
    struct registry_auth *auth = alloc_new(struct registry_auth);

    auth->login = (struct registry_login){
        .user = alloc_text(login->user),
        .password = alloc_text(login->password),
        .identity_token = alloc_text(login->identity_token),
    };
    pthread_mutex_init(&auth->lock, NULL);
    return auth;
}

void registry_auth_free(struct registry_auth *auth)
{
    if (!auth)
        return;
    registry_login_done(&auth->login);
    registry_challenge_done(&auth->challenge);
    for (size_t i = 0; i < auth->count; i++) {
        free(auth->tokens[i].scope);
        free(auth->tokens[i].value);
    }
    free(auth->tokens);
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}

void registry_auth_allow_plain(struct registry_auth *auth)
{
    auth->plain_allowed = true;
}

bool registry_auth_has_login(const struct registry_auth *auth)
{
    return auth->login.user || auth->login.identity_token;
}

static char *make_basic(const struct registry_login *login)
{
    AUTO_FREE char *pair =
        alloc_format("%s:%s", login->user, login->password ? login->password : "");
    AUTO_FREE char *encoded = base64_encode(pair, strlen(pair));

    return alloc_format("Basic %s", encoded);
}

/* "key=value" with what is no plain letter as %XX. */
static void add_parameter(struct text *out, const char *key, const char *value)
{
    text_add_format(out, "%s%s=", out->length > 0 ? "&" : "", key);
    for (const char *p = value; *p; p++) {
        if (isalnum((unsigned char)*p) || strchr("-._~", *p))
            text_add_char(out, *p);
        else
            text_add_format(out, "%%%02X", (unsigned char)*p);
    }
}

/* A scope of several is given as several parameters. */
static void add_scopes(struct text *out, const char *scope)
{
    while (scope && *scope) {
        size_t length = strcspn(scope, " ");
        AUTO_FREE char *one = alloc_text_part(scope, length);

        if (length > 0)
            add_parameter(out, "scope", one);
        scope += length + strspn(scope + length, " ");
    }
}

static ssize_t give_form(void *context, void *buffer, size_t size, struct error *err)
{
    struct text *form = context;
    size_t length = MIN(size, form->length);

    (void)err;
    if (length == 0)
        return 0;
    memcpy(buffer, form->data, length);
    text_drop_front(form, length);
    return (ssize_t)length;
}

struct asking {
    const struct registry_auth *auth;
    struct http *http;
    const char *scope;
};

static int ask_by_get(const struct asking *asking, const struct text *query,
                      struct http_answer *answer, struct error *err)
{
    const struct registry_auth *auth = asking->auth;
    const char *realm = auth->challenge.realm;
    AUTO_FREE char *basic = auth->login.user ? make_basic(&auth->login) : NULL;
    AUTO_FREE char *url =
        alloc_format("%s%c%s", realm, strchr(realm, '?') ? '&' : '?', text_get(query));
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .authorization = basic,
        .limit_bytes = ANSWER_SIZE_MAX,
        .timeout_ms = TOKEN_TIMEOUT_MS,
    };

    if (http_perform(asking->http, &request, answer, err) < 0)
        return -1;
    return answer->status == 200 ? 0 : http_refuse(&request, answer, err);
}

static int ask_by_post(const struct asking *asking, struct text *form, struct http_answer *answer,
                       struct error *err)
{
    AUTO_STRINGS struct strings headers = { 0 };
    struct http_request request = {
        .method = "POST",
        .url = asking->auth->challenge.realm,
        .headers = &headers,
        .source = give_form,
        .source_context = form,
        .limit_bytes = ANSWER_SIZE_MAX,
        .timeout_ms = TOKEN_TIMEOUT_MS,
    };

    strings_add(&headers, "Content-Type: application/x-www-form-urlencoded");
    add_parameter(form, "grant_type", "refresh_token");
    add_parameter(form, "client_id", "carte");
    add_parameter(form, "refresh_token", asking->auth->login.identity_token);
    request.source_bytes = form->length;
    if (http_perform(asking->http, &request, answer, err) < 0)
        return -1;
    return answer->status == 200 ? 0 : http_refuse(&request, answer, err);
}

/* One try of http_retry(). */
static int ask(void *context, struct http_answer *answer, struct error *err)
{
    const struct asking *asking = context;
    const struct registry_auth *auth = asking->auth;
    AUTO_TEXT struct text parameters = { 0 };

    http_answer_done(answer);
    if (auth->challenge.service)
        add_parameter(&parameters, "service", auth->challenge.service);
    add_scopes(&parameters, asking->scope ? asking->scope : auth->challenge.scope);
    if (auth->login.identity_token)
        return ask_by_post(asking, &parameters, answer, err);
    if (auth->login.user)
        add_parameter(&parameters, "account", auth->login.user);
    return ask_by_get(asking, &parameters, answer, err);
}

/* A token becomes a part of a header: what could end the line is refused. */
static bool is_token(const char *token)
{
    size_t length = strlen(token);

    for (size_t i = 0; i < length; i++) {
        if (!isgraph((unsigned char)token[i]))
            return false;
    }
    return length > 0 && length <= TOKEN_SIZE_MAX;
}

static int parse_token(const struct text *body, struct token *out, struct error *err)
{
    AUTO(json) struct json *json = json_parse(text_get(body), body->length, err);
    const char *value = json_find_text(json, "token", json_find_text(json, "access_token", ""));
    int64_t life_s = json_find_int(json, "expires_in", TOKEN_LIFE_S);

    if (!json)
        return -1;
    if (!is_token(value))
        return error_set(err, ERROR_INVALID, "there is no token in the answer");
    life_s = MIN(MAX(life_s, TOKEN_LIFE_S), DAY_MS / SECOND_MS);
    out->value = alloc_text(value);
    out->until_ms = clock_now_ms() + (life_s - TOKEN_MARGIN_S) * SECOND_MS;
    return 0;
}

static int fetch_token(const struct registry_auth *auth, struct http *http, const char *scope,
                       struct token *out, struct error *err)
{
    struct asking asking = { .auth = auth, .http = http, .scope = scope };
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };

    if (strncasecmp(auth->challenge.realm, "https://", 8) != 0 && !auth->plain_allowed)
        return error_set(err, ERROR_DENIED,
                         "the registry sends for tokens to '%s', which is not https",
                         auth->challenge.realm);
    if (http_retry(ask, &asking, &answer, err) < 0 || parse_token(&answer.body, out, err) < 0)
        return error_wrap(err, "ask for a token");
    return 0;
}

/* The token of the scope, valid or not; the lock is held. */
static struct token *slot_of(struct registry_auth *auth, const char *scope)
{
    struct token *slot = NULL;

    for (size_t i = 0; i < auth->count; i++) {
        if (text_equal(auth->tokens[i].scope, scope))
            return &auth->tokens[i];
    }
    slot = ALLOC_APPEND(auth->tokens, auth->count);
    slot->scope = alloc_text(scope);
    return slot;
}

/* Others wait meanwhile: they want the same token. */
static int make_bearer(struct registry_auth *auth, struct http *http, const char *scope, char **out,
                       struct error *err)
{
    struct token *token = slot_of(auth, scope);

    if (!token->value || token->until_ms <= clock_now_ms()) {
        free(token->value);
        token->value = NULL;
        if (fetch_token(auth, http, scope, token, err) < 0)
            return -1;
    }
    *out = alloc_format("Bearer %s", token->value);
    return 0;
}

int registry_auth_make(struct registry_auth *auth, struct http *http, const char *scope, char **out,
                       struct error *err)
{
    int result = 0;

    *out = NULL;
    pthread_mutex_lock(&auth->lock);
    if (auth->challenge.kind == REGISTRY_CHALLENGE_BEARER)
        result = make_bearer(auth, http, scope, out, err);
    else if (auth->challenge.kind == REGISTRY_CHALLENGE_BASIC && auth->login.user)
        *out = make_basic(&auth->login);
    pthread_mutex_unlock(&auth->lock);
    return result;
}

static void drop_token(struct registry_auth *auth, const char *header)
{
    for (size_t i = 0; i < auth->count; i++) {
        struct token *token = &auth->tokens[i];

        if (!token->value || !text_ends_with(header, token->value))
            continue;
        free(token->value);
        token->value = NULL;
    }
}

int registry_auth_learn(struct registry_auth *auth, const char *challenge, const char *header,
                        bool *again_out, struct error *err)
{
    struct registry_challenge parsed = { 0 };

    if (registry_challenge_parse(challenge, &parsed, err) < 0)
        return -1;
    pthread_mutex_lock(&auth->lock);
    /* A token may have expired; a password that was refused once will be again. */
    *again_out = parsed.kind == REGISTRY_CHALLENGE_BEARER ||
                 (auth->login.user && (!header || !text_starts_with(header, "Basic ")));
    if (header)
        drop_token(auth, header);
    registry_challenge_done(&auth->challenge);
    auth->challenge = parsed;
    pthread_mutex_unlock(&auth->lock);
    return 0;
}
