/* SPDX-License-Identifier: MIT */

/*
 * What a supervisor must know about its replicas after its own death
 *
 * One file per replica, RUN/stacks/PROJECT/replicas/ID.json, and crew.json for what belongs
 * to the whole stack. A record is written before the effect it speaks of, and again after it;
 * records of another boot of the machine are void. The kernel is the truth, a record is a hint:
 * who reads it looks whether the process still is there.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervise/replica_rules.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct json;

enum state_exit {
    STATE_EXIT_NONE, /* has not ended yet */
    STATE_EXIT_CODE,
    STATE_EXIT_SIGNAL,
    STATE_EXIT_OOM,
    STATE_EXIT_UNKNOWN,   /* nobody could read it */
    STATE_EXIT_START,     /* it could not be started */
    STATE_EXIT_UNHEALTHY, /* its health check failed, so it was asked to end */
    STATE_EXIT_COUNT,
};

#define STATE_ENDPOINTS_MAX 32

/* A replica's place on one network. */
struct state_endpoint {
    char *network; /* key of the stack's network */
    uint32_t address;
    char host_link[16];
    char inner_link[16];
};

struct state_replica {
    char *name; /* of the container: "metaverse-login-1" */
    char *id;   /* of cgroup and folders; unique in the stack's life */
    char *service;
    int64_t index;
    uint64_t serial;   /* the number in the id and the names of links */
    uint64_t revision; /* of the stack that it was made from */
    char *digest;      /* of the service's definition */
    char *image;       /* id */
    enum replica_state state;
    bool leaving;       /* to be removed once it has stopped */
    bool paused;        /* its processes are stopped where they are */
    pid_t pause_holder; /* paused only for as long as this process lives; 0: for good */
    uint64_t pause_holder_start_time;
    bool healthy; /* its last checks succeeded */
    pid_t pid;    /* 0: none */
    uint64_t start_time;
    int64_t restarts;
    int64_t created_ms, started_ms, ended_ms; /* wall time; 0: not yet */
    enum state_exit exit;
    int exit_code; /* the code, or the signal's number */
    char *exit_text;
    char *host; /* id of the replica whose network namespace it joined, or NULL */
    struct state_endpoint endpoints[STATE_ENDPOINTS_MAX];
    size_t endpoint_count;
};

void state_replica_free(struct state_replica *replica);

struct json *state_format_replica(const struct state_replica *replica) MUST_CHECK;
/* ERROR_INVALID: not such a record, or one of another boot. */
int state_parse_replica(const struct json *json, struct state_replica **out,
                        struct error *err) MUST_CHECK;

/* `folder` is RUN/stacks/PROJECT/replicas. */
int state_save_replica(const char *folder, const struct state_replica *replica,
                       struct error *err) MUST_CHECK;
void state_remove_replica(const char *folder, const struct state_replica *replica);

/* Every record of this boot; files that hold none are removed. The caller frees all. */
int state_load_replicas(const char *folder, struct state_replica ***out, size_t *count_out,
                        struct error *err) MUST_CHECK;

/* A JSON file of the run folder with the boot id in it; *out is NULL when there is none. */
int state_save_json(const char *path, struct json *json, struct error *err) MUST_CHECK;
int state_load_json(const char *path, struct json **out, struct error *err) MUST_CHECK;

const char *state_exit_name(enum state_exit exit);
