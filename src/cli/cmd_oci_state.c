/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci state`, `list` and `ps`: what there is
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_call.h"
#include "cli/output.h"
#include "cli/table.h"
#include "oci/lifecycle.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

static const char *const formats[] = { "table", "json", NULL };

static int print_json(const struct json *json, bool pretty, struct error *err)
{
    AUTO_FREE char *printed = json_print(json, pretty);
    AUTO_TEXT struct text out = { 0 };

    text_add_format(&out, "%s\n", printed);
    return output_result(text_get(&out), err);
}

static int state_run(struct command_call *call, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    AUTO(json) struct json *state = json_new_object();

    if (oci_call_open(call, false, &folder, &record, err) < 0)
        return -1;
    record_describe(&record, lifecycle_status(&record), state);
    return print_json(state, true, err);
}

const struct command cmd_oci_state = {
    .name = "state",
    .operands = "ID",
    .summary = "Print the state of a container as JSON.",
    .operand_min = 1,
    .operand_max = 1,
    .run = state_run,
};

struct list_options {
    bool quiet;
    const char *format;
};

static const struct option list_options[] = {
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct list_options, quiet),
        .doc = "Print only the ids.",
    },
    {
        .letter = 'f',
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct list_options, format),
        .fallback = "table",
        .choices = formats,
        .doc = "Print a table, or one JSON array.",
    },
    { 0 },
};

static int list_states(const char *root, const struct strings *ids, struct json *out,
                       struct error *err)
{
    for (size_t i = 0; i < ids->count; i++) {
        AUTO_FOLDER struct folder folder = FOLDER_NONE;
        AUTO_RECORD struct record record = { 0 };
        struct json *state = NULL;

        if (folder_open(root, ids->items[i], &folder, err) < 0 ||
            record_load(&folder, &record, err) < 0) {
            /* It has gone meanwhile, or was never made. */
            if (err->code != ERROR_NOT_FOUND)
                return -1;
            error_clear(err);
            continue;
        }
        state = json_new_object();
        record_describe(&record, lifecycle_status(&record), state);
        json_append(out, state);
    }
    return 0;
}

static void add_table(const struct json *states, struct text *out)
{
    static const char *const headings[] = { "ID",      "PID",   "STATUS", "BUNDLE",
                                            "CREATED", "OWNER", NULL };
    struct table table = { .headings = headings };

    for (const struct json *state = json_first(states); state; state = json_next(state)) {
        char pid[32];

        snprintf(pid, sizeof(pid), "%lld", (long long)json_find_int(state, "pid", 0));
        table_add(&table, json_find_text(state, "id", ""));
        table_add(&table, pid);
        table_add(&table, json_find_text(state, "status", ""));
        table_add(&table, json_find_text(state, "bundle", ""));
        table_add(&table, json_find_text(state, "created", ""));
        table_add(&table, json_find_text(state, "owner", ""));
    }
    table_format(&table, out);
    table_done(&table);
}

static int list_run(struct command_call *call, struct error *err)
{
    const struct list_options *options = call->options;
    AUTO_FREE char *root = oci_call_root(call);
    AUTO_STRINGS struct strings ids = { 0 };
    AUTO(json) struct json *states = json_new_array();
    AUTO_TEXT struct text out = { 0 };

    if (folder_list(root, &ids, err) < 0 || list_states(root, &ids, states, err) < 0)
        return -1;
    if (!options->quiet && strcmp(options->format, "json") == 0)
        return print_json(states, false, err);
    if (!options->quiet)
        add_table(states, &out);
    else
        for (const struct json *state = json_first(states); state; state = json_next(state))
            text_add_format(&out, "%s\n", json_find_text(state, "id", ""));
    return output_result(text_get(&out), err);
}

const struct command cmd_oci_state_list = {
    .name = "list",
    .summary = "List the containers.",
    .options = list_options,
    .options_size = sizeof(struct list_options),
    .run = list_run,
};

struct ps_options {
    const char *format;
};

static const struct option ps_options[] = {
    {
        .letter = 'f',
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct ps_options, format),
        .fallback = "table",
        .choices = formats,
        .doc = "Print a table, or the process ids as one JSON array.",
    },
    { 0 },
};

/* The command line of a process, its words apart; its name where it has none. */
static void read_command(pid_t pid, struct text *out)
{
    struct error ignored = { 0 };
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    if (file_read(AT_FDCWD, path, (size_t)1 << 20, out, &ignored) < 0)
        error_clear(&ignored);
    for (size_t i = 0; i + 1 < out->length; i++) {
        if (out->data[i] == '\0')
            out->data[i] = ' ';
    }
}

static void add_processes(const pid_t *pids, size_t count, struct text *out)
{
    static const char *const headings[] = { "PID", "COMMAND", NULL };
    struct table table = { .headings = headings };

    for (size_t i = 0; i < count; i++) {
        AUTO_TEXT struct text command = { 0 };
        char pid[32];

        read_command(pids[i], &command);
        snprintf(pid, sizeof(pid), "%d", (int)pids[i]);
        table_add(&table, pid);
        table_add(&table, text_get(&command));
    }
    table_format(&table, out);
    table_done(&table);
}

static int ps_run(struct command_call *call, struct error *err)
{
    const struct ps_options *options = call->options;
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    AUTO_FREE pid_t *pids = NULL;
    AUTO(json) struct json *array = json_new_array();
    AUTO_TEXT struct text out = { 0 };
    size_t count = 0;

    if (oci_call_open(call, false, &folder, &record, err) < 0 ||
        container_list(record.cgroup, record.id, record.cgroup_mark, &pids, &count, err) < 0)
        return -1;
    if (strcmp(options->format, "json") == 0) {
        for (size_t i = 0; i < count; i++)
            json_append(array, json_new_int(pids[i]));
        return print_json(array, false, err);
    }
    add_processes(pids, count, &out);
    return output_result(text_get(&out), err);
}

const struct command cmd_oci_state_ps = {
    .name = "ps",
    .operands = "ID",
    .summary = "List the processes of a container, by their ids on the host.",
    .options = ps_options,
    .options_size = sizeof(struct ps_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = ps_run,
};
