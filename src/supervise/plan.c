/* SPDX-License-Identifier: MIT */

/*
 * A service, its image and a replica's place become the spec of a container
 */

#include "supervise/plan.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "runtime/capability.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Give `text` to the plan and return it. */
static const char *own(struct plan *plan, char *text)
{
    strings_take(&plan->owned, text);
    return text;
}

static void add_strings(struct strings *to, const struct strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        strings_add(to, from->items[i]);
}

/* An entry point of the service's own makes the image's command void, as in compose. */
void plan_arguments(const struct service *service, const struct image_config *image,
                    struct strings *out)
{
    add_strings(out, service->has_entrypoint ? &service->entrypoint : &image->entrypoint);
    if (service->has_command)
        add_strings(out, &service->command);
    else if (!service->has_entrypoint)
        add_strings(out, &image->cmd);
}

static void remove_variable(struct strings *env, const char *key)
{
    struct strings kept = { 0 };
    size_t length = strlen(key);

    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->items[i], key, length) != 0 || env->items[i][length] != '=')
            strings_add(&kept, env->items[i]);
    strings_done(env);
    *env = kept;
}

void plan_variables(const struct service *service, struct strings *out)
{
    for (size_t i = 0; i < service->environment.count; i++) {
        const struct strings_pair *pair = &service->environment.pairs[i];

        if (pair->value)
            strings_set_env(out, pair->key, pair->value);
        else
            remove_variable(out, pair->key);
    }
}

void plan_environment(const struct service *service, const struct image_config *image,
                      const char *hostname, struct strings *out)
{
    add_strings(out, &image->env);
    plan_variables(service, out);
    if (!strings_find_env(out, "PATH"))
        strings_add(out, DEFAULT_PATH);
    if (!strings_find_env(out, "HOSTNAME"))
        strings_set_env(out, "HOSTNAME", hostname);
    if (service->tty && !strings_find_env(out, "TERM"))
        strings_add(out, "TERM=xterm");
}

int plan_stop_signal(const struct service *service, const struct image_config *image)
{
    const char *name = service->stop_signal;
    struct error ignored = { 0 };
    int number = SIGTERM;

    if (text_is_empty(name))
        name = image->stop_signal;
    if (!text_is_empty(name) && parse_signal(name, &number, &ignored) < 0)
        error_clear(&ignored);
    return number;
}

/* ["CMD", "x"] or ["CMD-SHELL", "x"] or ["NONE"], as an image's configuration has it. */
static void inherit_test(const struct image_config *image, struct service_healthcheck *out)
{
    const char *kind = image->health_test.count ? image->health_test.items[0] : "NONE";

    if (strcmp(kind, "CMD") == 0)
        out->probe = SERVICE_PROBE_CMD;
    else if (strcmp(kind, "CMD-SHELL") == 0)
        out->probe = SERVICE_PROBE_SHELL;
    else
        out->probe = SERVICE_PROBE_NONE;
    for (size_t i = 1; i < image->health_test.count; i++)
        strings_add(&out->test, image->health_test.items[i]);
}

static void inherit_times(const struct image_config *image, struct service_healthcheck *out)
{
    if (image->health_interval_ms)
        out->interval_ms = image->health_interval_ms;
    if (image->health_timeout_ms)
        out->timeout_ms = image->health_timeout_ms;
    if (image->health_start_period_ms)
        out->start_period_ms = image->health_start_period_ms;
    if (image->health_start_interval_ms)
        out->start_interval_ms = image->health_start_interval_ms;
    if (image->health_retries)
        out->retries = image->health_retries;
}

void plan_healthcheck(const struct service *service, const struct image_config *image,
                      struct service_healthcheck *out)
{
    *out = service->healthcheck;
    out->test = (struct strings){ 0 };
    if (service->healthcheck.probe == SERVICE_PROBE_INHERIT) {
        inherit_test(image, out);
        inherit_times(image, out);
    } else {
        add_strings(&out->test, &service->healthcheck.test);
    }
    if (out->test.count == 0)
        out->probe = SERVICE_PROBE_NONE;
}

static struct container_mount *add_bind(struct plan *plan, const char *source, const char *target,
                                        bool read_only)
{
    struct container_mount *mount = ALLOC_APPEND(plan->mounts, plan->spec.mount_count);

    mount->kind = CONTAINER_MOUNT_BIND;
    mount->source = source;
    mount->target = target;
    mount->read_only = read_only;
    return mount;
}

