/* SPDX-License-Identifier: MIT */

/*
 * The options of `carte run` and `create`: their rows
 */

#include "cli/single_option.h"

#define FLAG_OPTION(letter_, name_, member_, doc_)                                          \
    {                                                                                       \
        .letter = (letter_), .name = (name_), OPTION(FLAG, struct single_options, member_), \
        .doc = (doc_),                                                                      \
    }
#define TEXT_OPTION(letter_, name_, argument_, member_, doc_)          \
    {                                                                  \
        .letter = (letter_), .name = (name_), .argument = (argument_), \
        OPTION(TEXT, struct single_options, member_), .doc = (doc_),   \
    }
#define LIST_OPTION(letter_, name_, argument_, member_, doc_)          \
    {                                                                  \
        .letter = (letter_), .name = (name_), .argument = (argument_), \
        OPTION(LIST, struct single_options, member_), .doc = (doc_),   \
    }
#define TIME_OPTION(name_, member_, doc_)                                                      \
    {                                                                                          \
        .name = (name_), .argument = "TIME", OPTION(DURATION, struct single_options, member_), \
        .doc = (doc_),                                                                         \
    }

static const char *const pull_choices[] = { "missing", "always", "never", NULL };

const struct option single_option_rows[] = {
    FLAG_OPTION('d', "detach", detach, "Print the container's id once it has started."),
    FLAG_OPTION('i', "interactive", interactive, "Keep its input open, and pass ours on."),
    FLAG_OPTION('t', "tty", terminal, "Give it a terminal."),
    FLAG_OPTION(0, "rm", remove, "Remove it when it has ended."),
    TEXT_OPTION(0, "name", "NAME", name, "Its name; else one is made up."),
    TEXT_OPTION(0, "detach-keys", "KEYS", detach_keys,
                "Keys that leave it to itself: ctrl-p,ctrl-q."),
    {
        .name = "pull",
        .argument = "WHEN",
        OPTION(TEXT, struct single_options, pull),
        .fallback = "missing",
        .choices = pull_choices,
        .doc = "Fetch the image from its registry.",
    },
    FLAG_OPTION('q', "quiet", quiet, "Do not show how the image is fetched."),
    TEXT_OPTION(0, "platform", "PLATFORM", platform, "That of this machine: linux/amd64."),
    TEXT_OPTION(0, "cidfile", "FILE", cidfile, "Write its id to a file, which must not exist."),
    {
        .name = "sig-proxy",
        OPTION(FLAG, struct single_options, sig_proxy),
        .fallback = "true",
        .doc = "Pass signals on to it.",
    },
    LIST_OPTION('e', "env", "KEY=VALUE", env,
                "Set a variable; KEY alone takes it from the environment; may be given again."),
    LIST_OPTION(0, "env-file", "FILE", env_files, "Set the variables of a file, one a line."),
    LIST_OPTION('v', "volume", "SOURCE:TARGET[:ro]", volumes,
                "Mount a folder of this machine, or a volume by name; may be given again."),
    LIST_OPTION(0, "mount", "KEY=VALUE,...", mounts,
                "The same in keys: type=bind|volume|tmpfs, source, target, readonly, "
                "volume-nocopy, volume-subpath, tmpfs-size, tmpfs-mode."),
    LIST_OPTION(0, "tmpfs", "TARGET[:OPTIONS]", tmpfs, "Mount a file system in memory."),
    LIST_OPTION('p', "publish", "[HOST:]PORT[/udp]", ports,
                "Publish a port on this machine; may be given again."),
    FLAG_OPTION('P', "publish-all", publish_all,
                "Publish each port that the image or --expose notes, on one that is free."),
    LIST_OPTION(0, "expose", "PORT", expose, "Note a port that it listens on."),
    LIST_OPTION(0, "network", "NAME", networks,
                "A network that carte network create made; or bridge (with a way to the outside), "
                "host, none, or container:NAME (that one's); may be given again."),
    LIST_OPTION(0, "network-alias", "NAME", network_aliases,
                "A further name of it on those networks; may be given again."),
    TEXT_OPTION(0, "ip", "ADDRESS", ip, "Its address on the network."),
    LIST_OPTION(0, "add-host", "NAME:ADDRESS", extra_hosts, "A line of its /etc/hosts."),
    LIST_OPTION(0, "dns", "ADDRESS", dns, "A name server to ask."),
    LIST_OPTION(0, "dns-search", "DOMAIN", dns_search, "A domain to look names up in."),
    LIST_OPTION(0, "dns-option", "OPTION", dns_opt, "An option of /etc/resolv.conf."),
    TEXT_OPTION('h', "hostname", "NAME", hostname, "Its host name; else its own name."),
    TEXT_OPTION(0, "domainname", "NAME", domainname, "Its domain name."),
    TEXT_OPTION('u', "user", "USER", user, "User, and group behind a colon."),
    LIST_OPTION(0, "group-add", "GROUP", group_add, "A further group."),
    TEXT_OPTION(0, "userns", "MODE", userns,
                "host, or auto: ids of its own, and its root is nobody on this machine."),
    TEXT_OPTION(0, "pid", "MODE", pid, "host: it sees the processes of this machine."),
    TEXT_OPTION(0, "ipc", "MODE", ipc, "private, or host: it shares this machine's memory."),
    TEXT_OPTION('w', "workdir", "FOLDER", workdir, "Folder that the command runs in."),
    TEXT_OPTION(0, "entrypoint", "PROGRAM", entrypoint,
                "Program in place of the image's; an empty one leaves the command alone."),
    TEXT_OPTION('m', "memory", "SIZE", memory, "Limit of its memory, such as 512m."),
    TEXT_OPTION(0, "cpus", "N", cpus, "Limit of its processors, such as 1.5."),
    TEXT_OPTION(0, "memory-swap", "SIZE", memory_swap, "Limit of its memory and swap together."),
    TEXT_OPTION(0, "memory-reservation", "SIZE", memory_reservation,
                "Memory that is taken from it last when it is short."),
    TEXT_OPTION(0, "cpuset-cpus", "LIST", cpuset, "The processors that it runs on, such as 0-2,4."),
    TEXT_OPTION('c', "cpu-shares", "N", cpu_shares, "Its weight among others: 1024."),
    TEXT_OPTION(0, "pids-limit", "N", pids_limit, "Limit of its processes."),
    TEXT_OPTION(0, "shm-size", "SIZE", shm_size, "Size of /dev/shm: 64m."),
    LIST_OPTION(0, "ulimit", "NAME=SOFT[:HARD]", ulimits, "A limit of each process."),
    LIST_OPTION(0, "sysctl", "KEY=VALUE", sysctls, "A setting of its namespaces."),
    LIST_OPTION(0, "cap-add", "CAPABILITY", cap_add, "A capability more."),
    LIST_OPTION(0, "cap-drop", "CAPABILITY", cap_drop, "A capability less; ALL for all."),
    LIST_OPTION(0, "security-opt", "OPTION", security_opt,
                "no-new-privileges:false or seccomp=unconfined."),
    LIST_OPTION(0, "device", "SOURCE[:TARGET][:rwm]", devices,
                "A device of this machine; may be given again."),
    FLAG_OPTION(0, "privileged", privileged,
                "Give it all rights on this machine, and its devices."),
    FLAG_OPTION(0, "read-only", read_only, "Its root file system cannot be written."),
    FLAG_OPTION(0, "init", init, "A small init reaps orphans and passes signals on."),
    TEXT_OPTION(0, "restart", "POLICY", restart,
                "no, on-failure[:N], always or unless-stopped: no."),
    TEXT_OPTION(0, "stop-signal", "SIGNAL", stop_signal, "What asks it to stop."),
    TIME_OPTION("stop-timeout", stop_timeout_ms, "How long it has to stop: 10s."),
    LIST_OPTION('l', "label", "KEY=VALUE", labels, "A label; may be given again."),
    LIST_OPTION(0, "label-file", "FILE", label_files, "Add the labels of a file, one a line."),
    TEXT_OPTION(0, "log-driver", "DRIVER", log_driver, "json-file, as which logs are kept."),
    LIST_OPTION(0, "log-opt", "KEY=VALUE", log_opts, "Not built: there is nothing to set."),
    TEXT_OPTION(0, "health-cmd", "COMMAND", health_cmd, "Command that tells whether it is well."),
    TIME_OPTION("health-interval", health_interval_ms, "Time between two checks: 30s."),
    TIME_OPTION("health-timeout", health_timeout_ms, "Time that a check may take: 30s."),
    TIME_OPTION("health-start-period", health_start_period_ms,
                "Time in which failed checks do not count: 0s."),
    TIME_OPTION("health-start-interval", health_start_interval_ms,
                "Time between two checks in that time: 5s."),
    {
        .name = "health-retries",
        .argument = "N",
        OPTION(INT, struct single_options, health_retries),
        .min = 1,
        .max = INT32_MAX,
        .doc = "Failed checks until it is unhealthy: 3.",
    },
    FLAG_OPTION(0, "no-healthcheck", no_health, "Leave the image's health check out."),
    { 0 },
};
