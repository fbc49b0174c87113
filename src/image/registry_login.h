/* SPDX-License-Identifier: MIT */

/*
 * Who we are at a registry: ~/.docker/config.json (or DOCKER_CONFIG/config.json)
 *
 * Shared with docker and podman: `auths` holds user and password of a host in base64;
 * `credHelpers` and `credsStore` name programs that keep them elsewhere (registry_helper.h).
 * Source: docker/cli, docs/reference/commandline/login.md.
 */

#pragma once

#include <stdbool.h>

#include "util/macro.h"
#include "util/text.h"

struct error;

#define REGISTRY_LOGIN_FILE_MAX (4U << 20)

struct registry_login {
    char *user, *password; /* NULL: none */
    char *identity_token;  /* in place of a password, for the server of tokens; NULL: none */
};

void registry_login_done(struct registry_login *login);
#define AUTO_REGISTRY_LOGIN __attribute__((cleanup(registry_login_done)))

/* Fill *out, which is left empty when nothing is known of `host` ("docker.io", "h:5000"). */
int registry_login_find(const char *host, struct registry_login *out, struct error *err) MUST_CHECK;

/* Remember, and forget, in the file or with the helper that it names. *where_out is freed. */
int registry_login_save(const char *host, const struct registry_login *login, char **where_out,
                        struct error *err) MUST_CHECK;
int registry_login_remove(const char *host, bool *found_out, struct error *err) MUST_CHECK;

/*
 * The parts without effects: what the file's text says of `host`. *helper_out is the helper to
 * ask, NULL when there is none; then *out is what `auths` has.
 */
int registry_login_parse(const struct text *json, const char *host, char **helper_out,
                         struct registry_login *out, struct error *err) MUST_CHECK;