static void plan_generated_files(const struct plan_input *input, struct plan *plan)
{
    static const char *const names[] = { "hosts", "resolv.conf", "hostname" };

    if (plan->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_INHERIT)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        add_bind(plan, own(plan, alloc_format("%s/%s", input->files_folder, names[i])),
                 own(plan, alloc_format("/etc/%s", names[i])), true);
}

static char *volume_path(const struct plan_input *input, const struct service_mount *mount,
                         size_t index)
{
    const struct stack_volume *volume = NULL;

    if (!mount->source)
        return alloc_format("%s/volumes/%zu", input->data_folder, index);
    volume = stack_find_volume(input->stack, mount->source);
    return alloc_format("%s/%s/data%s%s", input->volumes_folder,
                        volume ? volume->name : mount->source, mount->subpath ? "/" : "",
                        mount->subpath ? mount->subpath : "");
}

static void plan_mount(const struct plan_input *input, size_t index, struct plan *plan)
{
    const struct service_mount *mount = &input->service->mounts[index];
    struct container_mount *made = NULL;
    struct plan_volume *volume = NULL;
    const char *source = mount->source;

    if (mount->kind == SERVICE_MOUNT_TMPFS) {
        made = ALLOC_APPEND(plan->mounts, plan->spec.mount_count);
        made->kind = CONTAINER_MOUNT_TMPFS;
        made->target = mount->target;
        made->read_only = mount->read_only;
        made->size_bytes = mount->size_bytes;
        made->mode = mount->mode;
        return;
    }
    if (mount->kind == SERVICE_MOUNT_VOLUME)
        source = own(plan, volume_path(input, mount, index));
    add_bind(plan, source, mount->target, mount->read_only);
    volume = ALLOC_APPEND(plan->volumes, plan->volume_count);
    volume->source = source;
    volume->target = mount->target;
    volume->is_bind = mount->kind == SERVICE_MOUNT_BIND;
    volume->create = !volume->is_bind || mount->create_host_path;
    volume->fill = !volume->is_bind && !mount->no_copy && !mount->subpath;
}

static bool has_mount(const struct service *service, const char *target)
{
    for (size_t i = 0; i < service->mount_count; i++)
        if (text_equal(service->mounts[i].target, target))
            return true;
    return false;
}

/* Volumes that the image declares and the service does not mount live with the replica. */
static void plan_image_volumes(const struct plan_input *input, struct plan *plan)
{
    const struct strings *targets = &input->image->config.volumes;

    for (size_t i = 0; i < targets->count; i++) {
        const char *source = NULL;
        struct plan_volume *volume = NULL;

        if (has_mount(input->service, targets->items[i]))
            continue;
        source = own(plan, alloc_format("%s/volumes/i%zu", input->data_folder, i));
        add_bind(plan, source, targets->items[i], false);
        volume = ALLOC_APPEND(plan->volumes, plan->volume_count);
        volume->source = source;
        volume->target = targets->items[i];
        volume->create = true;
        volume->fill = true;
    }
}

static const struct stack_file *find_file(const struct stack_file *files, size_t count,
                                          const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(files[i].key, key))
            return &files[i];
    return NULL;
}

static void plan_files(const struct plan_input *input, const char *kind, struct plan *plan)
{
    bool secret = strcmp(kind, "secret") == 0;
    const struct service *service = input->service;
    const struct stack *stack = input->stack;
    size_t count = secret ? service->secret_count : service->config_count;

    for (size_t i = 0; i < count; i++) {
        const struct service_file *use = secret ? &service->secrets[i] : &service->configs[i];
        const struct stack_file *file =
            secret ? find_file(stack->secrets, stack->secret_count, use->source)
                   : find_file(stack->configs, stack->config_count, use->source);
        struct plan_file *planned = NULL;

        if (!file)
            continue;
        planned = ALLOC_APPEND(plan->files, plan->file_count);
        planned->file = file;
        planned->use = use;
        planned->path = own(plan, alloc_format("%s/%s-%zu", input->files_folder, kind, i));
        add_bind(plan, planned->path, use->target, true);
    }
}

