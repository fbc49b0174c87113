/* SPDX-License-Identifier: MIT */

/*
 * What config.json says, as the input of the runtime
 */

#include "oci/translate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>

#include "runtime/capability.h"
#include "runtime/mount_option.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/place.h"
#include "util/text.h"

/* Absolute; the caller frees it. */
static char *place_in(const char *bundle, const char *path)
{
    return path[0] == '/' ? alloc_text(path) : alloc_format("%s/%s", bundle, path);
}

/* Without doubled and closing slashes, and without ways out. */
static int clean_cgroup(const char *path, char **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    for (const char *p = path + strspn(path, "/"); *p; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");

        if (length > 255 || (p[0] == '.' && (length == 1 || (length == 2 && p[1] == '.'))))
            return error_set(err, ERROR_INVALID, "linux.cgroupsPath: '%.256s' is not valid", path);
        text_add_char(&text, '/');
        text_add_bytes(&text, p, length);
        p += length;
    }
    if (text.length == 0 || text.length > 1024 || strpbrk(text_get(&text), "\n\\"))
        return error_set(err, ERROR_INVALID, "linux.cgroupsPath: '%.256s' is not valid", path);
    *out = text_steal(&text);
    return 0;
}

int translate_cgroup(const struct config *config, const char *id, char **out, struct error *err)
{
    AUTO_FREE char *path = NULL;
    const char *given = config->cgroups_path;

    if (!given || !*given) {
        *out = alloc_format("/carte-oci/%s", id);
        return 0;
    }
    if (given[0] != '/' && strchr(given, ':'))
        return error_set(err, ERROR_UNSUPPORTED,
                         "linux.cgroupsPath: '%.128s' is meant for systemd: use the engine's "
                         "cgroup manager 'cgroupfs'",
                         given);
    path = given[0] == '/' ? alloc_text(given) : alloc_format("/carte-oci/%s", given);
    return clean_cgroup(path, out, err);
}

static char *keep_text(struct shape_store *store, char *text)
{
    *ALLOC_APPEND(store->owned, store->owned_count) = text;
    return text;
}

static uint64_t translate_set(const struct strings *names, const char *set,
                              struct translate *memory)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < names->count; i++) {
        struct strings one = { .items = &names->items[i], .count = 1 };
        struct error unknown = { 0 };
        uint64_t bit = 0;

        if (strncasecmp(names->items[i], "CAP_", 4) == 0 &&
            capability_apply(0, &one, NULL, &bit, &unknown) == 0)
            bits |= bit;
        else
            strings_take(&memory->warnings,
                         alloc_format("process.capabilities.%s: unknown '%.64s' is ignored", set,
                                      names->items[i]));
    }
    return bits;
}

static void translate_capabilities(const struct config_capabilities *from, struct translate *memory)
{
    memory->program.capabilities = (struct container_capabilities){
        .bounding = translate_set(&from->bounding, "bounding", memory),
        .effective = translate_set(&from->effective, "effective", memory),
        .permitted = translate_set(&from->permitted, "permitted", memory),
        .inheritable = translate_set(&from->inheritable, "inheritable", memory),
        .ambient = translate_set(&from->ambient, "ambient", memory),
    };
}

void translate_warn_of_rights(struct translate *memory, uint64_t held)
{
    const struct container_capabilities *sets = &memory->program.capabilities;
    uint64_t missing =
        (sets->bounding | sets->effective | sets->permitted | sets->inheritable | sets->ambient) &
        ~held;

    for (unsigned i = 0; capability_find_name(i); i++) {
        if (missing >> i & 1)
            strings_take(&memory->warnings,
                         alloc_format("process.capabilities: CAP_%s cannot be granted: the caller "
                                      "does not have it",
                                      capability_find_name(i)));
    }
}

static void translate_seccomp(const struct config_seccomp *from, struct translate *memory)
{
    struct syscall_rule *rules =
        shape_keep(&memory->store, from->syscall_count + 1, sizeof(*rules));

    for (size_t i = 0; i < from->syscall_count; i++) {
        const struct config_syscall *call = &from->syscalls[i];

        rules[i] = call->rule;
        rules[i].number = call->has_number ? &call->number : NULL;
        rules[i].arguments = call->arguments;
        rules[i].argument_count = call->argument_count;
    }
    memory->program.syscalls = (struct syscall_profile){
        .default_action = from->default_action,
        .default_number = from->has_default_number ? &from->default_number : NULL,
        .architectures = from->architectures,
        .flags = from->flags,
        .rules = rules,
        .rule_count = from->syscall_count,
        .cache_folder = keep_text(&memory->store, place_in_run("filters")),
    };
}

