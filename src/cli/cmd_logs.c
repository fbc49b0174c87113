/* SPDX-License-Identifier: MIT */

/*
 * `logs`: what the replicas have written, in the order of time
 *
 * Lines come straight from the log files, so that a stack that is not up has logs, too.
 */

#include "cli/cmd_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/log_printer.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/remote.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/place.h"

struct logs_options {
    bool follow, timestamps, no_prefix, no_colour, raw;
    const char *tail, *since;
};

#define COMMON_OPTIONS                                                                 \
    {                                                                                  \
        .letter = 'f',                                                                 \
        .name = "follow",                                                              \
        OPTION(FLAG, struct logs_options, follow),                                     \
        .doc = "Go on with new lines until Ctrl-C.",                                   \
    },                                                                                 \
        {                                                                              \
            .letter = 'n',                                                             \
            .name = "tail",                                                            \
            .argument = "N",                                                           \
            OPTION(TEXT, struct logs_options, tail),                                   \
            .fallback = "all",                                                         \
            .doc = "Begin with the last N lines of each replica.",                     \
        },                                                                             \
        {                                                                              \
            .letter = 't',                                                             \
            .name = "timestamps",                                                      \
            OPTION(FLAG, struct logs_options, timestamps),                             \
            .doc = "Print the time before each line.",                                 \
        },                                                                             \
        {                                                                              \
            .name = "raw",                                                             \
            OPTION(FLAG, struct logs_options, raw),                                    \
            .doc = "Print control characters as they are, also on a terminal.",        \
        },                                                                             \
    {                                                                                  \
        .name = "since", .argument = "TIME", OPTION(TEXT, struct logs_options, since), \
        .doc = "Only lines from this time on, such as 2026-01-31T12:00:00.000Z.",      \
    }

static const struct option logs_options[] = {
    COMMON_OPTIONS,
    {
        .name = "no-log-prefix",
        OPTION(FLAG, struct logs_options, no_prefix),
        .doc = "Leave out the replica's name before each line.",
    },
    {
        .name = "no-color",
        OPTION(FLAG, struct logs_options, no_colour),
        .doc = "Print without colours.",
    },
    { 0 },
};

static const struct option container_options[] = { COMMON_OPTIONS, { 0 } };

struct printing {
    struct log_printer printer;
    struct error err;
};

static bool print_record(void *context, const struct log_reader_record *record)
{
    struct printing *printing = context;

    return log_printer_write(&printing->printer, record, &printing->err) == 0;
}

/* Names of services, and of replicas such as "login-2", that have or had logs. */
static int check_names(const char *project, const struct strings *names, struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    AUTO_STRINGS struct strings services = { 0 };

    if (names->count == 0)
        return 0;
    if (remote_find_stack(project, &stack, err) < 0)
        return -1;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        const char *dash = strrchr(name, '-');

        /* What looks like a replica is judged by its service. */
        if (!dash || dash[1] == '\0' || dash[1 + strspn(dash + 1, "0123456789")] != '\0')
            strings_add(&services, name);
    }
    return stack ? remote_check_services(stack, &services, err) : 0;
}

/* Nothing printed would leave the reader guessing. */
static void note_absence(const char *project)
{
    AUTO_FREE char *folder = place_in_root("stacks/%s/logs", project);

    if (!file_exists(AT_FDCWD, folder) && errno == ENOENT)
        output_message(NULL, OUTPUT_PLAIN, "stack '%s' has no logs yet: it has not been up",
                       project);
}

static int parse_tail(struct command_call *call, const char *tail, int64_t *out, struct error *err)
{
    struct error ignored = { 0 };

    *out = -1;
    if (strcmp(tail, "all") == 0)
        return 0;
    if (parse_int(tail, 0, INT32_MAX, out, &ignored) == 0)
        return 0;
    return command_refuse(call, err,
                          "option '--tail': '%s' is no number of lines; write a number "
                          "or all",
                          tail);
}

/* Print the logs of `services` of a stack. */
static int print_logs(struct command_call *call, const char *project,
                      const struct strings *services, bool prefix, struct error *err)
{
    const struct logs_options *options = call->options;
    AUTO_CLOSE int stop_fd = -1;
    struct printing printing = { 0 };
    struct log_reader_query query = {
        .project = project,
        .services = services,
        .follow = options->follow,
        .since = options->since,
    };
    sigset_t signals;
    int result;

    if (parse_tail(call, options->tail, &query.tail, err) < 0)
        return -1;
    sigemptyset(&signals);
    if (options->follow) {
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        sigprocmask(SIG_BLOCK, &signals, NULL);
    }
    stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    query.stop_fd = stop_fd;
    log_printer_init(&printing.printer, prefix, options->timestamps);
    printing.printer.colour = printing.printer.colour && !options->no_colour;
    if (options->raw)
        printing.printer.cleans_stdout = printing.printer.cleans_stderr = false;
    result = log_reader_each(&query, print_record, &printing, err);
    log_printer_done(&printing.printer);
    if (result == 0 && printing.err.code != ERROR_NONE) {
        *err = printing.err;
        return error_wrap(err, "print the logs");
    }
    return result;
}

static int logs_run(struct command_call *call, struct error *err)
{
    const struct logs_options *options = call->options;
    AUTO_FREE char *project = NULL;

    if (project_find_name(call, &project, err) < 0 || check_names(project, call->operands, err) < 0)
        return -1;
    note_absence(project);
    return print_logs(call, project, call->operands, !options->no_prefix, err);
}

static int logs_container_run(struct command_call *call, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_STRINGS struct strings replicas = { 0 };

    if (container_find(call->operands->items[0], &found, err) < 0)
        return -1;
    strings_take(&replicas, alloc_format("%s-%lld", json_find_text(found.replica, "service", ""),
                                         (long long)json_find_int(found.replica, "index", 0)));
    return print_logs(call, found.project, &replicas, false, err);
}

const struct command cmd_logs = {
    .name = "logs",
    .operands = "[SERVICE...]",
    .summary = "Print what the replicas have written.",
    .details = "A replica is named as SERVICE-N. Works for a stack that is not up, too.",
    .options = logs_options,
    .options_size = sizeof(struct logs_options),
    .operand_max = COMMAND_MANY,
    .run = logs_run,
};

const struct command cmd_logs_container = {
    .name = "logs",
    .operands = "CONTAINER",
    .summary = "Print what a container has written.",
    .options = container_options,
    .options_size = sizeof(struct logs_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = logs_container_run,
};
