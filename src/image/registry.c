/* SPDX-License-Identifier: MIT */

/*
 * A registry of images, over HTTP
 */

#include "image/registry.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "image/registry_auth.h"
#include "image/registry_login.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/http_retry.h"
#include "util/json.h"
#include "util/parse.h"

#define MESSAGE_MAX 200

struct registry {
    char *host, *base; /* base: "https://host" */
    bool insecure;
    int64_t stall_ms;
    struct strings ca_files;
    char *cert_file, *key_file;
    struct registry_auth *auth;
};

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    free(registry->host);
    free(registry->base);
    strings_done(&registry->ca_files);
    free(registry->cert_file);
    free(registry->key_file);
    registry_auth_free(registry->auth);
    free(registry);
}

/* Certificates */

static void add_certificate(struct registry *registry, const char *folder, const char *name)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);

    if (text_ends_with(name, ".crt")) {
        strings_add(&registry->ca_files, path);
    } else if (text_ends_with(name, ".cert") && !registry->cert_file) {
        registry->key_file = alloc_format("%.*s.key", (int)(strlen(path) - strlen(".cert")), path);
        registry->cert_file = STEAL_PTR(path);
    }
}

static int add_folder(struct registry *registry, const char *parent, struct error *err)
{
    AUTO_FREE char *folder = alloc_format("%s/%s", parent, registry->host);
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0
                                                   : error_set_errno(err, errno, "'%s'", folder);
    if (file_list(fd, &names, err) < 0)
        return error_wrap(err, "'%s'", folder);
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++)
        add_certificate(registry, folder, names.items[i]);
    return 0;
}

static int find_certificates(struct registry *registry, struct error *err)
{
    const char *home = getenv("HOME");
    AUTO_FREE char *own =
        alloc_format("%s/.config/containers/certs.d", text_is_empty(home) ? "/root" : home);
    const char *const parents[] = { "/etc/docker/certs.d", own, "/etc/containers/certs.d" };

    for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
        if (add_folder(registry, parents[i], err) < 0)
            return -1;
    }
    return 0;
}

struct http *registry_connect(const struct registry *registry, struct error *err)
{
    const struct http_settings settings = {
        .ca_files = &registry->ca_files,
        .cert_file = registry->cert_file,
        .key_file = registry->key_file,
        .insecure = registry->insecure,
        .stall_ms = registry->stall_ms,
    };

    return http_new(&settings, err);
}

/* Requests */

/* Gives the content from where it is, and so again from its beginning with each try. */
struct content {
    const struct registry_request *request;
    uint64_t done;
};

static uint64_t content_size(const struct registry_request *request)
{
    return request->content ? strlen(request->content) : request->content_bytes;
}

static ssize_t give_content(void *context, void *buffer, size_t size, struct error *err)
{
    struct content *content = context;
    const struct registry_request *request = content->request;
    size_t length = MIN(size, content_size(request) - content->done);
    ssize_t got = (ssize_t)length;

    if (request->content)
        memcpy(buffer, request->content + content->done, length);
    else
        got = pread(request->content_fd, buffer, length,
                    request->content_offset + (off_t)content->done);
    if (got < 0)
        return error_set_errno(err, errno, "read");
    if (got == 0 && length > 0)
        return error_set(err, ERROR_INVALID, "the file became shorter");
    content->done += (uint64_t)got;
    if (request->sent && request->sent(request->sent_context, content->done, err) < 0)
        return -1;
    return got;
}

struct attempt {
    struct registry *registry;
    struct http *http;
    const struct registry_request *request;
    const char *url;
    bool is_other_host; /* the request itself goes elsewhere, as uploads may */
};

static int send_request(const struct attempt *attempt, const char *authorization,
                        struct http_answer *answer, struct error *err)
{
    const struct registry_request *request = attempt->request;
    struct content content = { .request = request };
    const struct http_request http_request = {
        .method = request->method,
        .url = attempt->url,
        .authorization = authorization,
        .headers = request->headers,
        .source = content_size(request) > 0 ? give_content : NULL,
        .source_context = &content,
        .source_bytes = content_size(request),
        .sink = request->sink,
        .sink_context = request->sink_context,
        .limit_bytes = request->limit_bytes,
    };