static void translate_schedule(const struct config_process *process,
                               struct translate_program *memory, struct container_program *out)
{
    memory->scheduler = (struct container_scheduler){
        .policy = (uint32_t)process->policy,
        .nice = (int32_t)process->nice,
        .priority = (uint32_t)process->priority,
        .flags = process->scheduler_flags,
        .runtime_ns = process->runtime_ns,
        .deadline_ns = process->deadline_ns,
        .period_ns = process->period_ns,
    };
    memory->io_priority.class = process->io_class;
    memory->io_priority.level = (int)process->io_level;
    memory->oom_score_adj = (int)process->oom_score_adj;
    out->scheduler = process->has_scheduler ? &memory->scheduler : NULL;
    out->io_priority = process->has_io_priority ? &memory->io_priority : NULL;
    out->oom_score_adj = process->has_oom_score_adj ? &memory->oom_score_adj : NULL;
}

void translate_process(const struct config_process *process, const struct config *config,
                       struct translate *memory, struct container_program *out)
{
    memory->program.ids = (struct container_ids){
        .uid = process->uid,
        .gid = process->gid,
        .groups = process->groups,
        .group_count = process->group_count,
    };
    memory->program.umask = process->umask;
    translate_capabilities(&process->capabilities, memory);
    *out = (struct container_program){
        .args = process->args,
        .env = process->env,
        .cwd = process->cwd,
        .ids = &memory->program.ids,
        .umask = process->has_umask ? &memory->program.umask : NULL,
        .capability_sets = &memory->program.capabilities,
        .allow_new_privileges = !process->no_new_privileges,
        .seccomp_unconfined = !config->has_seccomp,
        .bare = true,
        .ulimits = process->ulimits,
        .ulimit_count = process->ulimit_count,
        .initial_cpus = process->initial_cpus,
        .final_cpus = process->final_cpus,
        .terminal = process->terminal,
        .terminal_rows = (uint16_t)process->rows,
        .terminal_columns = (uint16_t)process->columns,
        .stdin_fd = 0,
        .stdout_fd = 1,
        .stderr_fd = 2,
    };
    translate_schedule(process, &memory->program, out);
    if (config->has_seccomp) {
        translate_seccomp(&config->seccomp, memory);
        out->syscalls = &memory->program.syscalls;
    }
}

void translate_listen(unsigned count, struct translate *memory, struct container_program *program)
{
    const struct strings *env = &program->env;
    char **items = shape_keep(&memory->store, env->count + 3, sizeof(*items));

    for (size_t i = 0; i < env->count; i++)
        items[i] = env->items[i];
    items[env->count] = keep_text(&memory->store, alloc_format("LISTEN_FDS=%u", count));
    items[env->count + 1] = keep_text(&memory->store, alloc_text("LISTEN_PID=1"));
    program->env = (struct strings){ items, env->count + 2 };
}

static void keep_figures(const struct config_resources *from, struct container_resources *out)
{
    /* Engines write 0 where nothing was asked for. */
    static const bool zero_counts[CONTAINER_RESOURCE_COUNT] = {
        [CONTAINER_CPU_IDLE] = true,
        [CONTAINER_CPU_BURST] = true,
        [CONTAINER_MEMORY_SWAPPINESS] = true,
    };

    for (int i = 0; i < CONTAINER_RESOURCE_COUNT; i++) {
        if (from->figures[i].given && (from->figures[i].value != 0 || zero_counts[i]))
            resources_set(out, (enum container_resource)i, from->figures[i].value);
    }
    if (from->no_oom_kill)
        resources_set(out, CONTAINER_MEMORY_NO_OOM_KILL, 1);
}

static void keep_devices(const struct config_resources *from, struct shape_store *store,
                         struct container_resources *out)
{
    struct container_device_rule *rules = shape_keep(store, from->device_count + 1, sizeof(*rules));

    for (size_t i = 0; i < from->device_count; i++) {
        const struct config_device_rule *rule = &from->devices[i];

        rules[i] = (struct container_device_rule){
            .allow = rule->allow,
            .type = rule->type && *rule->type ? rule->type[0] : 'a',
            .major = rule->major.given ? rule->major.value : -1,
            .minor = rule->minor.given ? rule->minor.value : -1,
            .access = rule->access && *rule->access ? rule->access : "rwm",
        };
    }
    out->device_rules = rules;
    out->device_rule_count = from->device_count;
}

static void keep_block_devices(const struct config_resources *from, struct shape_store *store,
                               struct container_resources *out)
{
    size_t count = 0, next = 0;
    struct container_block_device *devices = NULL;

