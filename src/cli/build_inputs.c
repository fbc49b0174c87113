/* SPDX-License-Identifier: MIT */

/*
 * What a build may use besides its context
 */

#include "cli/build_inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define IMAGE_SCHEME "docker-image://"

void build_inputs_done(struct build_inputs *inputs)
{
    free(inputs->secrets);
    strings_done(&inputs->texts);
    strings_map_done(&inputs->ssh);
    strings_map_done(&inputs->contexts);
    *inputs = (struct build_inputs){ 0 };
}

/* A copy that lives as long as the inputs. */
static const char *keep(struct build_inputs *inputs, const char *text)
{
    strings_add(&inputs->texts, text);
    return inputs->texts.items[inputs->texts.count - 1];
}

static int read_secret_field(struct build_inputs *inputs, struct build_secret *secret,
                             const char *field, struct error *err)
{
    static const char *const known[] = { "id", "src", "source", "env", "type", NULL };
    const char *equals = strchr(field, '=');
    AUTO_FREE char *key = alloc_text_part(field, equals ? (size_t)(equals - field) : strlen(field));
    const char *value = equals ? keep(inputs, equals + 1) : NULL;
    const char *nearest = NULL;

    if (value && strcmp(key, "id") == 0)
        secret->id = value;
    else if (value && (strcmp(key, "src") == 0 || strcmp(key, "source") == 0))
        secret->file = value;
    else if (value && strcmp(key, "env") == 0)
        secret->variable = value;
    else if (!value || strcmp(key, "type") != 0) {
        nearest = text_nearest(key, known);
        return error_set(err, ERROR_INVALID,
                         "--secret: '%.40s' is not known%s%s%s; write id=NAME,src=FILE or "
                         "id=NAME,env=VARIABLE",
                         field, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'" : "");
    }
    return 0;
}

static int add_secret(struct build_inputs *inputs, const struct build_secret *secret,
                      struct error *err)
{
    if (secret->variable && !getenv(secret->variable))
        return error_set(err, ERROR_NOT_FOUND, "secret '%s': the variable %s is not set",
                         secret->id, secret->variable);
    *ALLOC_APPEND(inputs->secrets, inputs->secret_count) = *secret;
    return 0;
}

int build_inputs_add_secret(struct build_inputs *inputs, const char *text, struct error *err)
{
    struct build_secret secret = { 0 };
    AUTO_FREE char *copy = alloc_text(text);
    char *rest = NULL;

    for (char *field = strtok_r(copy, ",", &rest); field; field = strtok_r(NULL, ",", &rest)) {
        if (read_secret_field(inputs, &secret, field, err) < 0)
            return -1;
    }
    if (text_is_empty(secret.id))
        return error_set(err, ERROR_INVALID,
                         "--secret '%s' has no id; write id=NAME,src=FILE or id=NAME,env=VARIABLE",
                         text);
    if (secret.file && secret.variable)
        return error_set(err, ERROR_INVALID, "--secret '%s' has src and env; keep one", text);
    if (!secret.file && !secret.variable && getenv(secret.id))
        secret.variable = secret.id;
    if (!secret.file && !secret.variable)
        secret.file = secret.id;
    return add_secret(inputs, &secret, err);
}

int build_inputs_add_secret_of(struct build_inputs *inputs, const char *id, const char *file,
                               const char *variable, struct error *err)
{
    const struct build_secret secret = {
        .id = keep(inputs, id),
        .file = variable ? NULL : keep(inputs, file),
        .variable = variable ? keep(inputs, variable) : NULL,
    };

    return add_secret(inputs, &secret, err);
}

int build_inputs_add_ssh(struct build_inputs *inputs, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    AUTO_FREE char *id = alloc_text_part(text, equals ? (size_t)(equals - text) : strlen(text));
    const char *socket = equals ? equals + 1 : getenv("SSH_AUTH_SOCK");
    AUTO_FREE char *path = NULL;

    if (text_is_empty(socket))
        return error_set(err, ERROR_INVALID,
                         "--ssh %s: no agent of ssh is running (SSH_AUTH_SOCK is not set); start "
                         "one, or write %s=SOCKET",
                         text, id);
    path = realpath(socket, NULL);
    if (!path)
        return error_set_errno(err, errno, "--ssh %s: '%s'", id, socket);
    strings_map_set(&inputs->ssh, id, path);
    return 0;
}

int build_inputs_add_context(struct build_inputs *inputs, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    AUTO_FREE char *name = alloc_text_part(text, equals ? (size_t)(equals - text) : 0);
    const char *value = equals ? equals + 1 : "";
    AUTO_FREE char *place = NULL;
    struct stat status;

    if (!*name || !*value)
        return error_set(err, ERROR_INVALID,
                         "build context '%s': write NAME=FOLDER or NAME=docker-image://IMAGE",
                         text);
    if (stat(value, &status) == 0 && S_ISDIR(status.st_mode)) {
        place = realpath(value, NULL);
    } else if (text_starts_with(value, IMAGE_SCHEME)) {
        place = alloc_text(value);
    } else if (strstr(value, "://") || text_starts_with(value, "git@") ||
               text_starts_with(value, "target:")) {
        return error_set(err, ERROR_INVALID,
                         "build context '%s': only folders and docker-image://IMAGE are possible; "
                         "fetch it into a folder",
                         name);
    } else if (*value == '/' || *value == '.') {
        return error_set(err, ERROR_NOT_FOUND, "build context '%s': there is no folder '%s'", name,
                         value);
    } else {
        place = alloc_format(IMAGE_SCHEME "%s", value);
    }
    if (!place)
        return error_set_errno(err, errno, "build context '%s': '%s'", name, value);
    strings_map_set(&inputs->contexts, name, place);
    return 0;
}

int build_inputs_add_right(struct build_inputs *inputs, const char *text, struct error *err)
{
    if (strcmp(text, "security.insecure") == 0)
        inputs->allow_insecure = true;
    else if (strcmp(text, "network.host") != 0)
        return error_set(err, ERROR_INVALID,
                         "the right '%s' is not known; write security.insecure or network.host",
                         text);
    return 0;
}

int build_inputs_add_each(struct build_inputs *inputs, const struct strings *texts,
                          build_inputs_add_fn add, struct error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (add(inputs, texts->items[i], err) < 0)
            return -1;
    }
    return 0;
}

void build_inputs_apply(const struct build_inputs *inputs, struct build_request *request)
{
    request->secrets = inputs->secrets;
    request->secret_count = inputs->secret_count;
    request->ssh = inputs->ssh;
    request->contexts = inputs->contexts;
    request->allow_insecure = inputs->allow_insecure;
}
