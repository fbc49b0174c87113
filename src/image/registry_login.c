/* SPDX-License-Identifier: MIT */

/*
 * Who we are at a registry
 */

#include "image/registry_login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry_helper.h"
#include "util/alloc.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"

/* docker's key for docker.io, from the days of the first protocol. */
#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"
/* The user name that says: the secret is an identity token. */
#define TOKEN_USER "<token>"

void registry_login_done(struct registry_login *login)
{
    free(login->user);
    free(login->password);
    free(login->identity_token);
    *login = (struct registry_login){ 0 };
}

static const char *key_of(const char *host)
{
    return strcmp(host, DOCKER_HUB) == 0 ? DOCKER_HUB_KEY : host;
}

/* Keys are hosts; old ones are URLs. */
static bool is_key_of(const char *key, const char *host)
{
    const char *start = strstr(key, "://");
    size_t length = 0;

    if (strcmp(key, key_of(host)) == 0)
        return true;
    start = start ? start + 3 : key;
    length = strcspn(start, "/");
    return strlen(host) == length && strncmp(start, host, length) == 0;
}

static const struct json *find_host(const struct json *object, const char *host)
{
    const struct json *exact = json_find(object, key_of(host));

    for (const struct json *c = exact ? NULL : json_first(object); c; c = json_next(c)) {
        if (json_key(c) && is_key_of(json_key(c), host))
            return c;
    }
    return exact;
}

static char *text_of(const struct json *object, const char *key)
{
    const char *value = json_find_text(object, key, "");

    return value[0] ? alloc_text(value) : NULL;
}

static int parse_auth(const struct json *entry, struct registry_login *out, struct error *err)
{
    AUTO_FREE char *auth = text_of(entry, "auth");
    AUTO_TEXT struct text pair = { 0 };
    const char *colon = NULL;

    out->identity_token = text_of(entry, "identitytoken");
    if (!auth) {
        out->user = text_of(entry, "username");
        out->password = text_of(entry, "password");
        return 0;
    }
    if (base64_decode(auth, &pair, err) < 0)
        return -1;
    colon = strchr(text_get(&pair), ':');
    if (!colon)
        return error_set(err, ERROR_INVALID, "no 'user:password' in it");
    out->user = alloc_text_part(text_get(&pair), (size_t)(colon - text_get(&pair)));
    out->password = alloc_text(colon + 1);
    return 0;
}

int registry_login_parse(const struct text *json, const char *host, char **helper_out,
                         struct registry_login *out, struct error *err)
{
    AUTO(json) struct json *root = json_parse(text_get(json), json->length, err);
    const struct json *helper = NULL;
    const struct json *entry = NULL;

    if (!root)
        return -1;
    helper = find_host(json_find(root, "credHelpers"), host);
    *helper_out = alloc_text(json_get_text(helper, NULL));
    if (!*helper_out)
        *helper_out = text_of(root, "credsStore");
    entry = find_host(json_find(root, "auths"), host);
    if (*helper_out || !entry)
        return 0;
    if (parse_auth(entry, out, err) < 0) {
        registry_login_done(out);
        return error_wrap(err, "'auths' of '%s'", host);
    }
    return 0;
}

/* Where the file is, through symbolic links; the caller frees it. */
static char *find_path(void)
{
    const char *folder = getenv("DOCKER_CONFIG");
    const char *home = getenv("HOME");
    AUTO_FREE char *path = NULL;
    char *real = NULL;

    if (!text_is_empty(folder))
        path = alloc_format("%s/config.json", folder);
    else
        path = alloc_format("%s/.docker/config.json", text_is_empty(home) ? "/root" : home);
    real = realpath(path, NULL);
    return real ? real : STEAL_PTR(path);
}

/* A missing file is an empty one. */
static int read_file(const char *path, struct text *out, struct error *err)
{
    if (file_exists(AT_FDCWD, path) &&
        file_read(AT_FDCWD, path, REGISTRY_LOGIN_FILE_MAX, out, err) < 0)
        return -1;
    if (out->length == 0)
        text_add(out, "{}");
    return 0;
}

static int ask_helper(const char *helper, const char *host, struct registry_login *out,
                      struct error *err)
{
    AUTO_TEXT struct text answer = { 0 };
    AUTO(json) struct json *json = NULL;
    AUTO_FREE char *user = NULL;

