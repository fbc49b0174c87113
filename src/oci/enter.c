/* SPDX-License-Identifier: MIT */

/*
 * A further process in a container: `exec`
 */

#include "oci/enter.h"

#include <string.h>

#include "oci/lifecycle.h"
#include "oci/listener.h"
#include "oci/tell.h"
#include "oci/translate.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/error.h"

static int check_status(const struct record *record, const struct enter_changes *changes,
                        struct error *err)
{
    enum record_status status = lifecycle_status(record);

    if (status == RECORD_RUNNING || status == RECORD_CREATED ||
        (status == RECORD_PAUSED && changes->ignore_paused))
        return 0;
    return error_set(err, ERROR_INVALID, "%scannot exec in container '%s': it is %s, not running",
                     status == RECORD_STOPPED ? "container not running: " : "", record->id,
                     record_status_name(status));
}

static void add_capabilities(struct strings *set, const struct strings *more,
                             struct shape_store *store)
{
    char **items = shape_keep(store, set->count + more->count + 1, sizeof(*items));

    for (size_t i = 0; i < set->count; i++)
        items[i] = set->items[i];
    for (size_t i = 0; i < more->count; i++)
        items[set->count + i] = more->items[i];
    *set = (struct strings){ items, set->count + more->count };
}

/* The container's own process with the changes; `env` is the caller's to free. */
static void change_process(const struct enter_changes *changes, struct config *config,
                           struct strings *env)
{
    struct config_process *process = &config->process;

    process->args = changes->args;
    process->terminal = changes->terminal;
    process->no_new_privileges |= changes->no_new_privileges;
    process->cwd = changes->cwd ? changes->cwd : process->cwd ? process->cwd : "/";
    if (changes->uid >= 0) {
        process->uid = (uint32_t)changes->uid;
        process->gid = 0;
        process->group_count = 0;
    }
    if (changes->gid >= 0)
        process->gid = (uint32_t)changes->gid;
    if (changes->group_count > 0) {
        process->groups = changes->groups;
        process->group_count = changes->group_count;
    }
    strings_copy(env, &process->env);
    for (size_t i = 0; i < changes->env.count; i++) {
        AUTO_FREE char *key =
            alloc_text_part(changes->env.items[i], strcspn(changes->env.items[i], "="));
        const char *equals = strchr(changes->env.items[i], '=');

        if (equals)
            strings_set_env(env, key, equals + 1);
    }
    process->env = *env;
    add_capabilities(&process->capabilities.bounding, &changes->capabilities, &config->store);
    add_capabilities(&process->capabilities.permitted, &changes->capabilities, &config->store);
    add_capabilities(&process->capabilities.effective, &changes->capabilities, &config->store);
}

static int check_cgroup(const char *path, struct error *err)
{
    if (path && (strchr(path, ':') || strstr(path, "..") || !*path))
        return error_set(
            err, ERROR_INVALID,
            "--cgroup '%.256s' is not valid: write a path below the container's cgroup", path);
    return 0;
}

static int execute(const struct record *record, const struct enter_changes *changes,
                   const struct config_seccomp *seccomp, struct translate *memory,
                   struct container_process *out, struct error *err)
{
    struct listener listener = { seccomp, record };
    struct container_exec_spec spec = {
        .id = record->id,
        .cgroup_parent = record->cgroup,
        .sub_cgroup = changes->cgroup ? changes->cgroup + strspn(changes->cgroup, "/") : NULL,
        .pid = (pid_t)record->pid,
        .start_time = record->start_time,
        .program = memory->spec.program,
    };

    memory->program.syscalls.on_listener = listener_send;
    memory->program.syscalls.listener_context = &listener;
    spec.program.stdin_fd = changes->stdio[0];
    spec.program.stdout_fd = changes->stdio[1];
    spec.program.stderr_fd = changes->stdio[2];
    spec.program.preserved_fds = changes->preserved_fds;
    return container_exec(&spec, out, err) < 0 ? tell_why(err) : 0;
}

int enter_container(const struct folder *folder, const struct record *record,
                    const struct enter_changes *changes, struct container_process *out,
                    struct strings *warnings, struct error *err)
{
    const struct tell tell = { changes->console_socket, changes->pidfd_socket, changes->pid_file };
    AUTO(config) struct config *config = NULL, *given = NULL;
    AUTO(translate) struct translate *memory = alloc_new(struct translate);
    AUTO_STRINGS struct strings env = { 0 };
    const struct config_process *process = NULL;

    if (check_status(record, changes, err) < 0 || check_cgroup(changes->cgroup, err) < 0)
        return -1;
    config = lifecycle_load_config(folder, err);
    if (!config)
        return -1;
    if (changes->process) {
        given = config_parse_process(changes->process, changes->process_length, err);
        if (!given)
            return error_wrap(err, "--process");
        if (!given->process.has_capabilities)
            given->process.capabilities = config->process.capabilities;
        process = &given->process;
    } else {
        change_process(changes, config, &env);
        process = &config->process;
    }
    translate_process(process, config, memory, &memory->spec.program);
    if (lifecycle_collect_warnings(config, memory, warnings, err) < 0 ||
        tell_check(&tell, process->terminal && !changes->keeps_terminal, err) < 0 ||
        execute(record, changes, &config->seccomp, memory, out, err) < 0)
        return -1;
    if (tell_process(&tell, out, err) == 0)
        return 0;
    tell_end(out);
    return -1;
}
