/* SPDX-License-Identifier: MIT */

/*
 * The life of a container as runtime.md has it
 */

#include "oci/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "oci/listener.h"
#include "oci/tell.h"
#include "oci/translate.h"
#include "runtime/capability.h"
#include "runtime/container.h"
#include "runtime/process.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define CONFIG_NAME "config.json"
#define GATE_NAME "start"
#define KILL_TIMEOUT_MS (10 * SECOND_MS)

enum record_status lifecycle_status(const struct record *record)
{
    enum record_status status = record_get_status(record);
    bool is_alive = status == RECORD_CREATED || status == RECORD_RUNNING;

    return is_alive && container_is_frozen(record->cgroup, record->id) ? RECORD_PAUSED : status;
}

struct config *lifecycle_load_config(const struct folder *folder, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    struct config *config = NULL;

    if (file_read(folder->fd, CONFIG_NAME, CONFIG_SIZE_MAX, &text, err) == 0)
        config = config_parse(text_get(&text), text.length, err);
    if (!config)
        error_wrap(err, "'%s/" CONFIG_NAME "'", folder->path);
    return config;
}

/* Hooks see the process that the record does not have yet. */
static char *format_state(const struct record *record, enum record_status status, int64_t pid)
{
    struct record seen = *record;

    seen.pid = pid;
    return record_format_state(&seen, status);
}

static int run_hooks(enum hook_kind kind, const struct config *config, const struct record *record,
                     enum record_status status, int64_t pid, struct error *err)
{
    AUTO_FREE char *state = format_state(record, status, pid);

    return hook_run(kind, &config->hooks[kind], state, err);
}

static void run_poststop(const struct config *config, const struct record *record,
                         struct strings *warnings)
{
    AUTO_FREE char *state = format_state(record, RECORD_STOPPED, 0);

    hook_run_all(HOOK_POSTSTOP, &config->hooks[HOOK_POSTSTOP], state, warnings);
}

struct making {
    const struct lifecycle_request *request;
    const struct config *config;
    struct record *record;
    const struct folder *folder;
    struct text *mark;
    bool had_hooks;
};

