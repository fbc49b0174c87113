/* SPDX-License-Identifier: MIT */

/*
 * The header Authorization for requests to one registry
 *
 * What the registry asks for is learned from its challenges. User and password go to it (Basic),
 * or to its server of tokens (Bearer), whose tokens are kept for each scope until they expire.
 * Several threads may share one.
 * Source: the distribution project, docs/spec/auth/{token,oauth}.md.
 */

#pragma once

#include <stdbool.h>

#include "image/registry_login.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct error;
struct http;
struct registry_auth;

/* `login` is copied. */
struct registry_auth *registry_auth_new(const struct registry_login *login) MUST_CHECK;
void registry_auth_free(struct registry_auth *auth);
DEFINE_CLEANUP(registry_auth)

/*
 * The header's value for a request of that scope ("repository:a/b:pull,push", NULL: none), which
 * the caller frees; NULL when nothing is asked for, or we have nothing to say.
 */
int registry_auth_make(struct registry_auth *auth, struct http *http, const char *scope, char **out,
                       struct error *err) MUST_CHECK;

/*
 * A request with `header` (as made, or NULL) was answered by 401 and `challenge`. *again_out: it
 * is worth another try.
 */
int registry_auth_learn(struct registry_auth *auth, const char *challenge, const char *header,
                        bool *again_out, struct error *err) MUST_CHECK;

/* Tokens may be asked for over plain HTTP from now on. */
void registry_auth_allow_plain(struct registry_auth *auth);

/* Whether there is a user or a token to log in with. */
bool registry_auth_has_login(const struct registry_auth *auth);
