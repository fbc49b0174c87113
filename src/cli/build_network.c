/* SPDX-License-Identifier: MIT */

/*
 * The network of a RUN step
 *
 * The lock of RUN itself covers the moment between the making of a folder and its locking,
 * when a sweep would take it for abandoned.
 */

#include "cli/build_network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/build_files.h"
#include "net/addrpool.h"
#include "net/netlink.h"
#include "net/network.h"
#include "net/rules.h"
#include "runtime/process.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/place.h"
#include "util/text.h"

#define FOLDER_PREFIX "build-"
#define LOCK_TIMEOUT_MS 10000
#define PREFIX 29 /* the bridge, the step, and what a subnet cannot give away */

struct build_network {
    char *name, *folder; /* "build-12-345", and where it lies */
    int lock;            /* of the folder; -1: none */
    char table[32];
    struct network network; /* its links all begin with the bridge's name */
    uint32_t address;       /* of the step; 0: it is in the host's network */
    char *netns;            /* made before anything in the kernel */
    bool has_rules;         /* the packet rules stand: there may be more */
    struct build_files files;
    struct container_mount *mounts; /* the files, then those of the step */
};

/* '-' and 'b' keep the names apart from those of stacks, which have a hash behind the "c". */
static struct build_network *new_network(const char *name)
{
    struct build_network *network = alloc_new(struct build_network);
    AUTO_FREE char *run = realpath(place_run(), NULL);
    AUTO_FREE char *full = alloc_format("%s/%s", run ? run : place_run(), name);
    char hex[HASH_SHA256_HEX_SIZE];

    hash_sha256_hex_of(full, strlen(full), hex);
    network->lock = -1;
    network->name = alloc_text(name);
    network->folder = place_in_run("%s", name);
    (void)snprintf(network->table, sizeof(network->table), "cartebuild%.8s", hex);
    (void)snprintf(network->network.bridge, sizeof(network->network.bridge), "cb-%.8s", hex);
    network->netns = alloc_format("%s/netns", network->folder);
    build_files_init(&network->files, network->folder);
    return network;
}

static void free_network(struct build_network *network)
{
    cleanup_close(&network->lock);
    free(network->name);
    free(network->folder);
    free(network->netns);
    build_files_done(&network->files);
    free(network->mounts);
    free(network);
}

