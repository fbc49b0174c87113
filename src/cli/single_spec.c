/* SPDX-License-Identifier: MIT */

/*
 * The options of `carte run` and `create`, and the stack file that they come to
 */

#include "cli/single_spec.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/single_mount.h"
#include "cli/single_network.h"
#include "image/config_json.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/parse.h"

#define ENV_FILE_MAX (1U << 20)

/* Options that go under a key as they are. */
#define KEY(kind_, member_, key_, spelling_)                                                       \
    {                                                                                              \
        .kind = OPTION_##kind_, .offset = offsetof(struct single_options, member_), .key = (key_), \
        .spelling = (spelling_)                                                                    \
    }
static const struct row {
    enum option_kind kind;
    size_t offset;
    const char *key, *spelling;
} rows[] = {
    KEY(FLAG, interactive, "stdin_open", "--interactive"),
    KEY(FLAG, terminal, "tty", "--tty"),
    KEY(FLAG, remove, "auto_remove", "--rm"),
    KEY(FLAG, init, "init", "--init"),
    KEY(FLAG, privileged, "privileged", "--privileged"),
    KEY(FLAG, read_only, "read_only", "--read-only"),
    KEY(TEXT, user, "user", "--user"),
    KEY(TEXT, userns, "userns_mode", "--userns"),
    KEY(TEXT, workdir, "working_dir", "--workdir"),
    KEY(TEXT, domainname, "domainname", "--domainname"),
    KEY(TEXT, stop_signal, "stop_signal", "--stop-signal"),
    KEY(TEXT, memory, "mem_limit", "--memory"),
    KEY(TEXT, cpus, "cpus", "--cpus"),
    KEY(TEXT, pids_limit, "pids_limit", "--pids-limit"),
    KEY(TEXT, memory_swap, "memswap_limit", "--memory-swap"),
    KEY(TEXT, memory_reservation, "mem_reservation", "--memory-reservation"),
    KEY(TEXT, cpuset, "cpuset", "--cpuset-cpus"),
    KEY(TEXT, cpu_shares, "cpu_shares", "--cpu-shares"),
    KEY(TEXT, pid, "pid", "--pid"),
    KEY(TEXT, ipc, "ipc", "--ipc"),
    KEY(TEXT, shm_size, "shm_size", "--shm-size"),
    KEY(LIST, ports, "ports", "--publish"),
    KEY(LIST, expose, "expose", "--expose"),
    KEY(LIST, cap_add, "cap_add", "--cap-add"),
    KEY(LIST, cap_drop, "cap_drop", "--cap-drop"),
    KEY(LIST, security_opt, "security_opt", "--security-opt"),
    KEY(LIST, tmpfs, "tmpfs", "--tmpfs"),
    KEY(LIST, extra_hosts, "extra_hosts", "--add-host"),
    KEY(LIST, dns, "dns", "--dns"),
    KEY(LIST, dns_search, "dns_search", "--dns-search"),
    KEY(LIST, dns_opt, "dns_opt", "--dns-option"),
    KEY(LIST, group_add, "group_add", "--group-add"),
    KEY(LIST, sysctls, "sysctls", "--sysctl"),
    KEY(LIST, devices, "devices", "--device"),
};

/* The keys that are filled otherwise, and those that the reader has for one of the above. */
static const struct {
    const char *key, *spelling;
} others[] = {
    { "volumes", "--volume" },
    { "labels", "--label" },
    { "environment", "--env" },
    { "ulimits", "--ulimit" },
    { "hostname", "--hostname" },
    { "container_name", "--name" },
    { "stop_grace_period", "--stop-timeout" },
    { "network_mode", "--network" },
    { "networks", "--network" },
    { "entrypoint", "--entrypoint" },
    { "restart", "--restart" },
    { "deploy.restart_policy", "--restart" },
    { "deploy.resources.limits.cpus", "--cpus" },
    { "deploy.resources.limits.memory", "--memory" },
    { "deploy.resources.limits.pids", "--pids-limit" },
    { "deploy.resources.reservations.memory", "--memory-reservation" },
    { "healthcheck.test", "--health-cmd" },
    { "healthcheck.interval", "--health-interval" },
    { "healthcheck.timeout", "--health-timeout" },
    { "healthcheck.start_period", "--health-start-period" },
    { "healthcheck.start_interval", "--health-start-interval" },
    { "healthcheck.retries", "--health-retries" },
};

static bool is_below(const char *key, const char *above)
{
    size_t length = strlen(above);

    return strncmp(key, above, length) == 0 && (key[length] == '\0' || key[length] == '.');
}

const char *single_spec_spelling(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (is_below(key, rows[i].key))
            return rows[i].spelling;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (is_below(key, others[i].key))
            return others[i].spelling;
    return NULL;
}

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

