/* SPDX-License-Identifier: MIT */

/*
 * The options of `carte run` and `create`, and the stack file that they come to
 */

#include "cli/single_spec.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "supervise/single.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/parse.h"

#define ENV_FILE_MAX (1U << 20)

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

const struct option single_spec_options[] = {
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
    FLAG_OPTION(0, "no-sig-proxy", no_proxy, "Pass no signals on."),
    LIST_OPTION('e', "env", "KEY=VALUE", env,
                "Set a variable; KEY alone takes it from the environment; may be given again."),
    LIST_OPTION(0, "env-file", "FILE", env_files, "Set the variables of a file, one a line."),
    LIST_OPTION('v', "volume", "SOURCE:TARGET[:ro]", volumes,
                "Mount a folder of this machine, or a volume by name; may be given again."),
    LIST_OPTION(0, "tmpfs", "TARGET[:OPTIONS]", tmpfs, "Mount a file system in memory."),
    LIST_OPTION('p', "publish", "[HOST:]PORT[/udp]", ports,
                "Publish a port on this machine; may be given again."),
    LIST_OPTION(0, "expose", "PORT", expose, "Note a port that it listens on."),
    TEXT_OPTION(0, "network", "MODE", network,
                "bridge (with a network of its own to the outside), host or none."),
    LIST_OPTION(0, "add-host", "NAME:ADDRESS", extra_hosts, "A line of its /etc/hosts."),
    LIST_OPTION(0, "dns", "ADDRESS", dns, "A name server to ask."),
    TEXT_OPTION('h', "hostname", "NAME", hostname, "Its host name; else its own name."),
    TEXT_OPTION(0, "domainname", "NAME", domainname, "Its domain name."),
    TEXT_OPTION('u', "user", "USER", user, "User, and group behind a colon."),
    LIST_OPTION(0, "group-add", "GROUP", group_add, "A further group."),
    TEXT_OPTION('w', "workdir", "FOLDER", workdir, "Folder that the command runs in."),
    TEXT_OPTION(0, "entrypoint", "PROGRAM", entrypoint,
                "Program in place of the image's; an empty one leaves the command alone."),
    TEXT_OPTION('m', "memory", "SIZE", memory, "Limit of its memory, such as 512m."),
    TEXT_OPTION(0, "cpus", "N", cpus, "Limit of its processors, such as 1.5."),
    TEXT_OPTION(0, "pids-limit", "N", pids_limit, "Limit of its processes."),
    TEXT_OPTION(0, "shm-size", "SIZE", shm_size, "Size of /dev/shm: 64m."),
    LIST_OPTION(0, "ulimit", "NAME=SOFT[:HARD]", ulimits, "A limit of each process."),
    LIST_OPTION(0, "sysctl", "KEY=VALUE", sysctls, "A setting of its namespaces."),
    LIST_OPTION(0, "cap-add", "CAPABILITY", cap_add, "A capability more."),
    LIST_OPTION(0, "cap-drop", "CAPABILITY", cap_drop, "A capability less; ALL for all."),
    LIST_OPTION(0, "security-opt", "OPTION", security_opt,
                "no-new-privileges:false or seccomp=unconfined."),
    FLAG_OPTION(0, "privileged", privileged, "Give it all rights on this machine."),
    FLAG_OPTION(0, "read-only", read_only, "Its root file system cannot be written."),
    FLAG_OPTION(0, "init", init, "A small init reaps orphans and passes signals on."),
    TEXT_OPTION(0, "restart", "POLICY", restart,
                "no, on-failure[:N], always or unless-stopped: no."),
    TEXT_OPTION(0, "stop-signal", "SIGNAL", stop_signal, "What asks it to stop."),
    TIME_OPTION("stop-timeout", stop_timeout_ms, "How long it has to stop: 10s."),
    LIST_OPTION('l', "label", "KEY=VALUE", labels, "A label; may be given again."),
    TEXT_OPTION(0, "health-cmd", "COMMAND", health_cmd, "Command that tells whether it is well."),
    TIME_OPTION("health-interval", health_interval_ms, "Time between two checks: 30s."),
    TIME_OPTION("health-timeout", health_timeout_ms, "Time that a check may take: 30s."),
    TIME_OPTION("health-start-period", health_start_period_ms,
                "Time in which failed checks do not count: 0s."),
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

/* Options that go under a key as they are. */
#define KEY(kind_, member_, key_)                                                                 \
    {                                                                                             \
        .kind = OPTION_##kind_, .offset = offsetof(struct single_options, member_), .key = (key_) \
    }
static const struct row {
    enum option_kind kind;
    size_t offset;
    const char *key;
} rows[] = {
    KEY(FLAG, interactive, "stdin_open"),
    KEY(FLAG, terminal, "tty"),
    KEY(FLAG, remove, "auto_remove"),
    KEY(FLAG, init, "init"),
    KEY(FLAG, privileged, "privileged"),
    KEY(FLAG, read_only, "read_only"),
    KEY(TEXT, user, "user"),
    KEY(TEXT, workdir, "working_dir"),
    KEY(TEXT, domainname, "domainname"),
    KEY(TEXT, stop_signal, "stop_signal"),
    KEY(TEXT, memory, "mem_limit"),
    KEY(TEXT, cpus, "cpus"),
    KEY(TEXT, pids_limit, "pids_limit"),
    KEY(TEXT, shm_size, "shm_size"),
    KEY(LIST, ports, "ports"),
    KEY(LIST, expose, "expose"),
    KEY(LIST, cap_add, "cap_add"),
    KEY(LIST, cap_drop, "cap_drop"),
    KEY(LIST, security_opt, "security_opt"),
    KEY(LIST, tmpfs, "tmpfs"),
    KEY(LIST, labels, "labels"),
    KEY(LIST, extra_hosts, "extra_hosts"),
    KEY(LIST, dns, "dns"),
    KEY(LIST, group_add, "group_add"),
    KEY(LIST, sysctls, "sysctls"),
};

static struct json *format_list(const struct strings *list)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < list->count; i++)
        json_append_text(array, list->items[i]);
    return array;
}

