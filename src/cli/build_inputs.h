/* SPDX-License-Identifier: MIT */

/*
 * What a build may use besides its context: secrets, agents of ssh, named contexts, rights
 *
 * As the options of `carte build` spell them, and the keys of the build section.
 */

#pragma once

#include "build/build.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct build_inputs {
    struct build_secret *secrets;
    size_t secret_count;
    struct strings texts; /* that the secrets borrow */
    struct strings_map ssh, contexts;
    bool allow_insecure;
};

void build_inputs_done(struct build_inputs *inputs);
#define AUTO_BUILD_INPUTS __attribute__((cleanup(build_inputs_done)))

/* "id=NAME,src=FILE", "id=NAME,env=VARIABLE", "id=NAME": its variable, else its file. */
int build_inputs_add_secret(struct build_inputs *inputs, const char *text,
                            struct error *err) MUST_CHECK;
/* The same in parts; one of `file` and `variable` is NULL. */
int build_inputs_add_secret_of(struct build_inputs *inputs, const char *id, const char *file,
                               const char *variable, struct error *err) MUST_CHECK;
/* "default": the agent of SSH_AUTH_SOCK; "NAME=SOCKET". */
int build_inputs_add_ssh(struct build_inputs *inputs, const char *text,
                         struct error *err) MUST_CHECK;
/* "NAME=FOLDER", "NAME=docker-image://IMAGE" or "NAME=IMAGE". */
int build_inputs_add_context(struct build_inputs *inputs, const char *text,
                             struct error *err) MUST_CHECK;
/* "security.insecure"; "network.host", which is allowed always. */
int build_inputs_add_right(struct build_inputs *inputs, const char *text,
                           struct error *err) MUST_CHECK;

typedef int (*build_inputs_add_fn)(struct build_inputs *inputs, const char *text,
                                   struct error *err);
int build_inputs_add_each(struct build_inputs *inputs, const struct strings *texts,
                          build_inputs_add_fn add, struct error *err) MUST_CHECK;

/* Put it all into the request, which borrows it. */
void build_inputs_apply(const struct build_inputs *inputs, struct build_request *request);
