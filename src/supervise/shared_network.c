/* SPDX-License-Identifier: MIT */

/*
 * Networks that belong to no stack
 *
 * Records and bridges are changed with the lock of addrpool.h, leases with that of their folder.
 * A network is recorded before its bridge is made and forgotten after it is gone, so that whoever
 * is killed in between can try again.
 */

#include "supervise/shared_network.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/addrpool.h"
#include "supervise/shared_names.h"
#include "supervise/single.h"
#include "supervise/supervisor.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/lease.h"
#include "util/log.h"
#include "util/place.h"
#include "util/text.h"

#define LOCK_TIMEOUT_MS 10000
#define RECORD_MAX (1U << 20)
#define PREFIX_MIN 8 /* as in stack files */

void shared_network_free(struct shared_network *network)
{
    if (!network)
        return;
    free(network->name);
    strings_map_done(&network->labels);
    free(network);
}

static char *record_path(const char *name)
{
    return place_in_root("networks/%s.json", name);
}

static char *lease_folder(const char *name)
{
    return place_in_run("networks/%s/addresses", name);
}

static char *owner_of(const char *project)
{
    return place_in_run("stacks/%s", project);
}

/* As a stack's bridge, whose project has no '/' in its name. */
static void name_bridge(const char *name, char out[16])
{
    AUTO_FREE char *place = alloc_format("network/%s", name);
    char object[16];

    supervisor_object_name(place, object);
    snprintf(out, 16, "c%.8s-0", object + strlen("carte"));
}

/* Words that are kinds of networks where a network's name may stand. */
static int check_name(const char *name, struct error *err)
{
    static const char *const kinds[] = { "bridge", "host", "none", "default" };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(name, kinds[i]) == 0)
            return error_set(err, ERROR_INVALID,
                             "'%s' is a kind of network and cannot be the name of one", name);
    if (!isalnum((unsigned char)*name) || strlen(name) > 63 ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")])
        return error_set(err, ERROR_INVALID,
                         "'%s' cannot be the name of a network; write at most 63 letters, digits, "
                         "'_', '.' and '-', the first a letter or digit",
                         name);
    return 0;
}

/* ---- records ---- */

static int save(const struct shared_network *network, struct error *err)
{
    AUTO_FREE char *folder = place_in_root("networks");
    AUTO_FREE char *path = record_path(network->name);
    AUTO(json) struct json *json = json_new_object();
    AUTO_FREE char *text = NULL;
    struct json *labels = json_new_object();

    json_set_text(json, "name", network->name);
    json_set_int(json, "subnet", network->network.subnet);
    json_set_int(json, "prefix", network->network.prefix);
    json_set_int(json, "gateway", network->network.gateway);
    json_set_bool(json, "internal", network->network.internal);
    json_set_int(json, "created_ms", network->created_ms);
    for (size_t i = 0; i < network->labels.count; i++)
        json_set_text(labels, network->labels.pairs[i].key, network->labels.pairs[i].value);
    json_set(json, "labels", labels);
    text = json_print(json, true);
    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    return file_replace(AT_FDCWD, path, text, strlen(text), FILE_DURABLE(0600), err);
}

int shared_network_load(const char *name, struct shared_network **out, struct error *err)
{
    AUTO_FREE char *path = record_path(name);
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *json = NULL;
    struct shared_network *network = NULL;

    if (check_name(name, err) < 0)
        return -1;
    if (file_read(AT_FDCWD, path, RECORD_MAX, &text, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
        return error_set(err, ERROR_NOT_FOUND,
                         "there is no network '%s': make it with `carte network create %s`", name,
                         name);
    }
    json = json_parse(text.data, text.length, err);
    if (!json)
        return error_wrap(err, "%s", path);
    network = alloc_new(struct shared_network);
    network->name = alloc_text(name);
    name_bridge(name, network->network.bridge);
    network->network.subnet = (uint32_t)json_find_int(json, "subnet", 0);
    network->network.prefix = (uint8_t)json_find_int(json, "prefix", SHARED_NETWORK_PREFIX);
    network->network.gateway = (uint32_t)json_find_int(json, "gateway", 0);
    network->network.internal = json_find_bool(json, "internal", false);
    network->created_ms = json_find_int(json, "created_ms", 0);
    for (const struct json *label = json_first(json_find(json, "labels")); label;
         label = json_next(label))
        strings_map_set(&network->labels, json_key(label), json_get_text(label, ""));
    *out = network;
    return 0;
}

/* The names in a folder; one that is missing is empty. */
static int list_folder(const char *path, struct strings *names, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "open folder '%s'", path);
    return file_list(fd, names, err);
}

