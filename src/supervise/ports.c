/* SPDX-License-Identifier: MIT */

/*
 * Published ports: which host port a service's port got
 */

#include "supervise/ports.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "util/alloc.h"
#include "util/error.h"

#define LOCK_TIMEOUT_MS 10000
/* Out of the way of the kernel's own choice for outgoing connections (32768 to 60999). */
#define FIRST_FREE 61000
#define LAST_FREE 64999

struct choice {
    struct netplan_port *ports;
    size_t count;
};

static void choice_done(struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        free(choice->ports[i].service);
    free(choice->ports);
    *choice = (struct choice){ 0 };
}

static bool overlaps(const struct netplan_port *port, const struct netplan_port *other)
{
    return port->published == other->published && port->protocol == other->protocol &&
           (port->host_address == other->host_address || !port->host_address ||
            !other->host_address);
}

static bool is_chosen(const struct choice *choice, const struct netplan_port *port)
{
    for (size_t i = 0; i < choice->count; i++)
        if (overlaps(port, &choice->ports[i]))
            return true;
    return false;
}

/* Is it ours already, from an earlier revision? Then the kernel's rules name it as taken. */
static bool is_ours(const struct crew *crew, const struct netplan_port *port)
{
    for (size_t i = 0; i < crew->port_count; i++)
        if (overlaps(port, &crew->ports[i]))
            return true;
    return false;
}

static bool is_free(const struct crew *crew, const struct choice *choice,
                    const struct netplan_port *port)
{
    return !is_chosen(choice, port) &&
           (is_ours(crew, port) ||
            addrpool_is_port_free(port->protocol, port->host_address, port->published));
}

/* The port that this service's port has already, if it still may. */
static bool find_earlier(const struct crew *crew, const struct choice *choice,
                         struct netplan_port *port, uint16_t first, uint16_t last)
{
    for (size_t i = 0; i < crew->port_count; i++) {
        const struct netplan_port *earlier = &crew->ports[i];

        if (!text_equal(earlier->service, port->service) || earlier->target != port->target ||
            earlier->protocol != port->protocol || earlier->host_address != port->host_address ||
            earlier->published < first || earlier->published > last || is_chosen(choice, earlier))
            continue;
        port->published = earlier->published;
        return true;
    }
    return false;
}

static int choose(const struct crew *crew, const struct choice *choice,
                  const struct service_port *wanted, struct netplan_port *port, struct error *err)
{
    uint16_t first = wanted->published ? wanted->published : FIRST_FREE;
    uint16_t last = wanted->published ? MAX(wanted->published_last, first) : LAST_FREE;

    if (find_earlier(crew, choice, port, first, last))
        return 0;
    for (uint32_t number = first; number <= last; number++) {
        port->published = (uint16_t)number;
        if (is_free(crew, choice, port))
            return 0;
    }
    if (first == last)
        return error_set(err, ERROR_EXISTS,
                         "port %u of the host is taken: stop the program that uses it, or publish "
                         "service '%s' on another one",
                         first, port->service);
    return error_set(err, ERROR_EXISTS, "the ports %u to %u of the host are taken", first, last);
}

static int choose_all(const struct crew *crew, const struct service *service, struct choice *choice,
                      struct error *err)
{
    for (size_t i = 0; i < service->port_count; i++) {
        const struct service_port *wanted = &service->ports[i];
        struct netplan_port port = {
            .service = service->name,
            .target = wanted->target,
            .protocol = wanted->protocol == SERVICE_UDP ? IPPROTO_UDP : IPPROTO_TCP,
        };

        if (wanted->host_ip && addrpool_parse_address(wanted->host_ip, &port.host_address, err) < 0)
            return error_wrap(err, "port %u of service '%s'", wanted->target, service->name);
        if (choose(crew, choice, wanted, &port, err) < 0)
            return -1;
        port.service = alloc_text(service->name);
        *ALLOC_APPEND(choice->ports, choice->count) = port;
    }
    return 0;
}

int ports_choose(struct crew *crew, const struct stack *stack, struct error *err)
{
    AUTO_CLOSE int lock = -1;
    struct choice choice = { 0 };
    struct choice old = { crew->ports, crew->port_count };

    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0)
        return -1;
    for (size_t i = 0; i < stack->service_count; i++) {
        if (choose_all(crew, &stack->services[i], &choice, err) == 0)
            continue;
        choice_done(&choice);
        return -1;
    }
    crew->ports = choice.ports;
    crew->port_count = choice.count;
    crew->rules_stale = true;
    choice_done(&old);
    return 0;
}
