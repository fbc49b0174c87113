/* SPDX-License-Identifier: MIT */

/*
 * The header WWW-Authenticate: how a registry wants to be logged in to
 *
 *     Bearer realm="https://auth.example/token",service="registry.example",scope="..."
 *     Basic realm="registry"
 *
 * Source: RFC 9110, section 11; the distribution project's token authentication.
 */

#pragma once

#include "util/macro.h"

struct error;

#define REGISTRY_CHALLENGE_SIZE_MAX 8192U

enum registry_challenge_kind {
    REGISTRY_CHALLENGE_NONE, /* nothing is asked */
    REGISTRY_CHALLENGE_BASIC,
    REGISTRY_CHALLENGE_BEARER,
};

struct registry_challenge {
    enum registry_challenge_kind kind;
    char *realm, *service, *scope; /* of Bearer; NULL: not said, but for the realm */
};

void registry_challenge_done(struct registry_challenge *challenge);
#define AUTO_REGISTRY_CHALLENGE __attribute__((cleanup(registry_challenge_done)))

/*
 * Read the header; of several challenges the first of Bearer counts, else the first of Basic.
 * ERROR_INVALID: it breaks the grammar. ERROR_UNSUPPORTED: neither is offered.
 */
int registry_challenge_parse(const char *header, struct registry_challenge *out,
                             struct error *err) MUST_CHECK;