    if (registry_helper_run(helper, "get", key_of(host), &answer, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    json = json_parse(text_get(&answer), answer.length, err);
    if (!json)
        return error_wrap(err, "answer of docker-credential-%s", helper);
    user = text_of(json, "Username");
    if (user && strcmp(user, TOKEN_USER) == 0) {
        out->identity_token = text_of(json, "Secret");
        return 0;
    }
    out->user = STEAL_PTR(user);
    out->password = text_of(json, "Secret");
    return 0;
}

int registry_login_find(const char *host, struct registry_login *out, struct error *err)
{
    AUTO_FREE char *path = find_path();
    AUTO_FREE char *helper = NULL;
    AUTO_TEXT struct text text = { 0 };

    if (read_file(path, &text, err) < 0)
        return -1;
    if (registry_login_parse(&text, host, &helper, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return helper ? ask_helper(helper, host, out, err) : 0;
}

/* The file for a change: its path, its content, and the helper that keeps the host's login. */
struct config {
    char *path, *helper;
    struct json *root;
};

static void config_done(struct config *config)
{
    free(config->path);
    free(config->helper);
    json_free(config->root);
}

static int config_load(const char *host, struct config *out, struct error *err)
{
    AUTO_REGISTRY_LOGIN struct registry_login ignored = { 0 };
    AUTO_TEXT struct text text = { 0 };
    struct error broken = { 0 };

    out->path = find_path();
    if (read_file(out->path, &text, err) < 0)
        return -1;
    out->root = json_parse(text_get(&text), text.length, err);
    if (!json_is_object(out->root)) {
        if (err->code == ERROR_NONE)
            error_set(err, ERROR_INVALID, "no object");
        return error_wrap(err, "'%s'", out->path);
    }
    /* An entry that cannot be read is about to be replaced. */
    if (registry_login_parse(&text, host, &out->helper, &ignored, &broken) < 0)
        error_clear(&broken);
    return 0;
}

static int config_save(const struct config *config, struct error *err)
{
    AUTO_FREE char *folder =
        alloc_text_part(config->path, (size_t)(strrchr(config->path, '/') - config->path));
    AUTO_FREE char *text = json_print(config->root, true);

    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    return file_replace(AT_FDCWD, config->path, text, strlen(text), FILE_DURABLE(0600), err);
}

/* `auths` without the entries of `host`, and with `entry` if there is one. */
static bool replace_entry(struct json *root, const char *host, struct json *entry)
{
    struct json *auths = json_new_object();
    const struct json *old = json_find(root, "auths");
    bool found = false;

    for (const struct json *c = json_first(old); c; c = json_next(c)) {
        if (is_key_of(json_key(c), host))
            found = true;
        else
            json_set(auths, json_key(c), json_copy(c));
    }
    if (entry)
        json_set(auths, key_of(host), entry);
    json_set(root, "auths", auths);
    return found;
}

static int tell_helper(const char *helper, const char *host, const struct registry_login *login,
                       struct error *err)
{
    AUTO(json) struct json *json = json_new_object();
    AUTO_TEXT struct text answer = { 0 };
    AUTO_FREE char *text = NULL;

    json_set_text(json, "ServerURL", key_of(host));
    json_set_text(json, "Username", login->user);
    json_set_text(json, "Secret", login->password);
    text = json_print(json, false);
    return registry_helper_run(helper, "store", text, &answer, err);
}

int registry_login_save(const char *host, const struct registry_login *login, char **where_out,
                        struct error *err)
{
    __attribute__((cleanup(config_done))) struct config config = { 0 };
    AUTO_FREE char *pair = alloc_format("%s:%s", login->user, login->password);
    AUTO_FREE char *auth = base64_encode(pair, strlen(pair));
    struct json *entry = NULL;

    if (config_load(host, &config, err) < 0)
        return -1;
    entry = json_new_object();
    if (!config.helper)
        json_set_text(entry, "auth", auth);
    else if (tell_helper(config.helper, host, login, err) < 0) {
        json_free(entry);
        return -1;
    }
    replace_entry(config.root, host, entry);
    if (config_save(&config, err) < 0)
        return -1;
    *where_out = config.helper ? alloc_format("docker-credential-%s", config.helper)
                               : alloc_text(config.path);
    return 0;
}

int registry_login_remove(const char *host, bool *found_out, struct error *err)
{
    __attribute__((cleanup(config_done))) struct config config = { 0 };
    AUTO_TEXT struct text answer = { 0 };
    bool found = false;

    if (config_load(host, &config, err) < 0)
        return -1;
    if (config.helper) {
        found = registry_helper_run(config.helper, "erase", key_of(host), &answer, err) == 0;
        if (!found && err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    }
    found = replace_entry(config.root, host, NULL) || found;
    *found_out = found;
    return found ? config_save(&config, err) : 0;
}
