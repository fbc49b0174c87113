/* SPDX-License-Identifier: MIT */

/*
 * Removing what a stack left behind
 */

#include "supervise/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addrpool.h"
#include "net/network.h"
#include "net/rules.h"
#include "runtime/container.h"
#include "supervise/id_range.h"
#include "supervise/shared_network.h"
#include "supervise/supervisor.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/place.h"
#include "util/text.h"

#define KILL_TIMEOUT_MS 1000
#define LOCK_TIMEOUT_MS 10000

/* Call `each` with the name of every entry of the folder; one that is missing is empty. */
static void each_entry(const char *folder, void (*each)(void *context, const char *name),
                       void *context)
{
    DIR *stream = opendir(folder);

    if (!stream)
        return;
    for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(context, entry->d_name);
    closedir(stream);
}

/* The first failure is kept for the end, and the sweep goes on. */
static void keep_first(struct error *first, struct error *err)
{
    if (err->code && !first->code)
        *first = *err;
    error_clear(err);
}

struct sweep {
    const char *project;
    char object_name[16];
    char *run_folder, *netns_folder, *replicas_folder;
    struct state_replica *const *records;
    size_t record_count;
    struct error first;
};

static void sweep_init(struct sweep *sweep, const char *project)
{
    *sweep = (struct sweep){ .project = project };
    supervisor_object_name(project, sweep->object_name);
    sweep->run_folder = place_in_run("stacks/%s", project);
    sweep->netns_folder = place_in_run("stacks/%s/netns", project);
    sweep->replicas_folder = place_in_root("stacks/%s/replicas", project);
}

static void sweep_done(struct sweep *sweep)
{
    free(sweep->run_folder);
    free(sweep->netns_folder);
    free(sweep->replicas_folder);
}

static void remove_namespace(void *context, const char *name)
{
    struct sweep *sweep = context;
    AUTO_FREE char *path = alloc_format("%s/%s", sweep->netns_folder, name);
    struct error err = { 0 };

    if (network_remove_namespace(path, &err) < 0)
        keep_first(&sweep->first, &err);
}

static void note_stack(void *context, const char *name)
{
    bool *found = context;

    (void)name;
    *found = true;
}

/* The host's settings go back with the last stack of this run folder. */
static void restore_host(struct sweep *sweep)
{
    AUTO_FREE char *stacks = place_in_run("stacks");
    AUTO_FREE char *settings = place_in_run("host-settings");
    AUTO_CLOSE int lock = -1;
    struct error err = { 0 };
    bool others = false;

    if (addrpool_lock(LOCK_TIMEOUT_MS, &lock, &err) < 0) {
        keep_first(&sweep->first, &err);
        return;
    }
    each_entry(stacks, note_stack, &others);
    if (!others && network_restore_host(settings, &err) < 0)
        keep_first(&sweep->first, &err);
}

static int leave_network(void *context, const char *name, struct error *err)
{
    const struct sweep *sweep = context;

    return shared_network_leave(name, sweep->project, err);
}

static void sweep_network(struct sweep *sweep)
{
    AUTO_FREE char *links = alloc_format("c%s", sweep->object_name + strlen("carte"));
    struct error err = { 0 };

    each_entry(sweep->netns_folder, remove_namespace, sweep);
    if (rules_remove(sweep->object_name, &err) < 0)
        keep_first(&sweep->first, &err);
    if (network_sweep_links(links, &err) < 0)
        keep_first(&sweep->first, &err);
    if (shared_network_each(leave_network, sweep, &err) < 0)
        keep_first(&sweep->first, &err);
}

/*
 * The folder goes at once, and last: a supervisor that is killed before finds its records and
 * goes on, one that is started afterwards finds none and knows that all is done.
 */
static void remove_run_folder(struct sweep *sweep)
{
    AUTO_FREE char *gone = place_in_run("gone-%s", sweep->project);
    struct error err = { 0 };

    if (sweep->first.code)
        return;
    if (file_remove_tree(AT_FDCWD, gone, &err) < 0)
        keep_first(&sweep->first, &err);
    else if (rename(sweep->run_folder, gone) < 0 && errno != ENOENT)
        error_set_errno(&sweep->first, errno, "rename %s", sweep->run_folder);
    else if (file_remove_tree(AT_FDCWD, gone, &err) < 0)
        keep_first(&sweep->first, &err);
}

int sweep_stack(const char *project, struct error *err)
{
    struct sweep sweep;
    struct error failure = { 0 };

    sweep_init(&sweep, project);
    if (container_destroy_parent(sweep.object_name, &failure) < 0)
        keep_first(&sweep.first, &failure);
    sweep_network(&sweep);
    if (file_remove_tree(AT_FDCWD, sweep.replicas_folder, &failure) < 0)
        keep_first(&sweep.first, &failure);
    if (id_range_sweep(&failure) < 0)
        keep_first(&sweep.first, &failure);
    remove_run_folder(&sweep);
    restore_host(&sweep);
    sweep_done(&sweep);
    if (!sweep.first.code)
        return 0;
    *err = sweep.first;
    return error_wrap(err, "clear stack '%s' away", project);
}

static bool is_known(const struct sweep *sweep, const char *id)
{
    for (size_t i = 0; i < sweep->record_count; i++)
        if (text_equal(sweep->records[i]->id, id))
            return true;
    return false;
}

/* The folder is made before anything else of a replica, and goes after all else. */
static void remove_unknown(void *context, const char *name)
{
    struct sweep *sweep = context;
    AUTO_FREE char *data = alloc_format("%s/%s", sweep->replicas_folder, name);
    AUTO_FREE char *files = alloc_format("%s/files/%s", sweep->run_folder, name);
    struct error err = { 0 };

    if (is_known(sweep, name))
        return;
    log_info("leftovers of a replica are removed", LOG_TEXT("id", name));
    if (container_kill_all(sweep->object_name, name, KILL_TIMEOUT_MS, &err) < 0 ||
        container_destroy(sweep->object_name, name, &err) < 0)
        keep_first(&sweep->first, &err);
    remove_namespace(sweep, name);
    if (file_remove_tree(AT_FDCWD, files, &err) < 0)
        keep_first(&sweep->first, &err);
    if (file_remove_tree(AT_FDCWD, data, &err) < 0)
        keep_first(&sweep->first, &err);
}

static void remove_unknown_namespace(void *context, const char *name)
{
    if (!is_known(context, name))
        remove_namespace(context, name);
}

void sweep_unknown(const char *project, struct state_replica *const *records, size_t count)
{
    struct sweep sweep;

    sweep_init(&sweep, project);
    sweep.records = records;
    sweep.record_count = count;
    each_entry(sweep.replicas_folder, remove_unknown, &sweep);
    each_entry(sweep.netns_folder, remove_unknown_namespace, &sweep);
    if (sweep.first.code)
        log_warn("leftovers could not be removed", LOG_TEXT("why", sweep.first.text));
    sweep_done(&sweep);
}
