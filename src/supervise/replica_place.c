/* SPDX-License-Identifier: MIT */

/*
 * Starting and clearing away a replica: the effects
 */

#include "supervise/replica_place.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/container.h"
#include "supervise/console.h"
#include "supervise/crew.h"
#include "supervise/devices.h"
#include "supervise/id_range.h"
#include "supervise/networks.h"
#include "supervise/networks_address.h"
#include "supervise/plan.h"
#include "supervise/replica.h"
#include "supervise/replica_console.h"
#include "supervise/replica_host.h"
#include "supervise/single_step.h"
#include "supervise/volumes.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/place.h"

#define RESERVE_BYTES (UINT64_C(256) << 20) /* or a twentieth of the memory, if that is more */
#define LEFTOVER_TIMEOUT_MS 1000

static char *data_folder(const struct replica *replica)
{
    return alloc_format("%s/replicas/%s", replica->crew->data_folder, replica->record->id);
}

static char *files_folder(const struct replica *replica)
{
    return alloc_format("%s/files/%s", replica->crew->run_folder, replica->record->id);
}

static char *netns_path(const struct replica *replica)
{
    return alloc_format("%s/netns/%s", replica->crew->run_folder, replica->record->id);
}

char *replica_place_short_name(const struct replica *replica)
{
    return alloc_format("%s-%lld", replica->record->service, (long long)replica->record->index);
}

int replica_place_plan(const struct replica *replica, struct plan **out, struct error *err)
{
    AUTO_FREE char *hostname = replica_place_short_name(replica);
    AUTO_FREE char *netns = replica_host_netns(replica);
    AUTO_FREE char *data = data_folder(replica);
    AUTO_FREE char *files = files_folder(replica);
    AUTO_FREE char *volumes = place_in_root("volumes");
    struct plan_input input = {
        .stack = replica->revision->stack,
        .service = replica->service,
        .image = replica->image,
        .id = replica->record->id,
        .cgroup_parent = replica->crew->object_name,
        .hostname = hostname,
        .netns_path = netns,
        .data_folder = data,
        .files_folder = files,
        .volumes_folder = volumes,
    };

    return plan_make(&input, out, err);
}

static int write_file(const char *folder, const char *name, const struct text *text,
                      struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);

    return file_replace(AT_FDCWD, path, text_get(text), text->length, FILE_VOLATILE(0644), err);
}

/* /etc/hosts, /etc/resolv.conf and /etc/hostname of the replica. */
static int write_files(const struct replica *replica, const char *hostname, struct error *err)
{
    AUTO_FREE char *folder = files_folder(replica);
    AUTO_TEXT struct text hosts = { 0 };
    AUTO_TEXT struct text resolver = { 0 };
    AUTO_TEXT struct text name = { 0 };
    const struct replica *host = replica_host_get(replica);
    const struct crew_network *network = networks_find_first(replica->crew, host);

    netplan_format_hosts(replica->service, host->record, hostname,
                         network ? network->network.gateway : 0, &hosts);
    netplan_format_resolver(replica->service, network ? networks_address_resolver(network) : 0,
                            &resolver);
    text_add_format(&name, "%s\n", hostname);
    if (file_make_folders(folder, 0755, err) < 0 || write_file(folder, "hosts", &hosts, err) < 0 ||
        write_file(folder, "resolv.conf", &resolver, err) < 0)
        return -1;
    return write_file(folder, "hostname", &name, err);
}

static int make_layers(const struct plan *plan, struct error *err)
{
    if (file_make_folders(plan->spec.upper, 0755, err) < 0)
        return -1;
    return file_make_folders(plan->spec.work, 0700, err);
}

static int prepare(struct replica *replica, const struct plan *plan, struct error *err)
{
    if (make_layers(plan, err) < 0 || networks_connect(replica->crew, replica, err) < 0 ||
        write_files(replica, plan->spec.hostname, err) < 0 ||
        volumes_prepare(plan, replica->image, replica->crew->run_folder, err) < 0)
        return -1;
    replica->is_prepared = true;
    return 0;
}