static const struct {
    const char *name;
    int resource;
} ulimit_names[] = {
    { "core", RLIMIT_CORE },         { "cpu", RLIMIT_CPU },
    { "data", RLIMIT_DATA },         { "fsize", RLIMIT_FSIZE },
    { "locks", RLIMIT_LOCKS },       { "memlock", RLIMIT_MEMLOCK },
    { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
    { "nofile", RLIMIT_NOFILE },     { "nproc", RLIMIT_NPROC },
    { "rss", RLIMIT_RSS },           { "rtprio", RLIMIT_RTPRIO },
    { "rttime", RLIMIT_RTTIME },     { "sigpending", RLIMIT_SIGPENDING },
    { "stack", RLIMIT_STACK },
};

static int plan_ulimit(const struct service_ulimit *wanted, struct plan *plan, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(ulimit_names); i++) {
        struct container_ulimit *limit = NULL;

        if (strcmp(ulimit_names[i].name, wanted->name) != 0)
            continue;
        limit = ALLOC_APPEND(plan->ulimits, plan->spec.program.ulimit_count);
        limit->resource = ulimit_names[i].resource;
        limit->soft = wanted->soft < 0 ? RLIM_INFINITY : (uint64_t)wanted->soft;
        limit->hard = wanted->hard < 0 ? RLIM_INFINITY : (uint64_t)wanted->hard;
        return 0;
    }
    return error_set(err, ERROR_INVALID, "unknown ulimit '%s': give one of nofile, nproc, core, …",
                     wanted->name);
}

/* security_opt: "no-new-privileges:false" and "seccomp=unconfined", with either sign. */
static void plan_security_options(const struct service *service, struct container_spec *spec)
{
    for (size_t i = 0; i < service->security_opt.count; i++) {
        const char *option = service->security_opt.items[i];

        if (text_equal(option, "no-new-privileges:false") ||
            text_equal(option, "no-new-privileges=false"))
            spec->program.allow_new_privileges = true;
        else if (text_equal(option, "seccomp:unconfined") ||
                 text_equal(option, "seccomp=unconfined"))
            spec->program.seccomp_unconfined = true;
    }
}

struct container_limits plan_limits(const struct service *service)
{
    return (struct container_limits){
        .cpu_millis = service->limits.cpu_millis,
        .memory_bytes = service->limits.memory_bytes,
        .memory_low_bytes = service->reservations.memory_bytes,
        .pids = service->limits.pids,
    };
}

/* What is beyond the limits that change while it runs. */
static void plan_resources(const struct service *service, struct plan *plan)
{
    struct container_resources *resources = &plan->resources;

    resources->cpus = service->cpuset;
    if (service->cpu_shares > 0)
        resources_set(resources, CONTAINER_CPU_SHARES, (int64_t)service->cpu_shares);
    if (service->memory_and_swap_bytes > 0) {
        resources_set(resources, CONTAINER_MEMORY_LIMIT, (int64_t)service->limits.memory_bytes);
        resources_set(resources, CONTAINER_MEMORY_SWAP, (int64_t)service->memory_and_swap_bytes);
    }
    if (resources->cpus || resources->given)
        plan->spec.resources = resources;
}

static int plan_security(const struct service *service, struct plan *plan, struct error *err)
{
    struct container_spec *spec = &plan->spec;
    uint64_t base = service->privileged ? capability_all() : capability_default();

    plan_security_options(service, spec);
    spec->program.privileged = service->privileged;
    if (service->privileged)
        spec->program.allow_new_privileges = true;
    if (capability_apply(base, &service->cap_add, &service->cap_drop, &spec->program.capabilities,
                         err) < 0)
        return error_wrap(err, "service '%s'", service->name);
    for (size_t i = 0; i < service->ulimit_count; i++)
        if (plan_ulimit(&service->ulimits[i], plan, err) < 0)
            return error_wrap(err, "service '%s'", service->name);
    spec->limits = plan_limits(service);
    plan_resources(service, plan);
    return 0;
}

static enum container_namespace_how network_kind(const struct service *service)
{
    if (text_equal(service->network_mode, "host"))
        return CONTAINER_INHERIT;
    if (text_equal(service->network_mode, "none"))
        return CONTAINER_NEW;
    return CONTAINER_JOIN;
}