    return http_perform(attempt->http, &http_request, answer, err);
}

/* One try of http_retry(): with the login that we have, and after a 401 with a new one. */
static int try_request(void *context, struct http_answer *answer, struct error *err)
{
    const struct attempt *attempt = context;
    struct registry_auth *auth = attempt->registry->auth;
    bool again = true;

    for (int tries = 0; again && tries < 2; tries++) {
        AUTO_FREE char *authorization = NULL;
        const char *challenge = NULL;

        http_answer_done(answer);
        if (!attempt->is_other_host &&
            registry_auth_make(auth, attempt->http, attempt->request->scope, &authorization, err) <
                0)
            return -1;
        if (send_request(attempt, authorization, answer, err) < 0)
            return -1;
        challenge = http_find_header(answer, "www-authenticate");
        if (answer->status != 401 || !challenge || answer->is_other_host || attempt->is_other_host)
            return 0;
        if (registry_auth_learn(auth, challenge, authorization, &again, err) < 0)
            return -1;
    }
    return 0;
}

int registry_perform(struct registry *registry, struct http *http,
                     const struct registry_request *request, struct http_answer *out,
                     struct error *err)
{
    AUTO_FREE char *own = alloc_format("%s%s", registry->base, request->url);
    const char *url = request->url[0] == '/' ? own : request->url;
    struct attempt attempt = {
        .registry = registry,
        .http = http,
        .request = request,
        .url = url,
        .is_other_host = !http_is_same_host(http, url, registry->base),
    };

    http_answer_done(out);
    if (text_starts_with(registry->base, "https:") && strncasecmp(url, "https:", 6) != 0 &&
        !registry->insecure)
        return error_set(err, ERROR_DENIED, "the registry leads from https to '%s'", url);
    return request->once ? try_request(&attempt, out, err)
                         : http_retry(try_request, &attempt, out, err);
}

/* What the registry says: {"errors":[{"code":"...","message":"..."}]}. */
static char *find_message(const struct http_answer *answer)
{
    struct error ignored = { 0 };
    AUTO(json)
    struct json *json = json_parse(text_get(&answer->body), answer->body.length, &ignored);
    const struct json *first = json_first(json_find(json, "errors"));
    const char *message = json_find_text(first, "message", json_find_text(first, "code", ""));

    return message[0] ? alloc_format(" (%.*s)", MESSAGE_MAX, message) : alloc_text("");
}

int registry_refuse(const struct registry *registry, const struct registry_request *request,
                    const struct http_answer *answer, struct error *err)
{
    const struct http_request http_request = { .method = request->method, .url = request->url };
    AUTO_FREE char *message = find_message(answer);
    AUTO_FREE char *cure = NULL;
    struct error status = { 0 };

    http_refuse(&http_request, answer, &status);
    if (status.code != ERROR_DENIED || answer->is_other_host)
        cure = alloc_text("");
    else if (registry_auth_has_login(registry->auth))
        cure = alloc_format("; it does not exist or this user may not: log in as another with "
                            "'carte login %s'",
                            registry->host);
    else
        cure =
            alloc_format("; it does not exist or wants a login: 'carte login %s'", registry->host);
    return error_set(err, status.code, "%s%s%s", status.text, message, cure);
}

/* Opening */

/* This machine: what nobody else can listen to. */
static bool is_local(const char *host)
{
    size_t length = strcspn(host, ":");

    if (length == strlen("localhost") && strncmp(host, "localhost", length) == 0)
        return true;
    return text_starts_with(host, "127.") && strspn(host, "0123456789.") == length;
}

static const char *api_host(const char *host)
{
    return strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host;
}

