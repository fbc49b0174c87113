/* SPDX-License-Identifier: MIT */

/*
 * What a supervisor must know about its replicas after its own death
 */

#include "supervise/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#define RECORD_LIMIT (1024 * 1024)

static const char *const exit_names[STATE_EXIT_COUNT] = {
    [STATE_EXIT_NONE] = "none",           [STATE_EXIT_CODE] = "code",
    [STATE_EXIT_SIGNAL] = "signal",       [STATE_EXIT_OOM] = "oom",
    [STATE_EXIT_UNKNOWN] = "unknown",     [STATE_EXIT_START] = "start",
    [STATE_EXIT_UNHEALTHY] = "unhealthy",
};

const char *state_exit_name(enum state_exit exit)
{
    return exit_names[exit];
}

/* The index of `name`, or `fallback`. */
static size_t find_name(const char *const *names, size_t count, const char *name, size_t fallback)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(names[i], name))
            return i;
    return fallback;
}

void state_replica_free(struct state_replica *replica)
{
    if (!replica)
        return;
    free(replica->name);
    free(replica->id);
    free(replica->service);
    free(replica->digest);
    free(replica->image);
    free(replica->exit_text);
    free(replica->host);
    for (size_t i = 0; i < replica->endpoint_count; i++)
        free(replica->endpoints[i].network);
    free(replica);
}

static struct json *format_endpoints(const struct state_replica *replica)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < replica->endpoint_count; i++) {
        const struct state_endpoint *endpoint = &replica->endpoints[i];
        struct json *object = json_new_object();

        json_set_text(object, "network", endpoint->network);
        json_set_int(object, "address", endpoint->address);
        json_set_text(object, "host_link", endpoint->host_link);
        json_set_text(object, "inner_link", endpoint->inner_link);
        json_append(array, object);
    }
    return array;
}

struct json *state_format_replica(const struct state_replica *replica)
{
    struct json *json = json_new_object();

    json_set_text(json, "name", replica->name);
    json_set_text(json, "id", replica->id);
    json_set_text(json, "service", replica->service);
    json_set_int(json, "index", replica->index);
    json_set_int(json, "serial", (int64_t)replica->serial);
    json_set_int(json, "revision", (int64_t)replica->revision);
    json_set_text(json, "digest", replica->digest);
    json_set_text(json, "image", replica->image);
    json_set_text(json, "state", replica_rules_state_name(replica->state));
    json_set_bool(json, "leaving", replica->leaving);
    json_set_bool(json, "paused", replica->paused);
    json_set_int(json, "pause_holder", replica->pause_holder);
    json_set_int(json, "pause_holder_start_time", (int64_t)replica->pause_holder_start_time);
    json_set_bool(json, "healthy", replica->healthy);
    json_set_int(json, "pid", replica->pid);
    json_set_int(json, "start_time", (int64_t)replica->start_time);
    json_set_int(json, "restarts", replica->restarts);
    json_set_int(json, "created_ms", replica->created_ms);
    json_set_int(json, "started_ms", replica->started_ms);
    json_set_int(json, "ended_ms", replica->ended_ms);
    json_set_text(json, "exit", state_exit_name(replica->exit));
    json_set_int(json, "exit_code", replica->exit_code);
    json_set_text(json, "exit_text", replica->exit_text);
    json_set_text(json, "host", replica->host);
    json_set(json, "endpoints", format_endpoints(replica));
    return json;
}

static void parse_endpoints(const struct json *array, struct state_replica *replica)
{
    for (const struct json *item = json_first(array);
         item && replica->endpoint_count < STATE_ENDPOINTS_MAX; item = json_next(item)) {
        struct state_endpoint *endpoint = &replica->endpoints[replica->endpoint_count++];

        endpoint->network = alloc_text(json_find_text(item, "network", ""));
        endpoint->address = (uint32_t)json_find_int(item, "address", 0);
        snprintf(endpoint->host_link, sizeof(endpoint->host_link), "%s",
                 json_find_text(item, "host_link", ""));
        snprintf(endpoint->inner_link, sizeof(endpoint->inner_link), "%s",
                 json_find_text(item, "inner_link", ""));
    }
}