/* Shared memory of the machine has a file system, too. */
static void plan_namespaces(const struct service *service, struct plan *plan)
{
    const struct {
        const char *mode;
        enum container_namespace which;
    } shared[] = {
        { service->pid, CONTAINER_NAMESPACE_PID },
        { service->ipc, CONTAINER_NAMESPACE_IPC },
    };

    for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
        if (text_equal(shared[i].mode, "host"))
            plan->spec.namespaces[shared[i].which].how = CONTAINER_INHERIT;
    if (text_equal(service->ipc, "host"))
        add_bind(plan, "/dev/shm", "/dev/shm", false);
}

static const char *first_text(const char *own_text, const char *image_text)
{
    if (!text_is_empty(own_text))
        return own_text;
    return text_is_empty(image_text) ? NULL : image_text;
}

/* Not that of the supervisor, which is to outlive its containers. */
static const int usual_oom_score = 0;

static void plan_process(const struct plan_input *input, struct plan *plan)
{
    const struct service *service = input->service;
    const struct image_config *image = &input->image->config;
    struct container_spec *spec = &plan->spec;

    spec->hostname = own(plan, alloc_text(service->hostname ? service->hostname : input->hostname));
    spec->domainname = service->domainname;
    plan_arguments(service, image, &spec->program.args);
    plan_environment(service, image, spec->hostname, &spec->program.env);
    spec->program.cwd = first_text(service->working_dir, image->working_dir);
    spec->program.user = first_text(service->user, image->user);
    strings_copy(&spec->program.groups, &service->group_add);
    spec->program.oom_score_adj = &usual_oom_score;
    spec->shm_bytes = service->shm_bytes;
    spec->sysctls = &service->sysctls;
    spec->init = service->init;
    spec->program.terminal = service->tty;
    spec->read_only = service->read_only;
    spec->sibling = true;
    spec->program.stdin_fd = spec->program.stdout_fd = spec->program.stderr_fd = -1;
}

static void plan_place(const struct plan_input *input, struct plan *plan)
{
    struct container_spec *spec = &plan->spec;

    spec->id = own(plan, alloc_text(input->id));
    spec->cgroup_parent = own(plan, alloc_text(input->cgroup_parent));
    strings_copy(&spec->lower, &input->image->layers);
    spec->upper = own(plan, alloc_format("%s/upper", input->data_folder));
    spec->work = own(plan, alloc_format("%s/work", input->data_folder));
    spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how = network_kind(input->service);
    if (spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how == CONTAINER_JOIN)
        spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path =
            own(plan, alloc_text(input->netns_path));
}

int plan_make(const struct plan_input *input, struct plan **out, struct error *err)
{
    AUTO(plan) struct plan *plan = alloc_new(struct plan);

    plan_place(input, plan);
    plan_process(input, plan);
    if (plan->spec.program.args.count == 0)
        return error_set(err, ERROR_INVALID,
                         "service '%s' has no command: give 'command', or ENTRYPOINT or CMD in "
                         "the image",
                         input->service->name);
    plan_namespaces(input->service, plan);
    plan_generated_files(input, plan);
    for (size_t i = 0; i < input->service->mount_count; i++)
        plan_mount(input, i, plan);
    plan_image_volumes(input, plan);
    plan_files(input, "secret", plan);
    plan_files(input, "config", plan);
    if (plan_security(input->service, plan, err) < 0)
        return -1;
    plan->spec.mounts = plan->mounts;
    plan->spec.program.ulimits = plan->ulimits;
    *out = STEAL_PTR(plan);
    return 0;
}

void plan_set_ids(struct plan *plan, uint32_t first, uint32_t count)
{
    plan->ids = (struct container_id_map){ .outside = first, .count = count };
    plan->spec.id_maps = (struct container_id_maps){ &plan->ids, &plan->ids, 1, 1 };
    for (size_t i = 0; i < plan->spec.mount_count; i++)
        plan->mounts[i].idmap = plan->mounts[i].kind == CONTAINER_MOUNT_BIND;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    strings_done(&plan->spec.lower);
    strings_done(&plan->spec.program.args);
    strings_done(&plan->spec.program.env);
    strings_done(&plan->spec.program.groups);
    strings_done(&plan->owned);
    free(plan->mounts);
    free(plan->ulimits);
    free(plan->devices);
    free(plan->volumes);
    free(plan->files);
    free(plan);
}
