/* SPDX-License-Identifier: MIT */

/*
 * A registry of images, over HTTP
 *
 * Finds out how the host is spoken to, logs in to it, tries again what fails in passing, and
 * makes errors of what registries answer. registry_pull.h and registry_push.h move images.
 *
 * HTTPS is spoken. Plain HTTP is tried after it only with `insecure`, which also takes any
 * certificate, and before it with this machine (localhost, 127.0.0.0/8). Further certificates are
 * found as docker and podman do: HOST/{*.crt,*.cert,*.key} below /etc/docker/certs.d,
 * ~/.config/containers/certs.d and /etc/containers/certs.d.
 * Source: the OCI distribution specification, 1.1.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/cleanup.h"
#include "util/http.h"
#include "util/macro.h"

struct error;
struct registry;
struct registry_login;

struct registry_settings {
    const char *host; /* "docker.io", "localhost:5000" */
    bool insecure;
    const struct registry_login *login; /* NULL: what registry_login_find() finds */
};

/* ERROR_SYSTEM: no answer. ERROR_DENIED: its certificate is not trusted, or it wants a login. */
struct registry *registry_open(const struct registry_settings *settings,
                               struct error *err) MUST_CHECK;
void registry_free(struct registry *registry);
DEFINE_CLEANUP(registry)

/* A client for one thread; several may share a registry. */
struct http *registry_connect(const struct registry *registry, struct error *err) MUST_CHECK;

struct registry_request {
    const char *method;
    const char *url;               /* absolute, or "/v2/..." of the registry */
    const char *scope;             /* "repository:a/b:pull"; NULL: none */
    const struct strings *headers; /* NULL: none */
    const char *content;           /* the body, if not from a file; NULL: none */
    int content_fd;                /* else `content_bytes` from `content_offset` of this file */
    off_t content_offset;
    uint64_t content_bytes;
    /* Told how much of it is sent, and fails where it must not go on; NULL: nobody. */
    int (*sent)(void *context, uint64_t bytes, struct error *err);
    void *sent_context;
    http_sink_fn sink; /* see http.h */
    void *sink_context;
    uint64_t limit_bytes;
    bool once; /* the caller itself tries again */
};

/* As http_perform(), with authorization; *out is replaced. */
int registry_perform(struct registry *registry, struct http *http,
                     const struct registry_request *request, struct http_answer *out,
                     struct error *err) MUST_CHECK;

/* As http_refuse(), with what the registry says about it and the cure. */
int registry_refuse(const struct registry *registry, const struct registry_request *request,
                    const struct http_answer *answer, struct error *err);

/* Ask for something that needs the login. ERROR_DENIED: it is refused. */
int registry_check_login(struct registry *registry, struct error *err) MUST_CHECK;
