/* SPDX-License-Identifier: MIT */

/*
 * The front's own main function
 */

#include "supervise/front_child.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "supervise/front_dns.h"
#include "supervise/front_message.h"
#include "supervise/front_names.h"
#include "supervise/front_relay.h"
#include "supervise/sandbox.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

#define MESSAGES_AT_ONCE 64

struct served {
    char *key;
    struct front_dns *dns;
    struct front_names_network *names;
};

struct relaying {
    uint16_t port;
    struct front_relay *relay;
};

struct child {
    int socket;
    struct event_base *base;
    struct front_message message;
    struct front_upstreams upstreams;
    struct front_names *names;
    struct served *networks;
    size_t network_count;
    struct relaying *relays;
    size_t relay_count;
};

static struct served *find_network(const struct child *child, const char *key)
{
    for (size_t i = 0; i < child->network_count; i++) {
        if (strcmp(child->networks[i].key, key) == 0)
            return &child->networks[i];
    }
    return NULL;
}

static struct relaying *find_relay(const struct child *child, uint32_t port)
{
    for (size_t i = 0; i < child->relay_count; i++) {
        if (child->relays[i].port == port)
            return &child->relays[i];
    }
    return NULL;
}

static void set_network(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    const char *key = child->message.key;
    struct served *network = find_network(child, key);
    const int sockets[2] = { fds[0], fds[1] };

    if (sockets[0] < 0 || sockets[1] < 0)
        return;
    if (!network) {
        network = ALLOC_APPEND(child->networks, child->network_count);
        network->key = alloc_text(key);
    }
    front_dns_free(network->dns);
    front_names_remove(network->names);
    network->names = front_names_add(child->names, child->message.number != 0);
    network->dns = front_dns_new(child->base, sockets, network->names, &child->upstreams);
    fds[0] = fds[1] = -1;
}

static void remove_network(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct served *network = find_network(child, child->message.key);

    (void)fds;
    if (!network)
        return;
    front_dns_free(network->dns);
    front_names_remove(network->names);
    free(network->key);
    *network = child->networks[--child->network_count];
}

static void begin_names(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct served *network = find_network(child, child->message.key);

    (void)fds;
    if (network)
        front_names_begin(network->names, &child->message);
}

static void add_names(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct served *network = find_network(child, child->message.key);

    (void)fds;
    if (network && !front_names_read(network->names, &child->message))
        log_error("malformed names", LOG_TEXT("network", network->key));
}

/* Of all networks at once: an asker of several sees all of its names or waits. */
static void end_names(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    (void)fds;
    front_names_use(child->names);
    for (size_t i = 0; i < child->network_count; i++)
        if (front_names_are_known(child->networks[i].names))
            front_dns_serve(child->networks[i].dns);
}

static void set_upstreams(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct front_upstreams upstreams;

    (void)fds;
    if (child->message.length != sizeof(upstreams))
        return;
    memcpy(&upstreams, child->message.data, sizeof(upstreams));
    if (upstreams.count <= FRONT_MESSAGE_UPSTREAMS_MAX)
        child->upstreams = upstreams;
}

static void remove_relay(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct relaying *relaying = find_relay(child, child->message.number);

    (void)fds;
    if (!relaying)
        return;
    front_relay_free(relaying->relay);
    *relaying = child->relays[--child->relay_count];
}

static void add_relay(struct child *child, int fds[FRONT_MESSAGE_FDS_MAX])
{
    struct relaying *relaying = NULL;

    if (fds[0] < 0 || child->message.number > UINT16_MAX)
        return;
    remove_relay(child, fds);
    relaying = ALLOC_APPEND(child->relays, child->relay_count);
    relaying->port = (uint16_t)child->message.number;
    relaying->relay = front_relay_new(child->base, fds[0], relaying->port);
    fds[0] = -1;
}

static void (*const message_handlers[FRONT_MESSAGE_COUNT])(struct child *,
                                                           int fds[FRONT_MESSAGE_FDS_MAX]) = {
    [FRONT_MESSAGE_NETWORK] = set_network,     [FRONT_MESSAGE_NETWORK_GONE] = remove_network,
    [FRONT_MESSAGE_NAMES_BEGIN] = begin_names, [FRONT_MESSAGE_NAMES] = add_names,
    [FRONT_MESSAGE_ASKERS] = add_names,        [FRONT_MESSAGE_NAMES_END] = end_names,
    [FRONT_MESSAGE_UPSTREAMS] = set_upstreams, [FRONT_MESSAGE_RELAY] = add_relay,
    [FRONT_MESSAGE_RELAY_GONE] = remove_relay,
};

static void on_message(evutil_socket_t socket, short what, void *context)
{
    struct child *child = context;

    (void)what;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        int fds[FRONT_MESSAGE_FDS_MAX];

        switch (front_message_receive(socket, &child->message, fds)) {
        case FRONT_MESSAGE_END:
            _exit(0);
        case FRONT_MESSAGE_NONE:
            return;
        case FRONT_MESSAGE_GOT:
            message_handlers[child->message.type](child, fds);
            break;
        }
        for (size_t k = 0; k < FRONT_MESSAGE_FDS_MAX; k++) {
            if (fds[k] >= 0)
                close(fds[k]);
        }
    }
}

_Noreturn void front_child_run(int parent)
{
    struct child *child = alloc_new(struct child);
    struct event *readable = NULL;
    struct error err = { 0 };

    child->socket = FRONT_CHILD_SOCKET;
    if (sandbox_detach(child->socket, parent, &err) == 0) {
        child->base = event_base_new();
        child->names = front_names_new();
        event_base_priority_init(child->base, 2);
        readable = event_new(child->base, child->socket, EV_READ | EV_PERSIST, on_message, child);
        /* What is told comes before what is asked: who asks may just have been told. */
        event_priority_set(readable, 0);
        event_add(readable, NULL);
        if (sandbox_enter(true, &err) == 0)
            event_base_dispatch(child->base);
    }
    log_error("the front cannot serve", LOG_TEXT("error", err.text));
    _exit(1);
}