static int move_net_devices(const struct config *config, pid_t pid, struct error *err)
{
    AUTO_CLOSE int netns = -1;
    char path[64];

    if (config->net_device_count == 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    netns = open(path, O_RDONLY | O_CLOEXEC);
    if (netns < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    return net_device_move(config->net_devices, config->net_device_count, netns, err) < 0
               ? error_wrap(err, "linux.netDevices")
               : 0;
}

static int on_stage(void *context, enum container_stage stage, pid_t pid, struct error *err)
{
    struct making *making = context;
    const struct config *config = making->config;

    if (stage == CONTAINER_CREATE_CONTAINER)
        return run_hooks(HOOK_CREATE_CONTAINER, config, making->record, RECORD_CREATING, pid, err);
    if (stage == CONTAINER_START_CONTAINER)
        return run_hooks(HOOK_START_CONTAINER, config, making->record, RECORD_CREATED, pid, err);
    if (move_net_devices(config, pid, err) < 0)
        return -1;
    making->had_hooks = true;
    if (run_hooks(HOOK_PRESTART, config, making->record, RECORD_CREATING, pid, err) < 0)
        return -1;
    return run_hooks(HOOK_CREATE_RUNTIME, config, making->record, RECORD_CREATING, pid, err);
}

/* From now on `delete` may kill what is in the cgroup. */
static int on_cgroup(void *context, const char *mark, struct error *err)
{
    struct making *making = context;

    text_add(making->mark, mark);
    making->record->cgroup_mark = text_get(making->mark);
    return record_save(making->folder, making->record, err);
}

static struct tell tell_of(const struct lifecycle_request *request)
{
    return (struct tell){ request->console_socket, request->pidfd_socket, request->pid_file };
}

static int check_sockets(const struct lifecycle_request *request, const struct config *config,
                         struct error *err)
{
    const struct tell tell = tell_of(request);
    bool has_terminal = config->has_process && config->process.terminal;

    return tell_check(&tell, has_terminal && !request->keeps_terminal, err);
}

static int destroy(const struct record *record, struct error *err)
{
    /* Of another boot nothing is left, and its cgroup may be somebody else's now. */
    if (strcmp(record->boot_id, clock_boot_id()) != 0)
        return 0;
    return container_end(record->cgroup, record->id, record->cgroup_mark, KILL_TIMEOUT_MS, err);
}

static int make_container(struct making *making, struct translate *translate,
                          struct container_process *out, struct error *err)
{
    AUTO_FREE char *gate = alloc_format("%s/" GATE_NAME, making->folder->path);
    const struct lifecycle_request *request = making->request;
    struct container_program *program = &translate->spec.program;
    struct record *record = making->record;
    char slash[] = "/", *nothing[] = { slash, NULL };
    const struct tell tell = tell_of(request);

    translate->spec.hook = on_stage;
    translate->spec.on_cgroup = on_cgroup;
    translate->spec.hook_context = making;
    if (!making->config->has_process) /* it can be created, and never started */
        program->args = (struct strings){ nothing, 1 };
    program->preserved_fds = request->preserved_fds;
    if (request->listen_fds > 0)
        translate_listen(request->listen_fds, translate, program);
    program->keep_keyring = request->keep_keyring;
    program->stdin_fd = request->stdio[0];
    program->stdout_fd = request->stdio[1];
    program->stderr_fd = request->stdio[2];
    if (container_create(&translate->spec, gate, out, err) < 0)
        return tell_why(err);
    record->pid = out->pid;
    record->start_time = out->start_time;
    if (record_save(making->folder, record, err) == 0 && tell_process(&tell, out, err) == 0)
        return 0;
    tell_end(out);
    return -1;
}

static int create_in(struct making *making, const struct text *text, struct translate *translate,
                     struct container_process *out, struct error *err)
{
    const struct folder *folder = making->folder;
    struct record *record = making->record;

    if (process_read_start_time(getpid(), &record->creator_start_time, err) < 0 ||
        file_replace(folder->fd, CONFIG_NAME, text->data, text->length, FILE_VOLATILE(0600), err) <
            0 ||
        record_save(folder, record, err) < 0)
        return -1;
    return make_container(making, translate, out, err);
}

int lifecycle_collect_warnings(const struct config *config, struct translate *translate,
                               struct strings *out, struct error *err)
{
    bool own_user = false; /* whose first process has every capability */
    uint64_t held = 0;

    for (size_t i = 0; i < config->namespace_count; i++)
        own_user = own_user || config->namespaces[i].type == CONTAINER_NAMESPACE_USER;
    if (capability_read_held(&held, err) < 0)
        return -1;
    if (!own_user)
        translate_warn_of_rights(translate, held);
    for (size_t i = 0; i < translate->warnings.count; i++)
        strings_add(out, translate->warnings.items[i]);
    return 0;
}

static char *find_bundle(const char *bundle, struct error *err)
{
    char *path = realpath(bundle, NULL);

    if (!path)
        error_set_errno(err, errno, "bundle '%s'", bundle);
    return path;
}

static struct config *read_config(const struct lifecycle_request *request, const char *bundle,
                                  struct text *text, struct error *err)
{
    AUTO_FREE char *path = request->config_path ? alloc_text(request->config_path)
                                                : alloc_format("%s/" CONFIG_NAME, bundle);
    struct config *config = NULL;

    if (file_read(AT_FDCWD, path, CONFIG_SIZE_MAX, text, err) == 0)
        config = config_parse(text_get(text), text->length, err);
    if (!config)
        error_wrap(err, "'%s'", path);
    return config;
}

static int create_folder(const struct lifecycle_request *request, struct making *making,
                         const struct text *text, struct translate *translate,
                         struct container_process *out, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    struct error ignored = { 0 };

    if (folder_make(request->root, request->id, &folder, err) < 0)
        return -1;
    making->folder = &folder;
    if (create_in(making, text, translate, out, err) == 0)
        return 0;
    /* What cannot be removed now has to stay known, for `delete`. */
    if (destroy(making->record, &ignored) < 0 ||
        folder_remove(request->root, request->id, &ignored) < 0)
        error_clear(&ignored);
    return -1;
}

int lifecycle_create(const struct lifecycle_request *request, struct container_process *out,
                     struct strings *warnings, struct error *err)
{
    AUTO_FREE char *bundle = find_bundle(request->bundle, err);
    AUTO_FREE char *cgroup = NULL;
    AUTO_TEXT struct text text = { 0 }, mark = { 0 };
    AUTO(config) struct config *config = bundle ? read_config(request, bundle, &text, err) : NULL;
    AUTO(translate) struct translate *translate = NULL;
    struct record record = {
        .id = request->id, .bundle = bundle, .cgroup_mark = "", .boot_id = clock_boot_id()
    };
    struct making making = {
        .request = request, .config = config, .record = &record, .mark = &mark
    };

    if (!config || folder_check_id(request->id, err) < 0 ||
        check_sockets(request, config, err) < 0 ||
        translate_cgroup(config, request->id, &cgroup, err) < 0)
        return -1;
    translate =
        translate_new(config, &(struct translate_place){ request->id, bundle, cgroup }, err);
    if (!translate || lifecycle_collect_warnings(config, translate, warnings, err) < 0)
        return -1;
    record.oci_version = config->version;
    record.root_path = translate->spec.root;
    record.cgroup = cgroup;
    record.annotations = config->annotations;
    record.created_ms = clock_wall_ms();
    record.creator = getpid();
    if (create_folder(request, &making, &text, translate, out, err) == 0)
        return 0;
    if (making.had_hooks)
        run_poststop(config, &record, warnings);
    return error_wrap(err, "create container '%s'", request->id);
}

/* Destroy, run the hooks, and free the id last: a kill in between is repaired by a repetition. */
static int delete_all(const char *root, const struct folder *folder, const struct record *record,
                      struct strings *warnings, struct error *err)
{
    struct error unreadable = { 0 };
    AUTO(config) struct config *config = lifecycle_load_config(folder, &unreadable);

    if (destroy(record, err) < 0)
        return -1;
    if (config)
        run_poststop(config, record, warnings);
    else
        strings_add(warnings, unreadable.text);
    return folder_remove(root, record->id, err);
}

static int release(const struct folder *folder, const struct config *config,
                   const struct record *record, struct error *err)
{
    AUTO_FREE char *gate = alloc_format("%s/" GATE_NAME, folder->path);
    struct listener listener = { &config->seccomp, record };
    const struct syscall_profile asks = { .on_listener = listener_send,
                                          .listener_context = &listener };

    if (container_release(gate, config->has_seccomp ? &asks : NULL, err) < 0)
        return tell_why(err);
    return run_hooks(HOOK_POSTSTART, config, record, RECORD_RUNNING, record->pid, err);
}

int lifecycle_start(const char *root, const char *id, struct strings *warnings, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    AUTO(config) struct config *config = NULL;
    struct error failed = { 0 };
    enum record_status status;

    if (folder_open(root, id, &folder, err) < 0 || folder_lock(&folder, err) < 0 ||
        record_load(&folder, &record, err) < 0)
        return -1;
    status = lifecycle_status(&record);
    if (status != RECORD_CREATED)
        return error_set(err, ERROR_INVALID,
                         "cannot start container '%s': it is %s, and not created", id,
                         record_status_name(status));
    config = lifecycle_load_config(&folder, err);
    if (!config)
        return -1;
    if (!config->has_process)
        return error_set(err, ERROR_INVALID,
                         "cannot start container '%s': config.json has no process", id);
    if (release(&folder, config, &record, err) == 0)
        return 0;
    if (delete_all(root, &folder, &record, warnings, &failed) < 0)
        strings_add(warnings, failed.text);
    return error_wrap(err, "start container '%s'", id);
}

/*
 * A killed `create` has left a folder, and nothing else: the record comes first. One that lives
 * and was about to lock it may put the lock there once more, and hears that it was removed.
 */
static int delete_unmade(const char *root, const char *id, struct error *err)
{
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    if (folder_remove(root, id, err) == 0)
        return 0;
    error_clear(err);
    return folder_remove(root, id, err);
}

int lifecycle_delete(const char *root, const char *id, bool force, struct strings *warnings,
                     struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    enum record_status status;

    if (folder_open(root, id, &folder, err) < 0 || folder_lock(&folder, err) < 0)
        return -1;
    if (record_load(&folder, &record, err) < 0)
        return delete_unmade(root, id, err);
    status = lifecycle_status(&record);
    if (!force && (status == RECORD_RUNNING || status == RECORD_PAUSED))
        return error_set(err, ERROR_INVALID,
                         "cannot delete container '%s': it is %s; kill it first, or use --force",
                         id, record_status_name(status));
    return delete_all(root, &folder, &record, warnings, err);
}

int lifecycle_kill(const struct record *record, int number, bool all, struct error *err)
{
    enum record_status status = lifecycle_status(record);
    AUTO_CLOSE int pidfd = -1;

    if (all)
        return container_signal_all(record->cgroup, record->id, record->cgroup_mark, number, err);
    if ((status != RECORD_CREATED && status != RECORD_RUNNING && status != RECORD_PAUSED) ||
        container_open_process((pid_t)record->pid, record->start_time, &pidfd, err) < 0) {
        error_clear(err);
        return error_set(err, ERROR_INVALID,
                         "container not running: cannot send signal %d to container '%s', which "
                         "is %s",
                         number, record->id,
                         record_status_name(status == RECORD_CREATING ? status : RECORD_STOPPED));
    }
    if (pidfd_send_signal(pidfd, number, NULL, 0) < 0)
        return error_set_errno(err, errno, "send signal %d to container '%s'", number, record->id);
    /* A frozen process of version 1 does not even die. */
    return number == SIGKILL && status == RECORD_PAUSED
               ? container_thaw(record->cgroup, record->id, err)
               : 0;
}
