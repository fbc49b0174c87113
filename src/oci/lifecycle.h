/* SPDX-License-Identifier: MIT */

/*
 * The life of a container as runtime.md has it: create, start, kill, delete
 *
 * Every effect is recorded before it is made, so that a kill at any instant leaves something
 * that `delete` can remove. The order of create: folder (the id is taken), config, record,
 * container with its hooks, process in the record, files and sockets of the engine.
 */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "oci/config.h"
#include "oci/folder.h"
#include "oci/record.h"
#include "util/macro.h"
#include "util/strings.h"

struct container_process;
struct error;
struct translate;

struct lifecycle_request {
    const char *root, *id;
    const char *bundle;                                   /* a folder */
    const char *config_path;                              /* NULL: config.json of the bundle */
    const char *console_socket, *pidfd_socket, *pid_file; /* or NULL */
    unsigned preserved_fds, listen_fds; /* the latter are the first of the former */
    bool keep_keyring;
    bool keeps_terminal; /* the caller relays it; no console socket is needed */
    int stdio[3];
};

/*
 * On success the container is created and its process waits for lifecycle_start(); `out` is
 * the caller's. On failure nothing is left. Either way `warnings` has what was ignored.
 */
int lifecycle_create(const struct lifecycle_request *request, struct container_process *out,
                     struct strings *warnings, struct error *err) MUST_CHECK;

/*
 * On success the program runs. ERROR_INVALID: the container is not waiting for it, which has no
 * effect. Whatever else fails, the program or a hook, the container is destroyed.
 */
int lifecycle_start(const char *root, const char *id, struct strings *warnings,
                    struct error *err) MUST_CHECK;

/*
 * Destroy what was created, run the poststop hooks, free the id. ERROR_NOT_FOUND: there is no
 * such container. ERROR_INVALID: it runs, and `force` is not set. A created container is deleted
 * as well, as callers of other runtimes expect, although the specification wants an error.
 */
int lifecycle_delete(const char *root, const char *id, bool force, struct strings *warnings,
                     struct error *err) MUST_CHECK;

/* Send `number` to the first process, or to `all`. ERROR_INVALID: "container not running". */
int lifecycle_kill(const struct record *record, int number, bool all, struct error *err) MUST_CHECK;

/* The status, with what the cgroup says of pausing. */
enum record_status lifecycle_status(const struct record *record);

/* The container's own copy of config.json. */
struct config *lifecycle_load_config(const struct folder *folder, struct error *err) MUST_CHECK;

/* Add what `translate` ignores, and the capabilities that cannot be granted here, to `out`. */
int lifecycle_collect_warnings(const struct config *config, struct translate *translate,
                               struct strings *out, struct error *err) MUST_CHECK;