    for (int kind = 0; kind < CONFIG_BLOCK_COUNT; kind++)
        count += from->blocks[kind].count;
    devices = shape_keep(store, count + 1, sizeof(*devices));
    for (int kind = 0; kind < CONFIG_BLOCK_COUNT; kind++) {
        for (size_t i = 0; i < from->blocks[kind].count; i++) {
            const struct config_block *block = &from->blocks[kind].blocks[i];

            devices[next++] = (struct container_block_device){
                .major = (uint32_t)block->major,
                .minor = (uint32_t)block->minor,
                .weight = (uint64_t)block->weight.value,
                .leaf_weight = (uint64_t)block->leaf_weight.value,
                .read_bps = kind == CONFIG_BLOCK_READ_BPS ? block->rate : 0,
                .write_bps = kind == CONFIG_BLOCK_WRITE_BPS ? block->rate : 0,
                .read_iops = kind == CONFIG_BLOCK_READ_IOPS ? block->rate : 0,
                .write_iops = kind == CONFIG_BLOCK_WRITE_IOPS ? block->rate : 0,
            };
        }
    }
    out->block_devices = devices;
    out->block_device_count = count;
}

static void keep_rdma(const struct config_resources *from, struct shape_store *store,
                      struct container_resources *out)
{
    struct container_rdma *rdma = shape_keep(store, from->rdma_count + 1, sizeof(*rdma));

    for (size_t i = 0; i < from->rdma_count; i++) {
        const struct config_rdma *device = &from->rdma[i];

        rdma[i] = (struct container_rdma){
            .device = device->device,
            .handles = device->handles.given ? device->handles.value : -1,
            .objects = device->objects.given ? device->objects.value : -1,
        };
    }
    out->rdma = rdma;
    out->rdma_count = from->rdma_count;
}

void translate_resources(const struct config_resources *from, struct shape_store *store,
                         struct container_resources *out)
{
    *out = (struct container_resources){
        .check_before_update = from->check_before_update,
        .cpus = from->cpus && *from->cpus ? from->cpus : NULL,
        .memory_nodes = from->memory_nodes && *from->memory_nodes ? from->memory_nodes : NULL,
        .huge_pages = from->huge_pages,
        .huge_page_count = from->huge_page_count,
        .network_priorities = from->priorities,
        .network_priority_count = from->priority_count,
        .unified = &from->unified,
    };
    keep_figures(from, out);
    keep_devices(from, store, out);
    keep_block_devices(from, store, out);
    keep_rdma(from, store, out);
}

static int translate_namespaces(const struct config *config, struct container_spec *spec,
                                struct error *err)
{
    for (int i = 0; i < CONTAINER_NAMESPACE_COUNT; i++)
        spec->namespaces[i].how = CONTAINER_INHERIT;
    for (size_t i = 0; i < config->namespace_count; i++) {
        const struct config_namespace *from = &config->namespaces[i];
        bool joins = from->path && *from->path;

        spec->namespaces[from->type].how = joins ? CONTAINER_JOIN : CONTAINER_NEW;
        spec->namespaces[from->type].path = joins ? from->path : NULL;
    }
    if (spec->namespaces[CONTAINER_NAMESPACE_USER].how == CONTAINER_NEW &&
        (config->user_count == 0 || config->group_count == 0))
        return error_set(err, ERROR_INVALID,
                         "linux.uidMappings: a new user namespace needs mappings of users and "
                         "groups");
    if (spec->namespaces[CONTAINER_NAMESPACE_USER].how == CONTAINER_INHERIT &&
        config->user_count + config->group_count > 0)
        return error_set(err, ERROR_INVALID,
                         "linux.uidMappings: mappings need a user namespace in "
                         "linux.namespaces");
    if (spec->namespaces[CONTAINER_NAMESPACE_UTS].how == CONTAINER_INHERIT &&
        (config->hostname || config->domainname))
        return error_set(err, ERROR_INVALID,
                         "hostname: a name needs an uts namespace in linux.namespaces");
    spec->id_maps = (struct container_id_maps){
        .users = config->users,
        .user_count = config->user_count,
        .groups = config->groups,
        .group_count = config->group_count,
    };
    return 0;
}

static int translate_time(const struct config *config, struct translate *out, struct error *err)
{
    const struct container_namespace_choice *choice =
        &out->spec.namespaces[CONTAINER_NAMESPACE_TIME];

    if (choice->how != CONTAINER_NEW && config->time_offset_count > 0)
        return error_set(err, ERROR_INVALID,
                         "linux.timeOffsets: offsets need a new time namespace in "
                         "linux.namespaces");
    if (choice->how != CONTAINER_NEW)
        return 0;
    for (size_t i = 0; i < config->time_offset_count; i++) {
        const struct config_time_offset *offset = &config->time_offsets[i];
        bool is_boot = strcmp(offset->clock, "boottime") == 0;

        *(is_boot ? &out->boottime : &out->monotonic) =
            (struct container_time_offset){ offset->seconds, offset->nanoseconds };
    }
    out->spec.monotonic = &out->monotonic;
    out->spec.boottime = &out->boottime;
    return 0;
}