static char *console_path(const struct replica *replica)
{
    return alloc_format("%s/consoles/%s.sock", replica->crew->run_folder, replica->record->id);
}

/* What the console cannot be started for must not run without it. */
static int run_console(struct replica *replica, struct console *console,
                       struct container_process *process, struct error *err)
{
    int master = process->terminal_fd;
    int pidfd = -1;

    process->terminal_fd = -1;
    if (console_run(console, master, &pidfd, err) == 0) {
        replica_console_watch(replica, pidfd);
        return 0;
    }
    cleanup_close(&process->pidfd);
    replica_place_clear(replica);
    return -1;
}

/* With an open input or a terminal a console stands between the container and its log. */
static int start_with_console(struct replica *replica, struct plan *plan,
                              struct container_process *out, struct error *err)
{
    AUTO_CONSOLE struct console console = CONSOLE_NONE;
    AUTO_FREE char *path = console_path(replica);

    console.has_input = replica->service->stdin_open;
    console.waits = replica->is_awaited;
    replica->is_awaited = false;
    if (console_open(path, replica->service->tty, &console, err) < 0 ||
        logs_open_writer(replica->logs, LOGS_STDOUT, &console.logs[0], err) < 0 ||
        logs_open_writer(replica->logs, LOGS_STDERR, &console.logs[1], err) < 0)
        return -1;
    plan->spec.program.stdin_fd = console.given[STDIN_FILENO];
    plan->spec.program.stdout_fd = console.given[STDOUT_FILENO];
    plan->spec.program.stderr_fd = console.given[STDERR_FILENO];
    if (container_start(&plan->spec, out, err) < 0)
        return -1;
    return run_console(replica, &console, out, err);
}

static int start_with_log(struct replica *replica, struct plan *plan, struct container_process *out,
                          struct error *err)
{
    AUTO_CLOSE int out_fd = -1;
    AUTO_CLOSE int err_fd = -1;

    if (logs_open_writer(replica->logs, LOGS_STDOUT, &out_fd, err) < 0 ||
        logs_open_writer(replica->logs, LOGS_STDERR, &err_fd, err) < 0)
        return -1;
    plan->spec.program.stdout_fd = out_fd;
    plan->spec.program.stderr_fd = err_fd;
    return container_start(&plan->spec, out, err);
}

int replica_place_open_logs(struct replica *replica, struct error *err)
{
    AUTO_FREE char *name = replica_place_short_name(replica);
    const struct crew *crew = replica->crew;

    for (size_t i = 0; i < crew->replica_count && !replica->logs; i++) {
        const struct replica *other = crew->replicas[i];

        if (other->logs && other->record->index == replica->record->index &&
            text_equal(other->record->service, replica->record->service))
            replica->logs = logs_share(other->logs);
    }
    return replica->logs ? 0
                         : logs_open(crew->base, crew->project, name, NULL, &replica->logs, err);
}

/* They stay the same as long as the writable layer, whose files belong to them. */
static int choose_ids(const struct replica *replica, struct plan *plan, struct error *err)
{
    AUTO_FREE char *data = data_folder(replica);
    uint32_t first = 0;

    if (replica->service->user_namespace != SERVICE_USER_NAMESPACE_AUTO)
        return 0;
    if (id_range_take(data, &first, err) < 0)
        return -1;
    plan_set_ids(plan, first, ID_RANGE_SIZE);
    return 0;
}

/* What all containers together may use: the machine needs some for itself. */
static void limit_stack(struct crew *crew)
{
    const uint64_t memory_bytes = crew->host.memory_bytes;
    const uint64_t reserve_bytes = MAX(memory_bytes / 20, RESERVE_BYTES);
    struct error err = { 0 };

    if (crew->is_limited || memory_bytes < 2 * reserve_bytes)
        return;
    crew->is_limited = true;
    if (container_update(NULL, crew->object_name,
                         &(struct container_limits){ .memory_bytes = memory_bytes - reserve_bytes },
                         &err) < 0)
        log_warn("the stack has no limit of memory", LOG_TEXT("why", err.text));
}

