/* SPDX-License-Identifier: MIT */

/*
 * What containers of any stack do: port, top, stats
 */

#include "cli/cmd_container.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/signal_fd.h"
#include "cli/table.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/text.h"

#define STAT_MAX 4096
#define COMMAND_MAX 4096

static int port_run(struct command_call *call, struct error *err)
{
    const char *wanted = call->operands->count > 1 ? call->operands->items[1] : NULL;
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_TEXT struct text out = { 0 };

    if (container_find(call->operands->items[0], &found, err) < 0)
        return -1;
    for (const struct json *port = json_first(json_find(found.replica, "ports")); port;
         port = json_next(port)) {
        const char *host_ip = json_find_text(port, "host_ip", "");
        const char *protocol = json_find_text(port, "protocol", "tcp");
        int64_t target = json_find_int(port, "target", 0);
        AUTO_FREE char *full = alloc_format("%" PRId64 "/%s", target, protocol);
        AUTO_FREE char *bare = alloc_format("%" PRId64, target);

        if (wanted && !text_equal(wanted, full) &&
            (strcmp(protocol, "tcp") != 0 || !text_equal(wanted, bare)))
            continue;
        if (!wanted)
            text_add_format(&out, "%s -> ", full);
        text_add_format(&out, "%s:%" PRId64 "\n", host_ip[0] ? host_ip : "0.0.0.0",
                        json_find_int(port, "published", 0));
    }
    if (wanted && out.length == 0)
        return error_set(err, ERROR_NOT_FOUND, "no port %s of '%s' is published", wanted,
                         json_find_text(found.replica, "name", ""));
    return output_result(text_get(&out), err);
}

/* What /proc tells of a process; false: it has ended. */
struct process {
    uid_t uid;
    int parent;
    uint64_t ticks;
    char command[COMMAND_MAX];
};

static bool read_process(pid_t pid, struct process *out)
{
    AUTO_FREE char *folder = alloc_format("/proc/%d", (int)pid);
    AUTO_FREE char *stat_path = alloc_format("%s/stat", folder);
    AUTO_FREE char *line_path = alloc_format("%s/cmdline", folder);
    AUTO_TEXT struct text stat_text = { 0 };
    AUTO_TEXT struct text line = { 0 };
    struct error ignored = { 0 };
    struct stat status;
    const char *name = NULL;
    const char *rest = NULL;
    unsigned long user = 0, system = 0;

    if (stat(folder, &status) < 0 ||
        file_read(AT_FDCWD, stat_path, STAT_MAX, &stat_text, &ignored) < 0)
        return false;
    name = strchr(text_get(&stat_text), '(');
    rest = strrchr(text_get(&stat_text), ')');
    if (!name || !rest ||
        sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &out->parent, &user,
               &system) != 3)
        return false;
    out->uid = status.st_uid;
    out->ticks = user + system;
    snprintf(out->command, sizeof(out->command), "[%.*s]", (int)(rest - name - 1), name + 1);
    if (file_read(AT_FDCWD, line_path, COMMAND_MAX - 1, &line, &ignored) == 0 && line.length > 0) {
        for (size_t i = 0; i + 1 < line.length; i++)
            if (line.data[i] == '\0')
                line.data[i] = ' ';
        snprintf(out->command, sizeof(out->command), "%s", line.data);
    }
    return true;
}

static void add_process(struct table *table, pid_t pid, const struct process *process)
{
    uint64_t seconds = process->ticks / (uint64_t)sysconf(_SC_CLK_TCK);
    char uid[16], number[16], parent[16], time[32];

    snprintf(uid, sizeof(uid), "%u", process->uid);
    snprintf(number, sizeof(number), "%d", (int)pid);
    snprintf(parent, sizeof(parent), "%d", process->parent);
    snprintf(time, sizeof(time), "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
             seconds / 60 % 60, seconds % 60);
    table_add(table, process->uid == 0 ? "root" : uid);
    table_add(table, number);
    table_add(table, parent);
    table_add(table, time);
    table_add(table, process->command);
}

