/* SPDX-License-Identifier: MIT */

/*
 * The crew: all that a supervisor knows about its stack while it runs
 *
 * Data shared by the modules of the supervisor, and the step that brings it forward. Events
 * (an exit, a timer, a command) change a member and call crew_touch(); once per turn of the
 * loop crew_step() then compares what is with what should be and acts: replicas are created,
 * started, stopped and removed, and at the end rules and names follow. Nothing is decided
 * here that a pure module can decide.
 */

#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/store.h"
#include "net/addrpool.h"
#include "net/network.h"
#include "stack/stack.h"
#include "supervise/autoscale.h"
#include "supervise/control_server.h"
#include "supervise/events.h"
#include "supervise/front.h"
#include "supervise/metrics.h"
#include "supervise/netplan.h"
#include "supervise/restart_policy.h"

struct error;
struct replica; /* replica.h */

/* A stored revision of the stack; replicas of an older one keep it loaded. */
struct crew_revision {
    uint64_t number;
    struct stack *stack;
};

struct crew_network {
    char *key, *name;
    struct network network;
    bool is_shared;    /* it belongs to no stack (shared_network.h) */
    uint32_t resolver; /* the address of the stack's own name server there; 0: the gateway's */
    struct addrpool pool;
    struct netplan_virtual *virtuals;
    size_t virtual_count;
    int sockets[2];  /* of the name server, udp and tcp; -1: not open */
    bool is_applied; /* in this life of the supervisor */
};

struct crew_service {
    char *name;
    const struct crew_revision *revision; /* whose definition its replicas are to have */
    const struct service *service;        /* in that revision */
    const struct image *image;
    char *image_id; /* as read back, until the image is found */
    char digest[65];
    const struct crew_revision *previous; /* to go back to; NULL: nothing */
    const struct image *previous_image;
    int64_t desired;
    bool stopped; /* by the user */
    bool awaited; /* somebody is about to attach to the next start */
    bool removed; /* the present revision has no such service */
    bool updating, paused, rolled_back;
    size_t gone_failed;
    char *update_text;    /* what it does or waits for; NULL: nothing to say */
    char *update_failure; /* why it paused or went back; kept until the next update */
    int64_t update_at_ms;
    struct restart_policy_budget budget;
    struct autoscale_history history;
    int64_t autoscale_at_ms; /* next decision */
    char *autoscale_text;
};

/* A command that is answered when what it asked for has come about. */
struct crew_wait {
    struct control_server_request *request;
    char **services; /* NULL-ended; NULL: all */
    bool for_exit;   /* of the one service's replica, else for rest */
    bool for_start;  /* its start is enough */
    uint64_t exits;  /* that it had when the command came */
};

struct crew {
    char *project;
    char object_name[16]; /* of cgroup and table; links are named after its hash */
    char *run_folder, *data_folder;
    struct event_base *base;
    struct event *step_event, *second_event, *exits_event, *names_event;
    int exits_fd, exits_watch, names_watch; /* inotify, the last of other stacks' names */
    struct store *store;
    struct events *events;
    struct control_server *control;
    struct front *front;
    int64_t front_at_ms, front_began_ms; /* when to start it again (0: it runs); when it began */
    struct crew_revision **revisions;
    size_t revision_count;
    const struct crew_revision *current;
    struct image **images;
    size_t image_count;
    struct crew_service **services;
    size_t service_count;
    struct crew_network **networks;
    size_t network_count;
    struct netplan_port *ports;
    size_t port_count;
    struct replica **replicas;
    size_t replica_count;
    struct crew_wait *waits;
    size_t wait_count;
    uint64_t serial;    /* of the replica made last */
    int64_t wake_at_ms; /* of crew_wake() */
    struct metrics_host host;
    bool rules_stale, names_stale; /* the ready set changed */
    bool askers_stale;             /* a replica was added that may ask for names */
    bool front_stale;              /* networks or ports changed */
    bool is_new;               /* applied by itself at its first start, and by no command since */
    bool ending;               /* `down` */
    bool has_stepped;          /* in this second */
    unsigned seconds;          /* since the start */
    int64_t idle_since_ms;     /* single containers: there are none since; 0: there are some */
    bool is_at_rest;           /* memory was given back since the last step */
    bool is_limited, is_swept; /* memory of all containers; nothing of the stack is left */
    int exit_status;           /* of the process, when the loop ends */
};

/* Something changed: crew_step() runs before the loop sleeps again. */
void crew_touch(struct crew *crew);
/* The same at `at_ms` at the latest. */
void crew_wake(struct crew *crew, int64_t at_ms);
void crew_step(struct crew *crew);

void crew_free(struct crew *crew);
DEFINE_CLEANUP(crew)

struct crew_service *crew_find_service(const struct crew *crew, const char *name);
struct crew_network *crew_find_network(const struct crew *crew, const char *key);

/* Frees what the crew knows of a network and closes its sockets; the kernel keeps the bridge. */
void crew_free_network(struct crew_network *network);

/* The revision, loaded from disk if it is not in memory; NULL: *err says why. */
const struct crew_revision *crew_find_revision(struct crew *crew, uint64_t number,
                                               struct error *err);

/* The image by reference or id, kept for the life of the crew. ERROR_NOT_FOUND: there is none. */
int crew_find_image(struct crew *crew, const char *reference, const struct image **out,
                    struct error *err) MUST_CHECK;