int shared_network_list(struct strings *names, struct error *err)
{
    static const char end[] = ".json";
    AUTO_FREE char *folder = place_in_root("networks");
    AUTO_STRINGS struct strings files = { 0 };

    if (list_folder(folder, &files, err) < 0)
        return -1;
    for (size_t i = 0; i < files.count; i++) {
        size_t length = strlen(files.items[i]);

        if (length >= sizeof(end) && strcmp(files.items[i] + length + 1 - sizeof(end), end) == 0)
            strings_take(names, alloc_text_part(files.items[i], length + 1 - sizeof(end)));
    }
    strings_sort(names);
    return 0;
}

void shared_network_apply_all(void)
{
    AUTO_STRINGS struct strings names = { 0 };
    struct error err = { 0 };

    if (shared_network_list(&names, &err) < 0)
        log_error("the networks cannot be listed", LOG_TEXT("why", err.text));
    for (size_t i = 0; i < names.count; i++) {
        AUTO(shared_network) struct shared_network *network = NULL;
        struct error why = { 0 };

        if (shared_network_load(names.items[i], &network, &why) < 0 ||
            network_apply(&network->network, &why) < 0)
            log_error("a network cannot be made", LOG_TEXT("network", names.items[i]),
                      LOG_TEXT("why", why.text));
    }
}

/* ---- making and removing ---- */

static int choose_addresses(const struct shared_network_wish *wish, struct network *network,
                            struct error *err)
{
    network->prefix = SHARED_NETWORK_PREFIX;
    if (!wish->subnet && wish->gateway)
        return error_set(err, ERROR_INVALID, "a gateway needs a subnet, as in 10.1.2.0/24");
    if (wish->subnet
            ? addrpool_parse_subnet(wish->subnet, &network->subnet, &network->prefix, err) < 0 ||
                  addrpool_check_subnet(network->subnet, network->prefix, err) < 0
            : addrpool_choose_subnet(network->prefix, &network->subnet, err) < 0)
        return -1;
    if (network->prefix < PREFIX_MIN)
        return error_set(err, ERROR_INVALID, "'%s' is too large; write /%d to /30", wish->subnet,
                         PREFIX_MIN);
    network->gateway = network->subnet + 1;
    if (!wish->gateway)
        return 0;
    return addrpool_parse_gateway(wish->gateway, network->subnet, network->prefix,
                                  &network->gateway, err);
}

static int create_locked(const struct shared_network_wish *wish, struct error *err)
{
    AUTO(shared_network) struct shared_network *network = alloc_new(struct shared_network);
    AUTO_FREE char *path = record_path(wish->name);

    if (file_exists(AT_FDCWD, path))
        return error_set(err, ERROR_EXISTS, "there is a network '%s' already", wish->name);
    /* What the kernel has tells which subnets are free. */
    shared_network_apply_all();
    network->name = alloc_text(wish->name);
    network->network.internal = wish->internal;
    network->created_ms = clock_wall_ms();
    name_bridge(wish->name, network->network.bridge);
    if (wish->labels)
        strings_map_copy(&network->labels, wish->labels);
    if (choose_addresses(wish, &network->network, err) < 0 || save(network, err) < 0)
        return -1;
    if (network_apply(&network->network, err) == 0)
        return 0;
    unlink(path);
    return -1;
}

int shared_network_create(const struct shared_network_wish *wish, struct error *err)
{
    AUTO_CLOSE int lock = -1;

    if (check_name(wish->name, err) < 0 || addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0)
        return -1;
    if (create_locked(wish, err) < 0)
        return error_wrap(err, "network '%s'", wish->name);
    return 0;
}

static int check_unused(const char *name, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };
    AUTO_TEXT struct text list = { 0 };
    bool is_stored = false;

    if (shared_network_find_users(name, &projects, err) < 0 ||
        single_find_on_network(name, &is_stored, err) < 0)
        return -1;
    /* After a reboot no supervisor holds a place for those that have not been started. */
    if (is_stored && !strings_has(&projects, SINGLE_PROJECT))
        strings_add(&projects, SINGLE_PROJECT);
    if (projects.count == 0)
        return 0;
    for (size_t i = 0; i < projects.count; i++)
        text_add_format(&list, "%s'%s'", i ? ", " : "", projects.items[i]);
    return error_set(err, ERROR_EXISTS,
                     "network '%s' is in use by %s %s: `carte network inspect %s` lists the "
                     "containers on it; remove them first",
                     name, projects.count == 1 ? "stack" : "stacks", text_get(&list), name);
}

