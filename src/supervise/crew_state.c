/* SPDX-License-Identifier: MIT */

/*
 * crew.json: what belongs to the stack as a whole and must outlive the supervisor
 */

#include "supervise/crew_state.h"

#include <stdio.h>

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

static struct json *format_services(const struct crew *crew)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < crew->service_count; i++) {
        const struct crew_service *service = crew->services[i];
        struct json *object = json_new_object();

        json_set_text(object, "name", service->name);
        json_set_int(object, "desired", service->desired);
        json_set_bool(object, "stopped", service->stopped);
        json_set_bool(object, "paused", service->paused);
        json_set_bool(object, "rolled_back", service->rolled_back);
        json_set_bool(object, "updating", service->updating);
        json_set_int(object, "revision",
                     service->revision ? (int64_t)service->revision->number : 0);
        json_set_int(object, "previous",
                     service->previous ? (int64_t)service->previous->number : 0);
        json_set_text(object, "previous_image",
                      service->previous_image ? service->previous_image->id : NULL);
        json_set_text(object, "image", service->image ? service->image->id : service->image_id);
        json_append(array, object);
    }
    return array;
}

static struct json *format_networks(const struct crew *crew)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < crew->network_count; i++) {
        const struct crew_network *network = crew->networks[i];
        struct json *object = json_new_object();
        struct json *virtuals = json_new_object();

        json_set_text(object, "key", network->key);
        json_set_text(object, "name", network->name);
        json_set_text(object, "bridge", network->network.bridge);
        json_set_int(object, "subnet", network->network.subnet);
        json_set_int(object, "prefix", network->network.prefix);
        json_set_int(object, "gateway", network->network.gateway);
        json_set_bool(object, "internal", network->network.internal);
        json_set_bool(object, "shared", network->is_shared);
        json_set_int(object, "resolver", network->resolver);
        for (size_t j = 0; j < network->virtual_count; j++)
            json_set_int(virtuals, network->virtuals[j].service, network->virtuals[j].address);
        json_set(object, "virtuals", virtuals);
        json_append(array, object);
    }
    return array;
}

static struct json *format_ports(const struct crew *crew)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < crew->port_count; i++) {
        const struct netplan_port *port = &crew->ports[i];
        struct json *object = json_new_object();

        json_set_text(object, "service", port->service);
        json_set_int(object, "host_address", port->host_address);
        json_set_int(object, "published", port->published);
        json_set_int(object, "target", port->target);
        json_set_int(object, "protocol", port->protocol);
        json_append(array, object);
    }
    return array;
}

int crew_state_save(struct crew *crew, struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/crew.json", crew->run_folder);
    AUTO(json) struct json *json = json_new_object();

    json_set_int(json, "serial", (int64_t)crew->serial);
    json_set_int(json, "revision", crew->current ? (int64_t)crew->current->number : 0);
    json_set_bool(json, "ending", crew->ending);
    json_set(json, "services", format_services(crew));
    json_set(json, "networks", format_networks(crew));
    json_set(json, "ports", format_ports(crew));
    if (state_save_json(path, json, err) < 0)
        return error_wrap(err, "record the state of stack '%s'", crew->project);
    return 0;
}

/* What an update goes back to. It is missed only when the update fails. */
static void load_previous(struct crew *crew, const struct json *json, struct crew_service *service)
{
    uint64_t number = (uint64_t)json_find_int(json, "previous", 0);
    const char *image = json_find_text(json, "previous_image", NULL);
    struct error err = { 0 };

    if (!number || !image || crew_find_image(crew, image, &service->previous_image, &err) < 0)
        return;
    service->previous = crew_find_revision(crew, number, &err);
}

static void load_service(struct crew *crew, const struct json *json)
{
    struct crew_service *service = alloc_new(struct crew_service);
    struct error err = { 0 };

    service->name = alloc_text(json_find_text(json, "name", ""));
    service->desired = json_find_int(json, "desired", 0);
    service->stopped = json_find_bool(json, "stopped", false);
    service->paused = json_find_bool(json, "paused", false);
    service->rolled_back = json_find_bool(json, "rolled_back", false);
    service->updating = json_find_bool(json, "updating", false);
    service->image_id = alloc_text(json_find_text(json, "image", NULL));
    service->revision =
        crew_find_revision(crew, (uint64_t)json_find_int(json, "revision", 0), &err);
    if (!service->revision)
        log_error("a revision is lost", LOG_TEXT("why", err.text));
    load_previous(crew, json, service);
    *ALLOC_APPEND(crew->services, crew->service_count) = service;
}

static void load_network(struct crew *crew, const struct json *json)
{
    struct crew_network *network = alloc_new(struct crew_network);
    struct error ignored = { 0 };

    network->key = alloc_text(json_find_text(json, "key", ""));
    network->name = alloc_text(json_find_text(json, "name", ""));
    snprintf(network->network.bridge, sizeof(network->network.bridge), "%s",
             json_find_text(json, "bridge", ""));
    network->network.subnet = (uint32_t)json_find_int(json, "subnet", 0);
    network->network.prefix = (uint8_t)json_find_int(json, "prefix", 24);
    network->network.gateway = (uint32_t)json_find_int(json, "gateway", 0);
    network->network.internal = json_find_bool(json, "internal", false);
    network->is_shared = json_find_bool(json, "shared", false);
    network->resolver = (uint32_t)json_find_int(json, "resolver", 0);
    network->sockets[0] = network->sockets[1] = -1;
    addrpool_init(&network->pool, network->network.subnet, network->network.prefix,
                  network->network.gateway);
    if (network->resolver && addrpool_take_given(&network->pool, network->resolver, &ignored) < 0)
        error_clear(&ignored);
    for (const struct json *item = json_first(json_find(json, "virtuals")); item;
         item = json_next(item)) {
        struct netplan_virtual *made = ALLOC_APPEND(network->virtuals, network->virtual_count);

        made->service = alloc_text(json_key(item));
        made->address = (uint32_t)json_get_int(item, 0);
        if (addrpool_take_given(&network->pool, made->address, &ignored) < 0)
            error_clear(&ignored);
    }
    *ALLOC_APPEND(crew->networks, crew->network_count) = network;
}

static void load_port(struct crew *crew, const struct json *json)
{
    struct netplan_port *port = ALLOC_APPEND(crew->ports, crew->port_count);

    port->service = alloc_text(json_find_text(json, "service", ""));
    port->host_address = (uint32_t)json_find_int(json, "host_address", 0);
    port->published = (uint16_t)json_find_int(json, "published", 0);
    port->target = (uint16_t)json_find_int(json, "target", 0);
    port->protocol = (int)json_find_int(json, "protocol", 0);
}

static void load_each(struct crew *crew, const struct json *array,
                      void (*load)(struct crew *crew, const struct json *json))
{
    for (const struct json *item = json_first(array); item; item = json_next(item))
        load(crew, item);
}

int crew_state_load(struct crew *crew, struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/crew.json", crew->run_folder);
    AUTO(json) struct json *json = NULL;
    uint64_t revision = 0;

    if (state_load_json(path, &json, err) < 0)
        return -1;
    if (!json)
        return 0;
    crew->serial = (uint64_t)json_find_int(json, "serial", 0);
    crew->ending = json_find_bool(json, "ending", false);
    load_each(crew, json_find(json, "services"), load_service);
    load_each(crew, json_find(json, "networks"), load_network);
    load_each(crew, json_find(json, "ports"), load_port);
    revision = (uint64_t)json_find_int(json, "revision", 0);
    if (revision)
        crew->current = crew_find_revision(crew, revision, err);
    return revision && !crew->current ? -1 : 0;
}