static int open_run(struct error *err)
{
    AUTO_CLOSE int fd = open(place_run(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", place_run());
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock '%s'", place_run());
    return STEAL_FD(fd);
}

/* Hold the folder `name` of `run` if no living process does; -1: one does. */
static int hold(int run, const char *name)
{
    AUTO_CLOSE int fd = openat(run, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? STEAL_FD(fd) : -1;
}

static int make_folder(struct build_network *network, struct error *err)
{
    AUTO_CLOSE int run = -1;

    if (file_make_folders(place_run(), 0755, err) < 0)
        return -1;
    run = open_run(err);
    if (run < 0)
        return -1;
    if (mkdirat(run, network->name, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", network->folder);
    network->lock = hold(run, network->name);
    if (network->lock < 0)
        return error_set_errno(err, errno, "lock folder '%s'", network->folder);
    return 0;
}

/* The rules come first: where they cannot be had, nothing else has been touched. */
static int make_bridge(struct build_network *network, struct error *err)
{
    struct network *bridge = &network->network;
    AUTO_FREE char *settings = place_in_run("host-settings");
    struct rules rules = { .table = network->table, .networks = bridge, .network_count = 1 };
    AUTO_CLOSE int lock = -1;

    bridge->prefix = PREFIX;
    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0 ||
        addrpool_choose_subnet(PREFIX, &bridge->subnet, err) < 0)
        return -1;
    bridge->gateway = bridge->subnet + 1;
    network->address = bridge->subnet + 2;
    if (rules_apply(&rules, err) < 0)
        return -1;
    network->has_rules = true;
    if (network_prepare_host(settings, err) < 0)
        return -1;
    return network_apply(bridge, err);
}

static int make_namespace(struct build_network *network, struct error *err)
{
    struct network_endpoint endpoint = {
        .network = &network->network,
        .inner_link = "eth0",
        .address = network->address,
        .default_route = true,
    };

    (void)snprintf(endpoint.host_link, sizeof(endpoint.host_link), "%.14sv",
                   network->network.bridge);
    if (network_make_namespace(network->netns, err) < 0)
        return -1;
    return network_attach(network->netns, &endpoint, err);
}

/* The file tells a sweep that there may be more than the folder. */
static int make_own(struct build_network *network, struct error *err)
{
    if (file_replace(AT_FDCWD, network->netns, "", 0, FILE_VOLATILE(0600), err) < 0 ||
        make_bridge(network, err) < 0)
        return -1;
    return make_namespace(network, err);
}

static int furnish(struct build_network *network, enum container_namespace_how kind,
                   struct error *err)
{
    if (make_folder(network, err) < 0)
        return -1;
    if (kind == CONTAINER_JOIN && make_own(network, err) < 0)
        return -1;
    return build_files_write(&network->files, network->address, err);
}

int build_network_make(enum container_namespace_how kind, struct build_network **out,
                       struct error *err)
{
    AUTO_FREE char *name = NULL;
    struct build_network *network;
    struct error cause = { 0 };
    struct error ignored = { 0 };
    uint64_t start_time = 0;

    if (process_read_start_time(getpid(), &start_time, err) < 0)
        return -1;
    name = alloc_format(FOLDER_PREFIX "%d-%llu", (int)getpid(), (unsigned long long)start_time);
    network = new_network(name);
    if (furnish(network, kind, &cause) == 0) {
        *out = network;
        return 0;
    }
    if (build_network_remove(network, &ignored) < 0)
        error_clear(&ignored); /* left to the next sweep */
    if (kind != CONTAINER_JOIN)
        return error_set(err, cause.code, "%s", cause.text);
    return error_set(err, cause.code,
                     "make the network of the step: %.800s; --network=none does without one, "
                     "--network=host uses the host's",
                     cause.text);
}

void build_network_describe(struct build_network *network, struct container_spec *spec)
{
    if (network->address != 0) {
        spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_JOIN;
        spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path = network->netns;
    }
    network->mounts = alloc_array(struct container_mount, BUILD_FILES_COUNT + spec->mount_count);
    for (size_t i = 0; i < BUILD_FILES_COUNT; i++)
        network->mounts[i] = network->files.mounts[i];
    for (size_t i = 0; i < spec->mount_count; i++)
        network->mounts[BUILD_FILES_COUNT + i] = spec->mounts[i];
    spec->mounts = network->mounts;
    spec->mount_count += BUILD_FILES_COUNT;
}

bool build_network_lacks_names(const struct build_network *network)
{
    return network->files.lacks_names;
}

/* Has this run folder a stack, which needs the host's settings as they are? */
static bool has_stacks(void)
{
    AUTO_FREE char *path = place_in_run("stacks");
    DIR *folder = opendir(path);
    bool found = false;

    if (!folder)
        return false;
    for (const struct dirent *e = readdir(folder); e && !found; e = readdir(folder))
        found = e->d_name[0] != '.';
    closedir(folder);
    return found;
}

/* Called with the folder held. The namespace's file says that there is work until all is done. */
static int clear(const struct build_network *network, struct error *err)
{
    AUTO_FREE char *settings = place_in_run("host-settings");
    AUTO_CLOSE int lock = -1;

    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, err) < 0 ||
        network_sweep_links(network->network.bridge, err) < 0 ||
        rules_remove(network->table, err) < 0)
        return -1;
    if (!has_stacks() && network_restore_host(settings, err) < 0)
        return -1;
    return network_remove_namespace(network->netns, err);
}

int build_network_remove(struct build_network *network, struct error *err)
{
    struct error ignored = { 0 };
    int result = 0;

    if (network->has_rules) {
        if (network_forget_flows(&(struct netlink_subnet){ network->address, 32 }, 1, &ignored) < 0)
            error_clear(&ignored); /* they end by themselves */
        result = clear(network, err);
    }
    if (result == 0 && network->lock >= 0)
        result = file_remove_tree(AT_FDCWD, network->folder, err);
    free_network(network);
    return result == 0 ? 0 : error_wrap(err, "remove the network of the step");
}

/* `run` is locked, so that no folder is new and not held yet. */
static int sweep(int run, const char *name, struct error *err)
{
    struct build_network *network = new_network(name);
    int result = 0;

    network->lock = hold(run, name);
    if (network->lock >= 0 && file_exists(AT_FDCWD, network->netns))
        result = clear(network, err);
    if (network->lock >= 0 && result == 0)
        result = file_remove_tree(run, name, err);
    free_network(network);
    return result == 0 ? 0 : error_wrap(err, "remove the network of a killed build");
}

int build_network_sweep(struct error *err)
{
    DIR *folder = opendir(place_run());
    AUTO_CLOSE int run = -1;
    int result = 0;

    if (!folder)
        return 0;
    for (const struct dirent *e = readdir(folder); e && result == 0; e = readdir(folder)) {
        if (!text_starts_with(e->d_name, FOLDER_PREFIX))
            continue;
        if (run < 0)
            run = open_run(err);
        result = run < 0 ? -1 : sweep(run, e->d_name, err);
    }
    closedir(folder);
    return result;
}
