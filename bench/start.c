/* SPDX-License-Identifier: MIT */

/*
 * Start to exit of a container, by our runtime: prints microseconds, one line a run
 *
 *     start [-n] FOLDER COUNT [GAP_MS]
 *     start [-n] FOLDER at-once COUNT      microseconds for all, divided by COUNT
 *
 * FOLDER holds layer/ (with /true, proc, sys and dev), upper/ and work/. With -n each has a
 * network of its own on a bridge, made as the supervisor makes that of a replica.
 */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/network.h"
#include "runtime/capability.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"

#define SUBNET 0x0a590000 /* 10.89.0.0/16 */
#define PARENT "carte-bench"

static const struct network network = {
    .bridge = "cbench", .subnet = SUBNET, .prefix = 16, .gateway = SUBNET + 1
};
static bool with_network;

static int connect_namespace(const char *path, int number, struct error *err)
{
    struct network_endpoint endpoint = { .network = &network,
                                         .inner_link = "eth0",
                                         .address = SUBNET + 1 + (uint32_t)number,
                                         .default_route = true };

    snprintf(endpoint.host_link, sizeof(endpoint.host_link), "cb%d", number);
    if (network_make_namespace(path, err) < 0)
        return -1;
    return network_attach(path, &endpoint, err);
}

static int run(const struct container_spec *spec, struct error *err)
{
    struct container_process process;
    siginfo_t info;

    if (container_start(spec, &process, err) < 0)
        return -1;
    if (waitid(P_PIDFD, (id_t)process.pidfd, &info, WEXITED) < 0)
        return error_set(err, ERROR_SYSTEM, "wait");
    close(process.pidfd);
    if (container_destroy(spec->cgroup_parent, spec->id, err) < 0)
        return -1;
    return info.si_status == 0 ? 0 : error_set(err, ERROR_SYSTEM, "status %d", info.si_status);
}

/* The one with this number, over the folders of `folder`. */
static int once(const char *folder, int number, struct error *err)
{
    AUTO_FREE char *id = alloc_format("carte-bench-%d", number);
    AUTO_FREE char *upper = alloc_format("%s/upper", folder);
    AUTO_FREE char *work = alloc_format("%s/work", folder);
    AUTO_FREE char *netns = alloc_format("%s/netns", folder);
    struct container_spec spec = {
        .id = id,
        .cgroup_parent = PARENT,
        .hostname = "bench",
        .limits = { 500, 64 << 20, 64 },
        .upper = upper,
        .work = work,
        .program = { .capabilities = capability_default(),
                     .stdin_fd = -1,
                     .stdout_fd = -1,
                     .stderr_fd = -1 },
    };
    int result = 0;

    strings_take(&spec.lower, alloc_format("%s/layer", folder));
    strings_add(&spec.program.args, "/true");
    strings_add(&spec.program.env, "PATH=/");
    if (with_network) {
        spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how = CONTAINER_JOIN;
        spec.namespaces[CONTAINER_NAMESPACE_NETWORK].path = netns;
        result = connect_namespace(netns, number, err);
    }
    result = result == 0 ? run(&spec, err) : -1;
    if (result == 0 && with_network)
        result = network_remove_namespace(netns, err);
    strings_done(&spec.lower);
    strings_done(&spec.program.args);
    strings_done(&spec.program.env);
    return result;
}

static int in_turn(const char *folder, int count, int gap_ms, struct error *err)
{
    for (int i = 1; i <= count; i++) {
        int64_t began_ns = clock_now_ns();

        if (once(folder, i, err) < 0)
            return -1;
        printf("%lld\n", (long long)(clock_now_ns() - began_ns) / 1000);
        poll(NULL, 0, gap_ms);
    }
    return 0;
}

static int make_folders(const char *folder, int number, struct error *err)
{
    static const char *const parts[] = { "", "/upper", "/work" };
    AUTO_FREE char *link = alloc_format("%s/at-once-%d/layer", folder, number);
    AUTO_FREE char *layer = alloc_format("%s/layer", folder);

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        AUTO_FREE char *path = alloc_format("%s/at-once-%d%s", folder, number, parts[i]);

        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "make '%s'", path);
    }
    if (symlink(layer, link) < 0 && errno != EEXIST)
        return error_set_errno(err, errno, "make '%s'", link);
    return 0;
}

/* Each from a process of its own, as the floor does it, when the first has compiled the filter. */
static int at_once(const char *folder, int count, struct error *err)
{
    int64_t began_ns = 0;
    int status = 0;
    int failed = 0;

    for (int i = 1; i <= count; i++)
        if (make_folders(folder, i, err) < 0)
            return -1;
    if (once(folder, count + 1, err) < 0)
        return -1;
    began_ns = clock_now_ns();
    for (int i = 1; i <= count; i++) {
        if (fork() == 0) {
            AUTO_FREE char *own = alloc_format("%s/at-once-%d", folder, i);
            bool succeeded = once(own, i, err) == 0;

            if (!succeeded)
                fprintf(stderr, "%s\n", err->text);
            _exit(!succeeded);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    printf("%lld\n", (long long)(clock_now_ns() - began_ns) / 1000 / count);
    return failed == 0 ? 0 : error_set(err, ERROR_SYSTEM, "%d failed", failed);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    int result = 0;

    with_network = argc > 1 && strcmp(argv[1], "-n") == 0;
    argc -= with_network;
    argv += with_network;
    if (argc < 3)
        return 64;
    if (with_network)
        result = network_apply(&network, &err);
    if (result == 0 && argc > 3 && strcmp(argv[2], "at-once") == 0)
        result = at_once(argv[1], atoi(argv[3]), &err);
    else if (result == 0)
        result = in_turn(argv[1], atoi(argv[2]), argc > 3 ? atoi(argv[3]) : 0, &err);
    if (result < 0)
        fprintf(stderr, "%s\n", err.text);
    error_clear(&err);
    return container_destroy_parent(PARENT, &err) < 0 || result < 0;
}