static void set_row(const struct single_options *options, const struct row *row,
                    struct json *service)
{
    const void *member = (const char *)options + row->offset;

    if (row->kind == OPTION_FLAG && *(const bool *)member)
        json_set_bool(service, row->key, true);
    else if (row->kind == OPTION_TEXT && *(const char *const *)member)
        json_set_text(service, row->key, *(const char *const *)member);
    else if (row->kind == OPTION_LIST && ((const struct strings *)member)->count > 0)
        json_set(service, row->key, format_list(member));
}

static void set_time(struct json *object, const char *key, int64_t time_ms)
{
    char text[32];

    if (time_ms == OPTION_UNSET)
        return;
    parse_format_duration(time_ms, text);
    json_set_text(object, key, text);
}

static void set_variable(const char *item, struct strings *env)
{
    const char *equals = strchr(item, '=');
    AUTO_FREE char *key =
        equals ? alloc_text_part(item, (size_t)(equals - item)) : alloc_text(item);
    const char *value = equals ? equals + 1 : getenv(item);

    if (value)
        strings_set_env(env, key, value);
}

/* One variable a line, taken as it is; lines that begin with # are remarks. */
static int add_env_file(const char *path, struct strings *env, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    char *state = NULL;

    if (file_read(AT_FDCWD, path, ENV_FILE_MAX, &text, err) < 0)
        return error_wrap(err, "option '--env-file'");
    if (text.length == 0)
        return 0;
    for (char *line = strtok_r(text.data, "\r\n", &state); line;
         line = strtok_r(NULL, "\r\n", &state)) {
        line += strspn(line, " \t");
        if (*line && *line != '#')
            set_variable(line, env);
    }
    return 0;
}

static int set_environment(const struct single_options *options, struct json *service,
                           struct error *err)
{
    AUTO_STRINGS struct strings env = { 0 };

    for (size_t i = 0; i < options->env_files.count; i++)
        if (add_env_file(options->env_files.items[i], &env, err) < 0)
            return -1;
    for (size_t i = 0; i < options->env.count; i++)
        set_variable(options->env.items[i], &env);
    if (env.count > 0)
        json_set(service, "environment", format_list(&env));
    return 0;
}

/* A source with a slash is a path of this machine, else the name of a volume. */
static void set_volumes(const struct single_options *options, struct json *service,
                        struct json *volumes)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < options->volumes.count; i++) {
        const char *item = options->volumes.items[i];
        size_t length = strcspn(item, ":");
        AUTO_FREE char *source = alloc_text_part(item, length);
        AUTO_FREE char *folder = item[0] == '.' ? realpath(".", NULL) : NULL;

        if (item[length] == ':' && length > 0 && !strchr(source, '/') && source[0] != '.' &&
            !json_find(volumes, source)) {
            struct json *volume = json_new_object();

            json_set_text(volume, "name", source);
            json_set(volumes, source, volume);
        }
        if (folder) {
            AUTO_FREE char *absolute = alloc_format("%s/%s", folder, item);

            json_append_text(array, absolute);
        } else {
            json_append_text(array, item);
        }
    }
    if (json_count(array) > 0)
        json_set(service, "volumes", array);
    else
        json_free(array);
}

