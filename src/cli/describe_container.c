/* SPDX-License-Identifier: MIT */

/*
 * What `carte inspect` prints of a container: the keys of 'docker container inspect'
 */

#include "cli/describe_container.h"

#include <string.h>

#include "cli/container_find.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/text.h"

static void set_moment(struct json *object, const char *key, int64_t wall_ms)
{
    char text[32] = "0001-01-01T00:00:00Z"; /* as docker writes "never" */

    if (wall_ms > 0)
        clock_format_wall(wall_ms, text);
    json_set_text(object, key, text);
}

static bool is_in(const struct json *replica, const char *state)
{
    return text_equal(json_find_text(replica, "state", ""), state);
}

static const char *find_status(const struct json *replica)
{
    if (json_find_bool(replica, "paused", false))
        return "paused";
    if (is_in(replica, "running") || is_in(replica, "stopping"))
        return "running";
    if (is_in(replica, "pending"))
        return json_find_int(replica, "restarts", 0) > 0 ? "restarting" : "created";
    return json_find(replica, "exit_kind") ? "exited" : "created";
}

static struct json *describe_state(const struct json *replica)
{
    struct json *state = json_new_object();
    const char *health = json_find_text(replica, "health", "");
    const char *status = find_status(replica);
    bool is_failure = !text_equal(json_find_text(replica, "exit_kind", "code"), "code");

    json_set_text(state, "Status", status);
    json_set_bool(state, "Running", json_find_int(replica, "pid", 0) != 0);
    json_set_bool(state, "Paused", json_find_bool(replica, "paused", false));
    json_set_bool(state, "Restarting", text_equal(status, "restarting"));
    json_set_bool(state, "OOMKilled", text_equal(json_find_text(replica, "exit_kind", ""), "oom"));
    json_set_int(state, "Pid", json_find_int(replica, "pid", 0));
    json_set_int(state, "ExitCode", json_find_int(replica, "exit_code", 0));
    json_set_text(state, "Error", is_failure ? json_find_text(replica, "exit_reason", "") : "");
    set_moment(state, "StartedAt", json_find_int(replica, "started_ms", 0));
    set_moment(state, "FinishedAt", json_find_int(replica, "ended_ms", 0));
    if (health[0]) {
        struct json *object = json_new_object();

        json_set_text(object, "Status", health);
        json_set(state, "Health", object);
    }
    return state;
}

static struct json *describe_ports(const struct json *replica)
{
    struct json *ports = json_new_object();
    const struct json *port = json_first(json_find(replica, "ports"));

    for (; port; port = json_next(port)) {
        AUTO_FREE char *key = alloc_format("%lld/%s", (long long)json_find_int(port, "target", 0),
                                           json_find_text(port, "protocol", "tcp"));
        AUTO_FREE char *published =
            alloc_format("%lld", (long long)json_find_int(port, "published", 0));
        struct json *array = json_new_array();
        struct json *binding = json_new_object();

        json_set_text(binding, "HostIp", json_find_text(port, "host_ip", "0.0.0.0"));
        json_set_text(binding, "HostPort", published);
        json_append(array, binding);
        json_set(ports, key, array);
    }
    return ports;
}

static struct json *describe_networks(const struct json *replica)
{
    struct json *settings = json_new_object();
    struct json *networks = json_new_object();
    const struct json *address = json_first(json_find(replica, "addresses"));

    json_set_text(settings, "SandboxKey", json_find_text(replica, "netns", ""));
    json_set_text(settings, "IPAddress", json_get_text(address, ""));
    for (; address; address = json_next(address)) {
        struct json *network = json_new_object();

        json_set_text(network, "IPAddress", json_get_text(address, ""));
        json_set(networks, json_key(address), network);
    }
    json_set(settings, "Networks", networks);
    json_set(settings, "Ports", describe_ports(replica));
    return settings;
}

static struct json *copy_or_empty(const struct json *array)
{
    return array ? json_copy(array) : json_new_array();
}

static struct json *describe_config(const struct json *replica)
{
    struct json *config = json_new_object();

    json_set_text(config, "Image", json_find_text(replica, "image", ""));
    json_set(config, "Env", copy_or_empty(json_find(replica, "env")));
    json_set_text(config, "User", json_find_text(replica, "user", ""));
    json_set_text(config, "WorkingDir", json_find_text(replica, "cwd", ""));
    json_set_bool(config, "Tty", json_find_bool(replica, "tty", false));
    json_set_bool(config, "OpenStdin", json_find_bool(replica, "stdin_open", false));
    return config;
}

/* The program, and what it is given. */
static void set_command(const struct json *replica, struct json *json)
{
    const struct json *word = json_first(json_find(replica, "arguments"));
    struct json *args = json_new_array();

    json_set_text(json, "Path", json_get_text(word, ""));
    for (word = word ? json_next(word) : NULL; word; word = json_next(word))
        json_append_text(args, json_get_text(word, ""));
    json_set(json, "Args", args);
}

struct json *describe_container(const struct container_find *found)
{
    const struct json *replica = found->replica;
    struct json *json = json_new_object();
    AUTO_FREE char *name = alloc_format("/%s", json_find_text(replica, "name", ""));
    char id[CONTAINER_FIND_ID_SIZE];

    container_find_id(found->project, replica, id);
    json_set_text(json, "Id", id);
    set_moment(json, "Created", json_find_int(replica, "created_ms", 0));
    json_set_text(json, "Name", name);
    set_command(replica, json);
    json_set_text(json, "Image", json_find_text(replica, "image_id", ""));
    json_set_int(json, "RestartCount", json_find_int(replica, "restarts", 0));
    json_set(json, "State", describe_state(replica));
    json_set(json, "Config", describe_config(replica));
    json_set(json, "NetworkSettings", describe_networks(replica));
    json_set_text(json, "Project", found->project);
    json_set_text(json, "Service", json_find_text(replica, "service", ""));
    return json;
}
