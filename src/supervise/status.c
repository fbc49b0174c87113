/* SPDX-License-Identifier: MIT */

/*
 * The answer to GET /v1/stack (control.h)
 */

#include "supervise/status.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "supervise/crew.h"
#include "supervise/plan.h"
#include "supervise/replica.h"
#include "supervise/replica_place.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

/* The states of the matrix in the words of the interface. */
static const char *const state_words[REPLICA_STATE_COUNT] = {
    [REPLICA_STOPPED] = "stopped",   [REPLICA_WAITING] = "pending",
    [REPLICA_STARTING] = "pending",  [REPLICA_RUNNING] = "running",
    [REPLICA_STOPPING] = "stopping", [REPLICA_CYCLING] = "stopping",
    [REPLICA_FAILING] = "stopping",  [REPLICA_ENDED] = "pending",
    [REPLICA_BACKOFF] = "pending",   [REPLICA_COMPLETED] = "completed",
    [REPLICA_FAILED] = "failed",
};

static struct json *format_strings(const struct strings *strings)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < strings->count; i++)
        json_append_text(array, strings->items[i]);
    return array;
}

static void set_address(struct json *object, const char *key, uint32_t address)
{
    char text[16];

    addrpool_format_address(address, text);
    json_set_text(object, key, text);
}

static struct json *format_addresses(const struct state_replica *record)
{
    struct json *object = json_new_object();

    for (size_t i = 0; i < record->endpoint_count; i++)
        set_address(object, record->endpoints[i].network, record->endpoints[i].address);
    return object;
}

static struct json *format_port(const struct netplan_port *port)
{
    struct json *object = json_new_object();

    set_address(object, "host_ip", port->host_address);
    json_set_int(object, "published", port->published);
    json_set_int(object, "target", port->target);
    json_set_text(object, "protocol", port->protocol == IPPROTO_UDP ? "udp" : "tcp");
    return object;
}

/* The published ports of one service, or (NULL) of all, with the service's name. */
static struct json *format_ports(const struct crew *crew, const char *service)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < crew->port_count; i++) {
        struct json *object = NULL;

        if (service && !text_equal(crew->ports[i].service, service))
            continue;
        object = format_port(&crew->ports[i]);
        if (!service)
            json_set_text(object, "service", crew->ports[i].service);
        json_append(array, object);
    }
    return array;
}

/* What `exec` needs to run a process beside the replica's own. */
static void format_process(const struct replica *replica, struct json *json)
{
    AUTO(plan) struct plan *plan = NULL;
    AUTO_TEXT struct text command = { 0 };
    struct error ignored = { 0 };

    if (!replica->image || replica_place_plan(replica, &plan, &ignored) < 0)
        return;
    for (size_t i = 0; i < plan->spec.program.args.count; i++)
        text_add_format(&command, "%s%s", i ? " " : "", plan->spec.program.args.items[i]);
    json_set_text(json, "command", text_get(&command));
    json_set(json, "arguments", format_strings(&plan->spec.program.args));
    json_set(json, "env", format_strings(&plan->spec.program.env));
    json_set_text(json, "cwd", plan->spec.program.cwd);
    json_set_text(json, "user", plan->spec.program.user);
    json_set_int(json, "capabilities", (int64_t)plan->spec.program.capabilities);
    json_set_bool(json, "allow_new_privileges", plan->spec.program.allow_new_privileges);
    json_set_bool(json, "privileged", plan->spec.program.privileged);
    json_set_bool(json, "seccomp_unconfined", plan->spec.program.seccomp_unconfined);
}

int status_exit_code(const struct state_replica *record)
{
    bool by_signal = record->exit == STATE_EXIT_SIGNAL || record->exit == STATE_EXIT_OOM;

    return by_signal ? 128 + record->exit_code : record->exit_code;
}

void status_format_exit(const struct state_replica *record, struct json *json)
{
    json_set_int(json, "exit_code", status_exit_code(record));
    json_set_text(json, "exit_kind", state_exit_name(record->exit));
    json_set_text(json, "exit_reason", record->exit_text);
}

static void format_history(const struct replica *replica, struct json *json)
{
    const struct state_replica *record = replica->record;

    json_set_int(json, "restarts", record->restarts);
    json_set_int(json, "created_ms", record->created_ms);
    json_set_int(json, "started_ms", record->started_ms);
    json_set_int(json, "ended_ms", record->ended_ms);
    if (replica->exits > 0)
        json_set_int(json, "last_exit_code", replica->last_exit_code);
    if (record->exit != STATE_EXIT_NONE)
        status_format_exit(record, json);
}

static void format_usage(const struct replica *replica, struct json *json)
{
    const struct metrics_sample *sample = metrics_find_last(&replica->metrics);

    if (!sample || replica->record->pid == 0)
        return;
    json_set_int(json, "cpu_percent_millis", sample->cpu_percent_millis);
    json_set_int(json, "memory_percent_millis", sample->memory_percent_millis);
    json_set_int(json, "memory_bytes", (int64_t)sample->memory_bytes);
    json_set_int(json, "pids", (int64_t)sample->pids);
}

/* Is it of the definition that its service has now, and to stay? */
static bool is_current(const struct replica *replica)
{
    const struct crew_service *service = crew_find_service(replica->crew, replica->record->service);

    return service && !replica->record->leaving && replica_is_current(replica, service);
}

static struct json *format_replica(const struct replica *replica)
{
    const struct state_replica *record = replica->record;
    struct json *json = json_new_object();
    AUTO_FREE char *netns =
        alloc_format("%s/netns/%s", replica->crew->run_folder, replica->record->id);