/* One try of http_retry(). Nothing is logged in to yet: the answer says how. */
static int ping(void *context, struct http_answer *answer, struct error *err)
{
    const struct attempt *attempt = context;
    const char *challenge = NULL;
    bool ignored = false;

    http_answer_done(answer);
    if (send_request(attempt, NULL, answer, err) < 0)
        return -1;
    challenge = http_find_header(answer, "www-authenticate");
    if (answer->status == 401 && challenge && !answer->is_other_host)
        return registry_auth_learn(attempt->registry->auth, challenge, NULL, &ignored, err);
    return answer->status == 200
               ? 0
               : registry_refuse(attempt->registry, attempt->request, answer, err);
}

static int try_scheme(struct registry *registry, struct http *http, const char *scheme,
                      struct error *err)
{
    AUTO_FREE char *url = alloc_format("%s://%s/v2/", scheme, api_host(registry->host));
    const struct registry_request request = { .method = "GET", .url = url };
    struct attempt attempt = { registry, http, &request, url, false };
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    int result = ping(&attempt, &answer, err);

    free(registry->base);
    registry->base = alloc_format("%s://%s", scheme, api_host(registry->host));
    /* Who has answered is there, and may be asked again; who has not may speak the other one. */
    if (result < 0 && answer.transient && answer.status != 0) {
        error_clear(err);
        result = http_retry(ping, &attempt, &answer, err);
    }
    return result;
}

/* Nobody else hears what is said to this machine: there, the scheme that most speak comes first. */
static int find_scheme(struct registry *registry, struct error *err)
{
    bool local = is_local(registry->host);
    const char *first = local ? "http" : "https";
    const char *second = local ? "https" : registry->insecure ? "http" : NULL;
    AUTO(http) struct http *http = registry_connect(registry, err);
    struct error failure;

    if (!http)
        return -1;
    if (try_scheme(registry, http, first, err) == 0)
        return 0;
    failure = *err;
    if (failure.code == ERROR_DENIED || failure.code == ERROR_NOT_FOUND)
        return error_wrap(err, "registry %s", registry->host);
    error_clear(err);
    if (!second)
        return error_set(err, failure.code,
                         "registry %s: %s; if it speaks plain HTTP, allow that with --insecure",
                         registry->host, failure.text);
    if (try_scheme(registry, http, second, err) < 0)
        return error_wrap(err, "registry %s: %s; and", registry->host, failure.text);
    return 0;
}

static int find_stall_ms(struct registry *registry, struct error *err)
{
    const char *text = getenv("CARTE_HTTP_TIMEOUT");

    if (!text_is_empty(text) && parse_duration_ms(text, &registry->stall_ms, err) < 0)
        return error_wrap(err, "CARTE_HTTP_TIMEOUT");
    return 0;
}

struct registry *registry_open(const struct registry_settings *settings, struct error *err)
{
    AUTO(registry) struct registry *registry = alloc_new(struct registry);
    AUTO_REGISTRY_LOGIN struct registry_login found = { 0 };

    registry->host = alloc_text(settings->host);
    registry->insecure = settings->insecure;
    if (find_stall_ms(registry, err) < 0 || find_certificates(registry, err) < 0)
        return NULL;
    if (!settings->login && registry_login_find(settings->host, &found, err) < 0)
        return NULL;
    registry->auth = registry_auth_new(settings->login ? settings->login : &found);
    if (find_scheme(registry, err) < 0)
        return NULL;
    if (registry->insecure || text_starts_with(registry->base, "http:"))
        registry_auth_allow_plain(registry->auth);
    return STEAL_PTR(registry);
}

int registry_check_login(struct registry *registry, struct error *err)
{
    const struct registry_request request = { .method = "GET", .url = "/v2/" };
    AUTO(http) struct http *http = registry_connect(registry, err);
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };

    if (!http || registry_perform(registry, http, &request, &answer, err) < 0)
        return -1;
    return answer.status == 200 ? 0 : registry_refuse(registry, &request, &answer, err);
}
