/* SPDX-License-Identifier: MIT */

/*
 * Services: their table
 */

#include "stack/service.h"

#include "stack/service_rules.h"
#include "stack/shorthand.h"
#include "stack/tables.h"
#include "util/clock.h"

static const char *const pull_policies[] = {
    "missing", "always", "never", "build", "refresh", NULL
};
static const char *const unhealthy_actions[] = { "restart", "replace", "none", NULL };
static const char *const user_namespaces[] = { "host", "auto", NULL };

static const struct field service_fields[] = {
    {
        .key = "image",
        MEMBER(STRING, struct service, image),
        .doc = "The image; one that is built and has no name is called `PROJECT-SERVICE`.",
    },
    {
        .key = "build",
        EMBEDDED(struct service, build, struct service_build, build_spec_object),
        .has_companion = true,
        .companion = offsetof(struct service, build.present),
        .expand = shorthand_build,
        .live = true,
        .doc = "How the image is built; one word is the folder.",
    },
    {
        .key = "platform",
        MEMBER(STRING, struct service, platform),
        .live = true,
        .doc = "The platform of the image; one that is not this machine's is refused.",
    },
    {
        .key = "pull_policy",
        MEMBER(CHOICE, struct service, pull_policy),
        .fallback = "missing",
        .choices = pull_policies,
        .live = true,
        .doc = "When `up` fetches the image: where it is missing and not built here, always, or "
               "never; `build` builds it each time; `refresh`, or `daily`, `weekly` and "
               "`every_DURATION`, where the last time was long ago.",
    },
    {
        .key = "pull_refresh_after",
        MEMBER(DURATION, struct service, pull_refresh_after_ms),
        .fallback = "0s",
        .live = true,
        .doc = "With `pull_policy: refresh`: after which time the registry is asked again.",
    },
    {
        .key = "container_name",
        MEMBER(STRING, struct service, container_name),
        .live = true,
        .doc = "The name of the only replica.",
    },
    {
        .key = "command",
        MEMBER_WITH(COMMAND, struct service, command, bool, has_command),
        .doc = "What is run, in place of the image's command; one string is split into words, "
               "without a shell.",
    },
    {
        .key = "entrypoint",
        MEMBER_WITH(COMMAND, struct service, entrypoint, bool, has_entrypoint),
        .doc = "What is put before the command, in place of the image's entry point.",
    },
    {
        .key = "environment",
        MEMBER(MAP, struct service, environment),
        .doc = "Variables; one without a value takes it from the environment of `up`.",
    },
    {
        .key = "env_file",
        ELEMENTS(OBJECTS, struct service, env_files, env_file_count, struct service_env_file,
                 service_parts_env_file),
        .expand_items = shorthand_add_env_file,
        .doc = "Files of variables; those of `environment` win over them.",
    },
    {
        .key = "labels",
        MEMBER(MAP, struct service, labels),
        .doc = "Labels of the replicas.",
    },
    {
        .key = "sysctls",
        MEMBER(MAP, struct service, sysctls),
        .doc = "Kernel settings inside the replica.",
    },
    {
        .key = "user",
        MEMBER(STRING, struct service, user),
        .doc = "`USER[:GROUP]`, by name or number, in place of the image's.",
    },
    {
        .key = "working_dir",
        MEMBER(STRING, struct service, working_dir),
        .doc = "The working folder, in place of the image's.",
    },
    { .key = "hostname", MEMBER(STRING, struct service, hostname), .doc = "The host name." },
    { .key = "domainname", MEMBER(STRING, struct service, domainname), .doc = "The domain name." },
    {
        .key = "ports",
        ELEMENTS(OBJECTS, struct service, ports, port_count, struct service_port,
                 service_parts_port),
        .expand_items = shorthand_add_ports,
        .live = true,
        .doc = "Ports that are published; short: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`.",
    },
    {
        .key = "expose",
        MEMBER(LIST, struct service, expose),
        .doc = "Ports that other services use; for people only, since all are reachable.",
    },
    {
        .key = "cap_add",
        MEMBER(LIST, struct service, cap_add),
        .doc = "Capabilities that are added.",
    },
    {
        .key = "cap_drop",
        MEMBER(LIST, struct service, cap_drop),
        .doc = "Capabilities that are dropped.",
    },
    {
        .key = "security_opt",
        MEMBER(LIST, struct service, security_opt),
        .doc = "`no-new-privileges`, `seccomp=unconfined`.",
    },
    {
        .key = "group_add",
        MEMBER(LIST, struct service, group_add),
        .doc = "More groups of the user.",
    },
    { .key = "dns", MEMBER(LIST, struct service, dns), .doc = "Name servers to ask." },
    {
        .key = "extra_hosts",
        MEMBER(LIST, struct service, extra_hosts),
        .joint = '=',
        .doc = "More names that resolve: `NAME=ADDRESS`.",
    },
    {
        .key = "profiles",
        MEMBER(LIST, struct service, profiles),
        .live = true,
        .doc = "The service is part of the stack only when one of these is asked for.",
    },
    {
        .key = "networks",
        ELEMENTS(NAMED, struct service, networks, network_count, struct service_network,
                 service_parts_network),
        .doc = "The networks that the service is on; `default` if none is given.",
    },
    {
        .key = "network_mode",
        MEMBER(STRING, struct service, network_mode),
        .doc = "`none`, `host`, or `service:NAME`: that service's; in place of networks.",
    },
    {
        .key = "volumes",
        ELEMENTS(OBJECTS, struct service, mounts, mount_count, struct service_mount,
                 service_parts_mount),
        .expand_items = shorthand_add_mount,
        .doc = "What is mounted; short: `[SOURCE:]TARGET[:ro]`.",
    },
    {
        .key = "depends_on",
        ELEMENTS(NAMED, struct service, depends_on, dependency_count, struct service_dependency,
                 service_parts_dependency),
        .live = true,
        .doc = "Services that are started first.",
    },
    {
        .key = "configs",
        ELEMENTS(OBJECTS, struct service, configs, config_count, struct service_file,
                 service_parts_config),
        .expand_items = shorthand_add_source,
        .doc = "Configs that the service may read.",
    },
    {
        .key = "secrets",
        ELEMENTS(OBJECTS, struct service, secrets, secret_count, struct service_file,
                 service_parts_secret),
        .expand_items = shorthand_add_source,
        .doc = "Secrets that the service may read.",
    },
    {
        .key = "healthcheck",
        EMBEDDED(struct service, healthcheck, struct service_healthcheck,
                 service_parts_healthcheck),
        .live = true,
        .doc = "How a replica's health is found out; else as the image says.",
    },
    {
        .key = "on_unhealthy",
        MEMBER(CHOICE, struct service, on_unhealthy),
        .fallback = "restart",
        .choices = unhealthy_actions,
        .own = true,
        .live = true,
        .doc = "What becomes of a replica that fails its health check.",
    },
    {
        .key = "auto_remove",
        MEMBER(BOOL, struct service, auto_remove),
        .fallback = "false",
        .own = true,
        .live = true,
        .doc = "A single container (`carte run --rm`) is removed when it has ended.",
    },
    {
        .key = "read_only",
        MEMBER(BOOL, struct service, read_only),
        .fallback = "false",
        .doc = "The root file system cannot be written.",
    },
    {
        .key = "init",
        MEMBER(BOOL, struct service, init),
        .fallback = "false",
        .doc = "A small init reaps orphans.",
    },
    {
        .key = "tty",
        MEMBER(BOOL, struct service, tty),
        .fallback = "false",
        .doc = "The output is a terminal.",
    },
    {
        .key = "stdin_open",
        MEMBER(BOOL, struct service, stdin_open),
        .fallback = "false",
        .doc = "The input stays open.",
    },
    {
        .key = "privileged",
        MEMBER(BOOL, struct service, privileged),
        .fallback = "false",
        .doc = "The replica has all rights on this machine, and its devices: see docs/security.md.",
    },
    {
        .key = "devices",
        ELEMENTS(OBJECTS, struct service, devices, device_count, struct service_device,
                 service_device_object),
        .expand_items = shorthand_add_device,
        .doc = "Devices of this machine; short: `SOURCE[:TARGET][:rwm]`.",
    },
    {
        .key = "userns_mode",
        MEMBER(CHOICE, struct service, user_namespace),
        .fallback = "host",
        .choices = user_namespaces,
        .doc = "`auto`: each replica has ids of its own, and its root is nobody on this machine.",
    },
    {
        .key = "stop_signal",
        MEMBER(STRING, struct service, stop_signal),
        .live = true,
        .doc = "The signal that asks to stop; else the image's, else `SIGTERM`.",
    },
    {
        .key = "stop_grace_period",
        MEMBER(DURATION, struct service, stop_grace_period_ms),
        .fallback = "10s",
        .max = DAY_MS,
        .live = true,
        .doc = "How long a replica may take to stop before it is killed.",
    },
    {
        .key = "shm_size",
        MEMBER(BYTES, struct service, shm_bytes),
        .fallback = "64m",
        .doc = "Shared memory.",
    },
    {
        .key = "ulimits",
        ELEMENTS(NAMED, struct service, ulimits, ulimit_count, struct service_ulimit,
                 service_parts_ulimit),
        .expand = shorthand_ulimit,
        .doc = "Limits of the processes; one number is both limits.",
    },
    {
        .key = "cpuset",
        MEMBER(STRING, struct service, cpuset),
        .doc = "The cores to run on, as in `0-2,4`.",
    },
    {
        .key = "cpu_shares",
        MEMBER(COUNT, struct service, cpu_shares),
        .doc = "The weight among replicas that want more than there is; 1024 is usual.",
    },
    {
        .key = "memswap_limit",
        MEMBER(BYTES, struct service, memory_and_swap_bytes),
        .doc = "Memory and swap together; needs `mem_limit`.",
    },
    {
        .key = "pid",
        MEMBER(STRING, struct service, pid),
        .doc = "The processes: `host`, those of this machine; else its own.",
    },
    {
        .key = "ipc",
        MEMBER(STRING, struct service, ipc),
        .doc = "Shared memory and queues: `host`, those of this machine; else its own.",
    },
    {
        .key = "deploy",
        GROUP(deploy_object),
        .doc = "How the service is deployed.",
    },
    {
        .key = "autoscale",
        EMBEDDED(struct service, autoscale, struct autoscale_policy, autoscale_policy_object),
        .has_companion = true,
        .companion = offsetof(struct service, autoscale.enabled),
        .own = true,
        .live = true,
        .doc = "The number of replicas follows the load.",
    },

    /* Other spellings. */
    {
        .key = "restart",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.restart_policy",
        .gives_way = true,
        .doc = "`no`, `always`, `on-failure[:TIMES]` or `unless-stopped`; `deploy.restart_policy` "
               "wins.",
    },
    {
        .key = "scale",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.replicas",
        .doc = "The same as `deploy.replicas`.",
    },
    {
        .key = "cpus",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.resources.limits.cpus",
        .doc = "The same as `deploy.resources.limits.cpus`.",
    },
    {
        .key = "mem_limit",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.resources.limits.memory",
        .doc = "The same as `deploy.resources.limits.memory`.",
    },
    {
        .key = "pids_limit",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.resources.limits.pids",
        .doc = "The same as `deploy.resources.limits.pids`.",
    },
    {
        .key = "mem_reservation",
        .kind = FIELD_MOVED,
        .moves_to = "deploy.resources.reservations.memory",
        .doc = "The same as `deploy.resources.reservations.memory`.",
    },
    {
        .key = "tmpfs",
        .kind = FIELD_MOVED,
        .moves_to = "volumes",
        .expand_items = shorthand_add_tmpfs,
        .doc = "Paths with a file system in memory, as `PATH[:size=64m,mode=1777]`.",
    },
    {
        .key = "links",
        .kind = FIELD_QUIET,
        .doc = "Services that are started first, as with `depends_on`.",
    },
    {
        .key = "extends",
        .kind = FIELD_QUIET,
        .doc = "Another service whose keys are taken over.",
    },

    LATER("annotations", "Annotations of the replicas."),
    LATER("attach", "Whether the output is shown by `up`."),
    LATER("blkio_config", "Limits of reading and writing."),
    LATER("cgroup", "The cgroup namespace."),
    LATER("cgroup_parent", "The cgroup above that of the replica."),
    LATER("cpu_count", "Cores, on other systems."),
    LATER("cpu_percent", "A share of the cores, on other systems."),
    LATER("cpu_period", "The period of the CPU quota."),
    LATER("cpu_quota", "The CPU quota; write `cpus`."),
    LATER("cpu_rt_period", "The period of the real-time quota."),
    LATER("cpu_rt_runtime", "The real-time quota."),
    LATER("credential_spec", "Credentials, on other systems."),
    LATER("develop", "What happens while files are edited."),
    LATER("device_cgroup_rules", "Rules for devices."),
    { .key = "dns_opt", MEMBER(LIST, struct service, dns_opt), .doc = "Options of resolv.conf." },
    { .key = "dns_search", MEMBER(LIST, struct service, dns_search), .doc = "Domains to search." },
    LATER("external_links", "Containers outside of the stack."),
    LATER("gpus", "Graphics processors."),
    LATER("isolation", "How replicas are kept apart, on other systems."),
    LATER("label_file", "Files of labels."),
    LATER("logging", "Where the output goes; it is kept in files that rotate."),
    LATER("mac_address", "A hardware address."),
    LATER("mem_swappiness", "How readily memory is swapped out."),
    LATER("models", "Language models."),
    LATER("oom_kill_disable", "Whether the replica is killed when memory runs out."),
    LATER("oom_score_adj", "Who is killed first when memory runs out."),
    LATER("post_start", "Commands after the start."),
    LATER("pre_start", "Commands before the start."),
    LATER("pre_stop", "Commands before the stop."),
    LATER("provider", "Another program that provides the service."),
    LATER("runtime", "The OCI runtime."),
    LATER("storage_opt", "Options of the root file system."),
    LATER("use_api_socket", "Access to the engine's socket."),
    LATER("uts", "The namespace of the host name."),
    LATER("volumes_from", "Mounts of another service."),
    {},
};

const struct object service_object = {
    .name = "a service",
    .doc = "A program that runs in one or several replicas.",
    .fields = service_fields,
    .size = sizeof(struct service),
    .name_offset = offsetof(struct service, name),
    .prepare = service_rules_prepare,
    .check = service_rules_check,
};