int state_parse_replica(const struct json *json, struct state_replica **out, struct error *err)
{
    struct state_replica *replica = NULL;

    if (!json_find_text(json, "name", NULL) || !json_find_text(json, "id", NULL) ||
        !json_find_text(json, "service", NULL))
        return error_set(err, ERROR_INVALID, "not the record of a replica");
    replica = alloc_new(struct state_replica);
    replica->name = alloc_text(json_find_text(json, "name", NULL));
    replica->id = alloc_text(json_find_text(json, "id", NULL));
    replica->service = alloc_text(json_find_text(json, "service", NULL));
    replica->index = json_find_int(json, "index", 1);
    replica->serial = (uint64_t)json_find_int(json, "serial", 0);
    replica->revision = (uint64_t)json_find_int(json, "revision", 0);
    replica->digest = alloc_text(json_find_text(json, "digest", ""));
    replica->image = alloc_text(json_find_text(json, "image", ""));
    if (!replica_rules_find_state(json_find_text(json, "state", ""), &replica->state))
        replica->state = REPLICA_STARTING;
    replica->leaving = json_find_bool(json, "leaving", false);
    replica->paused = json_find_bool(json, "paused", false);
    replica->pause_holder = (pid_t)json_find_int(json, "pause_holder", 0);
    replica->pause_holder_start_time = (uint64_t)json_find_int(json, "pause_holder_start_time", 0);
    replica->healthy = json_find_bool(json, "healthy", false);
    replica->pid = (pid_t)json_find_int(json, "pid", 0);
    replica->start_time = (uint64_t)json_find_int(json, "start_time", 0);
    replica->restarts = json_find_int(json, "restarts", 0);
    replica->created_ms = json_find_int(json, "created_ms", 0);
    replica->started_ms = json_find_int(json, "started_ms", 0);
    replica->ended_ms = json_find_int(json, "ended_ms", 0);
    replica->exit = (enum state_exit)find_name(exit_names, STATE_EXIT_COUNT,
                                               json_find_text(json, "exit", ""), STATE_EXIT_NONE);
    replica->exit_code = (int)json_find_int(json, "exit_code", 0);
    replica->exit_text = alloc_text(json_find_text(json, "exit_text", NULL));
    replica->host = alloc_text(json_find_text(json, "host", NULL));
    parse_endpoints(json_find(json, "endpoints"), replica);
    *out = replica;
    return 0;
}

int state_save_json(const char *path, struct json *json, struct error *err)
{
    AUTO_FREE char *text = NULL;

    json_set_text(json, "boot", clock_boot_id());
    text = json_print(json, false);
    return file_replace(AT_FDCWD, path, text, strlen(text), FILE_VOLATILE(0600), err);
}

/* What cannot be read is as good as absent: the kernel's objects are swept and made again. */
int state_load_json(const char *path, struct json **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *json = NULL;

    *out = NULL;
    if (file_read(AT_FDCWD, path, RECORD_LIMIT, &text, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return 0;
    }
    json = json_parse(text_get(&text), text.length, err);
    if (!json || !text_equal(json_find_text(json, "boot", NULL), clock_boot_id()))
        error_clear(err);
    else
        *out = STEAL_PTR(json);
    return 0;
}

int state_save_replica(const char *folder, const struct state_replica *replica, struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/%s.json", folder, replica->id);
    AUTO(json) struct json *json = state_format_replica(replica);

    if (state_save_json(path, json, err) < 0)
        return error_wrap(err, "record replica '%s'", replica->name);
    return 0;
}

void state_remove_replica(const char *folder, const struct state_replica *replica)
{
    AUTO_FREE char *path = alloc_format("%s/%s.json", folder, replica->id);

    unlink(path);
}

static struct state_replica *load_replica(const char *path)
{
    struct error err = { 0 };
    AUTO(json) struct json *json = NULL;
    struct state_replica *replica = NULL;

    if (state_load_json(path, &json, &err) < 0 || !json ||
        state_parse_replica(json, &replica, &err) < 0) {
        unlink(path);
        return NULL;
    }
    return replica;
}

/* In the order in which people list them, whatever the folder's is. */
static int compare(const void *a, const void *b)
{
    const struct state_replica *const *first = a;
    const struct state_replica *const *second = b;
    int order = strcmp((*first)->service, (*second)->service);

    if (order == 0)
        order = ((*first)->index > (*second)->index) - ((*first)->index < (*second)->index);
    /* The replaced before the one that replaces it. */
    if (order == 0)
        order = ((*first)->serial > (*second)->serial) - ((*first)->serial < (*second)->serial);
    return order;
}

int state_load_replicas(const char *folder, struct state_replica ***out, size_t *count_out,
                        struct error *err)
{
    struct state_replica **replicas = NULL;
    size_t count = 0;
    DIR *stream = opendir(folder);

    if (!stream)
        return error_set_errno(err, errno, "open folder %s", folder);
    for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream)) {
        AUTO_FREE char *path = alloc_format("%s/%s", folder, entry->d_name);
        struct state_replica *replica = NULL;

        if (!text_ends_with(entry->d_name, ".json"))
            continue;
        replica = load_replica(path);
        if (replica)
            *ALLOC_APPEND(replicas, count) = replica;
    }
    closedir(stream);
    if (count)
        qsort(replicas, count, sizeof(struct state_replica *), compare);
    *out = replicas;
    *count_out = count;
    return 0;
}