int shared_network_remove(const char *name, struct error *err)
{
    AUTO(shared_network) struct shared_network *network = NULL;
    AUTO_FREE char *path = record_path(name);
    AUTO_FREE char *run = place_in_run("networks/%s", name);
    AUTO_FREE char *all = place_in_run("networks");
    AUTO_CLOSE int lock = -1;

    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0 ||
        shared_network_load(name, &network, err) < 0 || check_unused(name, err) < 0 ||
        network_remove(network->network.bridge, err) < 0 ||
        file_remove_tree(AT_FDCWD, run, err) < 0)
        return -1;
    rmdir(all);
    if (unlink(path) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "remove '%s'", path);
    return 0;
}

/* ---- who has which address ---- */

int shared_network_find_users(const char *name, struct strings *projects, struct error *err)
{
    AUTO_FREE char *folder = lease_folder(name);
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_CLOSE int fd = -1;
    char target[4096];

    if (!file_exists(AT_FDCWD, folder))
        return 0;
    if (lease_open(folder, &fd, err) < 0 || file_list(fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        ssize_t length = lease_is_held(fd, names.items[i])
                             ? readlinkat(fd, names.items[i], target, sizeof(target) - 1)
                             : -1;
        const char *project = NULL;

        if (length < 0)
            continue;
        target[length] = '\0';
        project = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
        if (!strings_has(projects, project))
            strings_add(projects, project);
    }
    strings_sort(projects);
    return 0;
}

int shared_network_take(const char *name, const char *project, uint32_t address, struct error *err)
{
    AUTO_FREE char *folder = lease_folder(name);
    AUTO_FREE char *owner = owner_of(project);
    AUTO_CLOSE int fd = -1;
    char text[16];

    addrpool_format_address(address, text);
    if (lease_open(folder, &fd, err) < 0)
        return -1;
    return lease_take(fd, text, owner, err);
}

void shared_network_release(const char *name, const char *project, uint32_t address)
{
    AUTO_FREE char *folder = lease_folder(name);
    AUTO_FREE char *owner = owner_of(project);
    AUTO_CLOSE int fd = -1;
    struct error err = { 0 };
    char text[16];

    addrpool_format_address(address, text);
    if (lease_open(folder, &fd, &err) < 0)
        log_warn("an address was not given back", LOG_TEXT("why", err.text));
    else
        lease_release(fd, text, owner);
}

static bool is_among(const uint32_t *addresses, size_t count, uint32_t address)
{
    for (size_t i = 0; i < count; i++)
        if (addresses[i] == address)
            return true;
    return false;
}

int shared_network_keep(const char *name, const char *project, const uint32_t *addresses,
                        size_t count, struct error *err)
{
    AUTO_FREE char *folder = lease_folder(name);
    AUTO_FREE char *owner = owner_of(project);
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_CLOSE int fd = -1;
    char bridge[16];

    if (!file_exists(AT_FDCWD, folder))
        return 0;
    name_bridge(name, bridge);
    if (lease_open(folder, &fd, err) < 0 || file_list(fd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        uint32_t address = 0;

        if (!lease_is_of(fd, names.items[i], owner))
            continue;
        if (addrpool_parse_address(names.items[i], &address, err) < 0)
            return -1;
        if (is_among(addresses, count, address))
            continue;
        if (network_remove_address(bridge, address, err) < 0)
            return -1;
        lease_release(fd, names.items[i], owner);
    }
    return 0;
}

int shared_network_leave(const char *name, const char *project, struct error *err)
{
    shared_names_remove(name, project);
    return shared_network_keep(name, project, NULL, 0, err);
}

int shared_network_each(int (*each)(void *context, const char *name, struct error *err),
                        void *context, struct error *err)
{
    AUTO_FREE char *folder = place_in_run("networks");
    AUTO_STRINGS struct strings names = { 0 };

    if (list_folder(folder, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++)
        if (each(context, names.items[i], err) < 0)
            return error_wrap(err, "network '%s'", names.items[i]);
    return 0;
}
