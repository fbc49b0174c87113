/* SPDX-License-Identifier: MIT */

/*
 * The inside of a server, for server.c, exchange.c and peers.c alone
 */

#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/server.h"
#include "common/work.h"

struct evhttp;
struct evhttp_bound_socket;
struct event;
struct limit;

struct server {
    struct server_options options;
    struct event_base *base;
    struct evdns_base *resolver;
    struct evhttp *http;
    struct evhttp_bound_socket *socket; /* NULL once nobody new is accepted */
    struct work *work;
    struct limit *limit;
    struct event *signals[2];
    struct event *work_event;
    struct event *stop_timer;
    bool is_stopping;
    int64_t stopping_since_ms;
    size_t in_progress; /* requests begun whose answer is not sent */
    int64_t request_count;
    size_t peer_probes; /* of /v1/peers, under way */
    pthread_mutex_t key_lock;
    bool has_key;
    int64_t key_read_ms;
    unsigned char key[TOKEN_PUBLIC_SIZE];
};