static int translate_mount(const struct config_mount *from, const char *bundle,
                           struct translate *memory, struct container_mount *out, struct error *err)
{
    struct text *data = &memory->texts[memory->text_count++];
    bool is_absolute = from->destination[0] == '/';

    out->type = from->type && *from->type ? from->type : NULL;
    out->source = from->source;
    out->target = is_absolute ? from->destination
                              : keep_text(&memory->store, alloc_format("/%s", from->destination));
    out->maps = (struct container_id_maps){
        .users = from->users,
        .user_count = from->user_count,
        .groups = from->groups,
        .group_count = from->group_count,
    };
    out->idmap = from->user_count > 0;
    if (mount_option_parse(&from->options, data, out, err) < 0)
        return -1;
    if (out->kind == CONTAINER_MOUNT_BIND) {
        if (!from->source || !*from->source)
            return error_set(err, ERROR_INVALID, "source: a bind mount needs one");
        out->source = keep_text(&memory->store, place_in(bundle, from->source));
    }
    return 0;
}

static int translate_mounts(const struct config *config, const char *bundle, struct translate *out,
                            struct error *err)
{
    struct container_mount *mounts =
        shape_keep(&out->store, config->mount_count + 1, sizeof(*mounts));

    out->texts = alloc_array(struct text, config->mount_count + 1);
    for (size_t i = 0; i < config->mount_count; i++) {
        if (translate_mount(&config->mounts[i], bundle, out, &mounts[i], err) < 0)
            return error_wrap(err, "mounts[%zu]", i);
    }
    out->spec.mounts = mounts;
    out->spec.mount_count = config->mount_count;
    return 0;
}

static void translate_devices(const struct config *config, struct translate *out)
{
    struct container_device *devices =
        shape_keep(&out->store, config->device_count + 1, sizeof(*devices));

    for (size_t i = 0; i < config->device_count; i++) {
        const struct config_device *from = &config->devices[i];

        /* The host's, as engines list it, is not that of the container's own terminals. */
        if (strcmp(from->path, "/dev/ptmx") == 0)
            continue;
        devices[out->spec.device_count++] = (struct container_device){
            .path = from->path,
            .type = from->type[0] == 'u' ? 'c' : from->type[0],
            .major = (uint32_t)from->major.value,
            .minor = (uint32_t)from->minor.value,
            .mode = from->has_mode ? from->mode & 07777 : 0666,
            .uid = from->uid,
            .gid = from->gid,
        };
    }
    out->spec.devices = devices;
}

static int fill(const struct config *config, const struct translate_place *place,
                struct translate *out, struct error *err)
{
    struct container_spec *spec = &out->spec;

    spec->id = place->id;
    spec->cgroup_parent = place->cgroup;
    spec->root = keep_text(&out->store, place_in(place->bundle, config->root_path));
    spec->read_only = config->root_read_only;
    spec->root_propagation = (uint64_t)config->root_propagation;
    spec->hostname = config->hostname;
    spec->domainname = config->domainname;
    spec->personality = (unsigned long)config->personality;
    spec->masked_paths = &config->masked_paths;
    spec->read_only_paths = &config->read_only_paths;
    spec->sysctls = &config->sysctls;
    translate_process(&config->process, config, out, &spec->program);
    spec->program.initial_cpus = spec->program.final_cpus = NULL; /* those are for exec alone */
    translate_resources(&config->resources, &out->store, &out->resources);
    spec->resources = &out->resources;
    translate_devices(config, out);
    if (translate_namespaces(config, spec, err) < 0 || translate_time(config, out, err) < 0)
        return -1;
    return translate_mounts(config, place->bundle, out, err);
}

struct translate *translate_new(const struct config *config, const struct translate_place *place,
                                struct error *err)
{
    AUTO(translate) struct translate *out = alloc_new(struct translate);

    return fill(config, place, out, err) < 0 ? NULL : STEAL_PTR(out);
}

void translate_free(struct translate *translate)
{
    if (!translate)
        return;
    for (size_t i = 0; i < translate->text_count; i++)
        text_done(&translate->texts[i]);
    free(translate->texts);
    shape_done(&translate->store);
    strings_done(&translate->warnings);
    free(translate);
}