/* One a line, taken as it is; lines that begin with # are remarks. */
static int read_lines(const char *path, struct strings *out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    char *state = NULL;

    if (file_read(AT_FDCWD, path, ENV_FILE_MAX, &text, err) < 0)
        return -1;
    if (text.length == 0)
        return 0;
    for (char *line = strtok_r(text.data, "\r\n", &state); line;
         line = strtok_r(NULL, "\r\n", &state)) {
        line += strspn(line, " \t");
        if (*line && *line != '#')
            strings_add(out, line);
    }
    return 0;
}

static int add_env_file(const char *path, struct strings *env, struct error *err)
{
    AUTO_STRINGS struct strings lines = { 0 };

    if (read_lines(path, &lines, err) < 0)
        return error_wrap(err, "option '--env-file'");
    for (size_t i = 0; i < lines.count; i++)
        set_variable(lines.items[i], env);
    return 0;
}

/* Those of the options win over those of files. */
static int set_labels(const struct single_options *options, struct json *service, struct error *err)
{
    AUTO_STRINGS struct strings lines = { 0 };
    struct json *labels = NULL;

    for (size_t i = 0; i < options->label_files.count; i++)
        if (read_lines(options->label_files.items[i], &lines, err) < 0)
            return error_wrap(err, "option '--label-file'");
    for (size_t i = 0; i < options->labels.count; i++)
        strings_add(&lines, options->labels.items[i]);
    if (lines.count == 0)
        return 0;
    labels = json_new_object();
    json_set(service, "labels", labels);
    for (size_t i = 0; i < lines.count; i++) {
        AUTO_FREE char *key = alloc_text_part(lines.items[i], strcspn(lines.items[i], "="));
        const char *equals = strchr(lines.items[i], '=');

        json_set_text(labels, key, equals ? equals + 1 : "");
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
    set_time(check, "start_interval", options->health_start_interval_ms);
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
    if (set_environment(options, service, err) < 0 || set_labels(options, service, err) < 0)
        return -1;
    return set_ulimits(options, service, err);
}

/* The platform may be told by name as long as it is this machine's. */
static int check_platform(const char *platform, struct error *err)
{
    AUTO_FREE char *own = alloc_format("linux/%s", config_json_architecture());
    size_t length = strlen(own);

    if (!platform || (strncmp(platform, own, length) == 0 &&
                      (platform[length] == '\0' || platform[length] == '/')))
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "option '--platform': this machine runs '%s' and cannot run '%s'", own,
                     platform);
}

static int check_logging(const struct single_options *options, struct error *err)
{
    const char *driver = options->log_driver;

    if (driver && strcmp(driver, "json-file") != 0 && strcmp(driver, "local") != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "option '--log-driver': '%s' is not built; what is written is kept in "
                         "files of JSON lines (json-file) and read with carte logs",
                         driver);
    if (options->log_opts.count > 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "option '--log-opt': '%s' is not built; files of 10 MiB are kept, three "
                         "of each container",
                         options->log_opts.items[0]);
    return 0;
}

static int check_together(const struct single_options *options, struct error *err)
{
    if (options->remove && options->restart && strcmp(options->restart, "no") != 0)
        return error_set(err, ERROR_INVALID,
                         "options '--rm' and '--restart' exclude each other: what is removed when "
                         "it has ended cannot be started again");
    if (options->no_health &&
        (options->health_cmd || options->health_interval_ms != OPTION_UNSET ||
         options->health_timeout_ms != OPTION_UNSET || options->health_retries != OPTION_UNSET ||
         options->health_start_period_ms != OPTION_UNSET ||
         options->health_start_interval_ms != OPTION_UNSET))
        return error_set(err, ERROR_INVALID,
                         "option '--no-healthcheck' excludes the other options '--health-...'");
    return check_platform(options->platform, err) < 0 ? -1 : check_logging(options, err);
}

int single_spec_format(const struct single_options *options, const char *name,
                       const struct strings *words, char **out, struct error *err)
{
    AUTO(json) struct json *file = json_new_object();
    struct json *services = json_new_object();
    struct json *service = json_new_object();
    struct json *volumes = json_new_object();
    struct json *networks = json_new_object();

    json_set_text(file, "name", SINGLE_PROJECT);
    json_set(file, "services", services);
    json_set(file, "volumes", volumes);
    json_set(file, "networks", networks);
    json_set(services, name, service);
    if (check_together(options, err) < 0 || fill_service(options, name, words, service, err) < 0 ||
        single_network_set(options, service, networks, err) < 0 ||
        single_mount_add(options, service, volumes, err) < 0)
        return -1;
    *out = json_print(file, false);
    return 0;
}