    json_set_text(json, "name", record->name);
    json_set_text(json, "service", record->service);
    json_set_int(json, "index", record->index);
    json_set_text(json, "state", state_words[record->state]);
    json_set_text(json, "step", replica_rules_state_name(record->state));
    json_set_text(json, "health",
                  record->state == REPLICA_RUNNING ? health_status_name(replica->health.status)
                                                   : "");
    json_set_bool(json, "ready", replica->ready);
    json_set_bool(json, "current", is_current(replica));
    json_set_int(json, "pid", record->pid);
    json_set_int(json, "start_time", (int64_t)record->start_time);
    json_set_text(json, "image", replica->service->image);
    json_set_text(json, "image_id", record->image);
    json_set(json, "addresses", format_addresses(record));
    json_set(json, "ports", format_ports(replica->crew, record->service));
    json_set_bool(json, "paused", record->paused);
    json_set_bool(json, "tty", replica->service->tty);
    json_set_bool(json, "stdin_open", replica->service->stdin_open);
    json_set_text(json, "id", record->id);
    json_set_text(json, "cgroup_parent", replica->crew->object_name);
    json_set_text(json, "netns", netns);
    if (replica->waiting) {
        json_set_text(json, "waiting", replica->waiting);
        json_set_bool(json, "blocked", replica->is_blocked);
    }
    format_history(replica, json);
    format_process(replica, json);
    format_usage(replica, json);
    return json;
}

struct counts {
    int64_t running, healthy, ready;
    bool settled;
};

static bool is_settled(const struct replica *replica)
{
    enum replica_state state = replica->record->state;

    return state == REPLICA_RUNNING
               ? replica->ready
               : state == REPLICA_COMPLETED || (state == REPLICA_STOPPED && !replica->wanted);
}

static struct counts count_replicas(const struct crew *crew, const struct crew_service *service)
{
    struct counts counts = { .settled = true };
    int64_t current = 0;

    for (size_t i = 0; i < crew->replica_count; i++) {
        const struct replica *replica = crew->replicas[i];

        if (!text_equal(replica->record->service, service->name))
            continue;
        counts.running += replica->record->state == REPLICA_RUNNING;
        counts.healthy +=
            replica->health.status == HEALTH_HEALTHY && replica->record->state == REPLICA_RUNNING;
        counts.ready += replica->ready;
        current += replica_is_current(replica, service);
        if (replica->record->leaving || !is_settled(replica))
            counts.settled = false;
    }
    if (!service->removed && current != service->desired)
        counts.settled = false;
    return counts;
}

static struct json *format_service(const struct crew *crew, const struct crew_service *service,
                                   bool *settled)
{
    struct counts counts = count_replicas(crew, service);
    struct json *json = json_new_object();
    const struct autoscale_policy *policy = &service->service->autoscale;

    *settled = *settled && counts.settled;
    json_set_text(json, "name", service->name);
    json_set_text(json, "image", service->service->image);
    json_set_int(json, "desired", service->desired);
    json_set_int(json, "running", counts.running);
    json_set_int(json, "healthy", counts.healthy);
    json_set_int(json, "ready", counts.ready);
    json_set_int(json, "min", policy->enabled ? policy->min : service->desired);
    json_set_int(json, "max", policy->enabled ? policy->max : service->desired);
    json_set_bool(json, "autoscale", policy->enabled);
    json_set_bool(json, "stopped", service->stopped);
    json_set_text(json, "update",
                  service->paused        ? "paused"
                  : service->rolled_back ? "rolled back"
                  : service->updating    ? "updating"
                                         : "");
    if (service->update_failure)
        json_set_text(json, "update_reason", service->update_failure);
    else if (!text_is_empty(service->update_text))
        json_set_text(json, "update_reason", service->update_text);
    if (service->autoscale_text)
        json_set_text(json, "autoscale_reason", service->autoscale_text);
    return json;
}

static struct json *format_networks(const struct crew *crew)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < crew->network_count; i++) {
        const struct crew_network *network = crew->networks[i];
        struct json *object = json_new_object();
        AUTO_FREE char *subnet = NULL;
        char address[16];

        addrpool_format_address(network->network.subnet, address);
        subnet = alloc_format("%s/%u", address, network->network.prefix);
        json_set_text(object, "key", network->key);
        json_set_text(object, "name", network->name);
        json_set_text(object, "bridge", network->network.bridge);
        json_set_text(object, "subnet", subnet);
        set_address(object, "gateway", network->network.gateway);
        json_set_bool(object, "external", network->is_shared);
        json_append(array, object);
    }
    return array;
}

static const char *find_state(const struct crew *crew, bool settled)
{
    if (crew->ending)
        return "stopping";
    return settled ? "running" : "changing";
}

struct json *status_format(const struct crew *crew)
{
    struct json *json = json_new_object();
    struct json *services = json_new_array();
    struct json *replicas = json_new_array();
    bool settled = crew->current && !crew->ending;

    for (size_t i = 0; i < crew->service_count; i++) {
        const struct crew_service *service = crew->services[i];

        if (service->service && !service->removed)
            json_append(services, format_service(crew, service, &settled));
    }
    for (size_t i = 0; i < crew->replica_count; i++)
        json_append(replicas, format_replica(crew->replicas[i]));
    json_set_text(json, "name", crew->project);
    json_set_int(json, "revision", crew->current ? (int64_t)crew->current->number : 0);
    json_set_text(json, "state", find_state(crew, settled));
    json_set_bool(json, "settled", settled);
    json_set(json, "services", services);
    json_set(json, "replicas", replicas);
    json_set(json, "networks", format_networks(crew));
    json_set(json, "ports", format_ports(crew, NULL));
    return json;
}