static int set_ulimits(const struct single_options *options, struct json *service,
                       struct error *err)
{
    struct json *limits = json_new_object();

    json_set(service, "ulimits", limits);
    for (size_t i = 0; i < options->ulimits.count; i++) {
        const char *item = options->ulimits.items[i];
        const char *equals = strchr(item, '=');
        const char *colon = equals ? strchr(equals, ':') : NULL;
        struct json *limit = json_new_object();
        AUTO_FREE char *name = alloc_text_part(item, equals ? (size_t)(equals - item) : 0);
        AUTO_FREE char *soft =
            equals ? alloc_text_part(equals + 1, strcspn(equals + 1, ":")) : NULL;

        json_set(limits, name, limit);
        if (!equals)
            return error_set(err, ERROR_INVALID,
                             "option '--ulimit': '%s' is no limit; write NAME=SOFT[:HARD]", item);
        json_set_text(limit, "soft", soft);
        json_set_text(limit, "hard", colon ? colon + 1 : soft);
    }
    return 0;
}

static int set_network(const struct single_options *options, struct json *service,
                       struct error *err)
{
    const char *mode = options->network;

    if (!mode || strcmp(mode, "bridge") == 0 || strcmp(mode, "default") == 0)
        return 0;
    if (strcmp(mode, "host") != 0 && strcmp(mode, "none") != 0)
        return error_set(err, ERROR_INVALID,
                         "option '--network': '%s' is not built yet; write bridge, host or none, "
                         "or describe the networks in a stack file",
                         mode);
    json_set_text(service, "network_mode", mode);
    return 0;
}

static void set_health(const struct single_options *options, struct json *service)
{
    struct json *check = json_new_object();

    if (options->no_health)
        json_set_bool(check, "disable", true);
    if (options->health_cmd) {
        struct json *test = json_new_array();

        json_append_text(test, "CMD-SHELL");
        json_append_text(test, options->health_cmd);
        json_set(check, "test", test);
    }
    set_time(check, "interval", options->health_interval_ms);
    set_time(check, "timeout", options->health_timeout_ms);
    set_time(check, "start_period", options->health_start_period_ms);
    if (options->health_retries != OPTION_UNSET)
        json_set_int(check, "retries", options->health_retries);
    if (json_count(check) > 0)
        json_set(service, "healthcheck", check);
    else
        json_free(check);
}

static void set_command(const struct single_options *options, const struct strings *words,
                        struct json *service)
{
    struct json *command = json_new_array();
    struct json *entrypoint = json_new_array();

    json_set_text(service, "image", words->items[0]);
    for (size_t i = 1; i < words->count; i++)
        json_append_text(command, words->items[i]);
    if (words->count > 1)
        json_set(service, "command", command);
    else
        json_free(command);
    if (options->entrypoint && options->entrypoint[0])
        json_append_text(entrypoint, options->entrypoint);
    if (options->entrypoint)
        json_set(service, "entrypoint", entrypoint);
    else
        json_free(entrypoint);
}

/* Names may have what host names may not. */
static bool is_hostname(const char *name)
{
    return strlen(name) <= 63 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

static int fill_service(const struct single_options *options, const char *name,
                        const struct strings *words, struct json *service, struct error *err)
{
    json_set_text(service, "container_name", name);
    json_set_text(service, "restart", options->restart ? options->restart : "no");
    if (options->hostname || is_hostname(name))
        json_set_text(service, "hostname", options->hostname ? options->hostname : name);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        set_row(options, &rows[i], service);
    set_time(service, "stop_grace_period", options->stop_timeout_ms);
    set_command(options, words, service);
    set_health(options, service);
    if (set_environment(options, service, err) < 0 || set_ulimits(options, service, err) < 0)
        return -1;
    return set_network(options, service, err);
}

int single_spec_format(const struct single_options *options, const char *name,
                       const struct strings *words, char **out, struct error *err)
{
    AUTO(json) struct json *file = json_new_object();
    struct json *services = json_new_object();
    struct json *service = json_new_object();
    struct json *volumes = json_new_object();

    json_set_text(file, "name", SINGLE_PROJECT);
    json_set(file, "services", services);
    json_set(file, "volumes", volumes);
    json_set(services, name, service);
    if (fill_service(options, name, words, service, err) < 0)
        return -1;
    set_volumes(options, service, volumes);
    *out = json_print(file, false);
    return 0;
}