/* All that comes before the program itself. */
static int plan_and_prepare(struct replica *replica, struct plan **out, struct error *err)
{
    AUTO(plan) struct plan *plan = NULL;

    if (!replica->image)
        return error_set(err, ERROR_NOT_FOUND, "the image '%s' is gone: build it again",
                         replica->record->image);
    if (replica_host_take(replica, err) < 0 || replica_place_plan(replica, &plan, err) < 0 ||
        (!replica->is_prepared && prepare(replica, plan, err) < 0) ||
        choose_ids(replica, plan, err) < 0 || devices_add(replica->service, plan, err) < 0 ||
        replica_place_open_logs(replica, err) < 0)
        return -1;
    *out = STEAL_PTR(plan);
    return 0;
}

int replica_place_start(struct replica *replica, struct container_process *out, struct error *err)
{
    AUTO(plan) struct plan *plan = NULL;
    int result = 0;

    if (plan_and_prepare(replica, &plan, err) < 0) {
        if (err->code == ERROR_NOT_FOUND || err->code == ERROR_DENIED)
            err->code = ERROR_SYSTEM; /* it is not the program that is missing */
        return -1;
    }
    if (replica->service->tty || replica->service->stdin_open || replica->is_awaited)
        result = start_with_console(replica, plan, out, err);
    else
        result = start_with_log(replica, plan, out, err);
    if (result == 0)
        limit_stack(replica->crew);
    return result;
}

void replica_place_clear(struct replica *replica)
{
    const char *parent = replica->crew->object_name;
    struct error err = { 0 };

    if (container_kill_all(parent, replica->record->id, LEFTOVER_TIMEOUT_MS, &err) < 0 ||
        container_destroy(parent, replica->record->id, &err) < 0)
        log_warn("a container was not cleared away", LOG_TEXT("replica", replica->record->name),
                 LOG_TEXT("why", err.text));
    if (replica->logs)
        logs_collect(replica->logs, true);
}

/* Later calls see the same leftovers again: a failure here is a debt, not an end. */
static void note_failure(const struct replica *replica, int result, struct error *err)
{
    if (result == 0)
        return;
    log_warn("something of a replica was left behind", LOG_TEXT("replica", replica->record->name),
             LOG_TEXT("why", err->text));
    error_clear(err);
}

/* The log of a service outlives its replicas; that of a single container goes with it. */
static bool takes_log_along(const struct replica *replica)
{
    const struct crew_service *service = crew_find_service(replica->crew, replica->record->service);

    return single_step_is_for(replica->crew) &&
           (replica->crew->ending || !service || service->removed);
}

void replica_place_destroy(struct replica *replica)
{
    AUTO_FREE char *data = data_folder(replica);
    AUTO_FREE char *files = files_folder(replica);
    AUTO_FREE char *netns = netns_path(replica);
    AUTO_FREE char *console = console_path(replica);
    AUTO_FREE char *log = replica_place_short_name(replica);
    struct error err = { 0 };

    replica_place_clear(replica);
    unlink(console);
    note_failure(replica, network_remove_namespace(netns, &err), &err);
    note_failure(replica, file_remove_tree(AT_FDCWD, data, &err), &err);
    note_failure(replica, file_remove_tree(AT_FDCWD, files, &err), &err);
    note_failure(replica, id_range_sweep(&err), &err);
    if (replica->logs)
        logs_remove(replica->logs);
    replica->logs = NULL;
    if (takes_log_along(replica))
        logs_forget(replica->crew->project, log);
}

void replica_place_forget(const struct replica *replica)
{
    AUTO_FREE char *records = alloc_format("%s/replicas", replica->crew->run_folder);

    state_remove_replica(records, replica->record);
}