static int top_run(struct command_call *call, struct error *err)
{
    static const char *const headings[] = { "UID", "PID", "PPID", "TIME", "CMD", NULL };
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_TEXT struct text out = { 0 };
    struct table table = { .headings = headings };
    AUTO_FREE pid_t *pids = NULL;
    size_t count = 0;

    if (container_find_running(call->operands->items[0], &found, err) < 0 ||
        container_list(json_find_text(found.replica, "cgroup_parent", NULL),
                       json_find_text(found.replica, "id", ""), NULL, &pids, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct process process;

        if (read_process(pids[i], &process))
            add_process(&table, pids[i], &process);
    }
    table_format(&table, &out);
    table_done(&table);
    return output_result(text_get(&out), err);
}

struct stats_options {
    bool no_stream, all;
    const char *format;
};

static const struct option stats_options[] = {
    {
        .letter = 'a',
        .name = "all",
        OPTION(FLAG, struct stats_options, all),
        .doc = "Show containers that do not run, too.",
    },
    {
        .name = "no-stream",
        OPTION(FLAG, struct stats_options, no_stream),
        .doc = "Print once, instead of each second until Ctrl-C.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct stats_options, format),
        .fallback = "table",
        .doc = "table, json or a template such as '{{.Name}} {{.CPUPerc}}'.",
    },
    { 0 },
};

static const struct listing_column stats_columns[] = {
    { "ID", "CONTAINER ID" }, { "Name", "NAME" },
    { "CPUPerc", "CPU %" },   { "MemUsage", "MEM USAGE / LIMIT" },
    { "MemPerc", "MEM %" },   { "BlockIO", "BLOCK I/O" },
    { "PIDs", "PIDS" },       { NULL, NULL },
};

static void set_pair(struct json *row, const char *key, uint64_t first, uint64_t second)
{
    char a[32], b[32];
    AUTO_FREE char *text = NULL;

    parse_format_bytes(first, a);
    parse_format_bytes(second, b);
    text = alloc_format("%s / %s", a, b);
    json_set_text(row, key, text);
}

static void set_percent(struct json *row, const char *key, double percent)
{
    AUTO_FREE char *text = alloc_format("%.2f%%", percent);

    json_set_text(row, key, text);
}

static uint64_t find_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What a container had used when it was looked at last. */
struct sample {
    char id[CONTAINER_FIND_ID_SIZE];
    uint64_t cpu_ns;
    int64_t at_ns;
};

struct samples {
    struct sample *items;
    size_t count;
};

/* The share of one processor since the last look, in per cent; the first look finds none. */
static double take_sample(struct samples *samples, const char *id, uint64_t cpu_ns)
{
    struct sample now = { .cpu_ns = cpu_ns, .at_ns = clock_now_ns() };
    struct sample *last = NULL;
    double percent = 0;

    snprintf(now.id, sizeof(now.id), "%s", id);
    for (size_t i = 0; i < samples->count && !last; i++)
        if (strcmp(samples->items[i].id, id) == 0)
            last = &samples->items[i];
    if (!last)
        last = ALLOC_APPEND(samples->items, samples->count);
    else if (cpu_ns > last->cpu_ns && now.at_ns > last->at_ns)
        percent = 100.0 * (double)(cpu_ns - last->cpu_ns) / (double)(now.at_ns - last->at_ns);
    *last = now;
    return percent;
}

static void add_stats(struct samples *samples, struct json *rows, const char *project,
                      const struct json *replica)
{
    struct container_usage usage = { 0 };
    struct error ignored = { 0 };
    struct json *row = json_new_object();
    AUTO_FREE char *pids = NULL;
    uint64_t limit = 0;
    char id[CONTAINER_FIND_ID_SIZE];

    container_find_id(project, replica, id);
    if (container_usage(json_find_text(replica, "cgroup_parent", NULL),
                        json_find_text(replica, "id", ""), &usage, &ignored) < 0)
        error_clear(&ignored);
    limit = usage.memory_limit_bytes ? usage.memory_limit_bytes : find_memory();
    pids = alloc_format("%" PRIu64, usage.pids);
    set_percent(row, "CPUPerc", take_sample(samples, id, usage.cpu_ns));
    id[12] = '\0';
    json_set_text(row, "ID", id);
    json_set_text(row, "Name", json_find_text(replica, "name", ""));
    set_pair(row, "MemUsage", usage.memory_bytes, limit);
    set_percent(row, "MemPerc", 100.0 * (double)usage.memory_bytes / (double)limit);
    set_pair(row, "BlockIO", usage.io_read_bytes, usage.io_write_bytes);
    json_set_text(row, "PIDs", pids);
    json_append(rows, row);
}

/* Those that are named, or all that run. */
static int collect_stats(struct command_call *call, struct samples *samples, struct json *rows,
                         struct error *err)
{
    const struct stats_options *options = call->options;
    AUTO_STRINGS struct strings projects = { 0 };

    for (size_t i = 0; i < call->operands->count; i++) {
        AUTO_CONTAINER_FIND struct container_find found = { 0 };

        if (container_find(call->operands->items[i], &found, err) < 0)
            return -1;
        add_stats(samples, rows, found.project, found.replica);
    }
    if (call->operands->count > 0)
        return 0;
    if (remote_list_projects(&projects, err) < 0)
        return -1;
    for (size_t i = 0; i < projects.count; i++) {
        AUTO(json) struct json *stack = NULL;
        struct error ignored = { 0 };

        if (remote_find_stack(projects.items[i], &stack, &ignored) < 0)
            continue;
        for (const struct json *replica = json_first(json_find(stack, "replicas")); replica;
             replica = json_next(replica))
            if (options->all || json_find_int(replica, "pid", 0) != 0)
                add_stats(samples, rows, projects.items[i], replica);
    }
    return 0;
}

static int print_stats(struct command_call *call, struct samples *samples, bool clears,
                       struct error *err)
{
    const struct stats_options *options = call->options;
    AUTO(json) struct json *rows = json_new_array();
    AUTO_TEXT struct text out = { 0 };
    struct listing listing = {
        .columns = stats_columns,
        .table = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.BlockIO}}\t"
                 "{{.PIDs}}",
        .rows = rows,
    };

    if (clears)
        text_add(&out, "\033[H\033[J");
    if (collect_stats(call, samples, rows, err) < 0 ||
        listing_format(&listing, options->format, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

/* A share of the processor is one of a second, so the first look prints nothing. */
static int look_each_second(struct command_call *call, struct samples *samples, int signal_fd,
                            struct error *err)
{
    const struct stats_options *options = call->options;
    bool clears = !options->no_stream && isatty(STDOUT_FILENO);
    AUTO(json) struct json *first = json_new_array();

    if (collect_stats(call, samples, first, err) < 0)
        return -1;
    for (;;) {
        struct pollfd end = { .fd = signal_fd, .events = POLLIN };

        if (poll(&end, 1, SECOND_MS) > 0 && signal_fd_take(signal_fd) != 0)
            return 0;
        if (print_stats(call, samples, clears, err) < 0)
            return -1;
        if (options->no_stream)
            return 0;
    }
}

static int stats_run(struct command_call *call, struct error *err)
{
    static const int ends[] = { SIGINT, SIGTERM };
    struct samples samples = { 0 };
    AUTO_CLOSE int signal_fd = -1;
    int result;

    if (signal_fd_open(ends, ARRAY_SIZE(ends), &signal_fd, err) < 0)
        return -1;
    result = look_each_second(call, &samples, signal_fd, err);
    free(samples.items);
    return result;
}

const struct command cmd_container_port = {
    .name = "port",
    .operands = "CONTAINER [PORT[/PROTOCOL]]",
    .summary = "List the published ports of a container.",
    .operand_min = 1,
    .operand_max = 2,
    .run = port_run,
};

const struct command cmd_container_top = {
    .name = "top",
    .operands = "CONTAINER",
    .summary = "List the processes of a container, by their ids on this machine.",
    .operand_min = 1,
    .operand_max = 1,
    .run = top_run,
};

const struct command cmd_container_stats = {
    .name = "stats",
    .operands = "[CONTAINER...]",
    .summary = "Show what containers use, of all stacks.",
    .options = stats_options,
    .options_size = sizeof(struct stats_options),
    .operand_max = COMMAND_MANY,
    .run = stats_run,
};
