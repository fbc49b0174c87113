/* SPDX-License-Identifier: MIT */

/*
 * Ask the supervisor for a change, show how it goes, tell what failed and why
 */

#include "cli/action.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/follow.h"
#include "cli/log_printer.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"

/* So many last lines of a replica that failed are shown. */
#define LAST_LINES 10

struct last_lines {
    struct log_printer printer;
    struct text text;
};

static bool collect_line(void *context, const struct log_reader_record *record)
{
    struct last_lines *lines = context;

    log_printer_format(&lines->printer, record, &lines->text);
    return true;
}

/*
 * The logs tell more than any exit status; without them the error stands alone. What an earlier
 * replica of that name wrote is none of it.
 */
static void print_last_lines(const char *project, const char *replica, int64_t begin_ms)
{
    char since[32];
    AUTO_STRINGS struct strings names = { 0 };
    struct last_lines lines = { 0 };
    struct log_reader_query query = {
        .project = project,
        .services = &names,
        .tail = LAST_LINES,
        .stop_fd = -1,
        .since = since,
    };
    struct error ignored = { 0 };

    clock_format_wall(begin_ms, since);
    strings_add(&names, replica);
    log_printer_init(&lines.printer, true, false);
    lines.printer.colour = output_has_colour(STDERR_FILENO);
    if (log_reader_each(&query, collect_line, &lines, &ignored) == 0 && lines.text.length > 0) {
        output_message(NULL, OUTPUT_PLAIN, "the last lines of %s:", replica);
        if (file_write_all(STDERR_FILENO, lines.text.data, lines.text.length, &ignored) < 0)
            error_clear(&ignored);
    }
    log_printer_done(&lines.printer);
    text_done(&lines.text);
}

static int report_failure(struct command_call *call, const struct action *action,
                          const struct follow_answer *answer, int64_t begin_ms, struct error *err)
{
    AUTO_FREE char *replica = NULL;
    AUTO_FREE char *reason = NULL;

    switch (answer->end) {
    case FOLLOW_DONE:
        return 0;
    case FOLLOW_FAILED:
        print_last_lines(action->project, answer->replica, begin_ms);
        replica = output_clean(answer->replica);
        reason = output_clean(answer->reason);
        return error_set(err, ERROR_SYSTEM,
                         "%s failed: %s; 'carte-stack logs %s' shows all it wrote", replica,
                         reason[0] ? reason : "no reason is known", replica);
    case FOLLOW_INTERRUPTED:
        call->exit_status = COMMAND_EXIT_INTERRUPTED;
        return error_set(err, ERROR_SYSTEM,
                         "interrupted; the stack goes on without this command, 'carte-stack ps' "
                         "shows how");
    case FOLLOW_GONE:
        if (action->settle.goal == SETTLE_STOPPED)
            return 0;
        return error_set(err, ERROR_SYSTEM,
                         "stack '%s' went down meanwhile; start it with 'carte-stack up -d'",
                         action->project);
    }
    return 0;
}

int action_run(struct command_call *call, struct action *action, struct error *err)
{
    struct progress progress;
    struct follow_request request = {
        .project = action->project,
        .path = action->path,
        .settle = action->settle,
        .progress = &progress,
        .timeout_ms = action->timeout_ms,
        .signal_fd = action->signal_fd,
    };
    struct follow_answer answer = { 0 };
    AUTO(json) struct json *before = NULL;
    AUTO(json) struct json *body = STEAL_PTR(action->body);
    int result;

    if (!request.settle.before && remote_find_stack(action->project, &before, err) < 0)
        return -1;
    if (!request.settle.before)
        request.settle.before = before;
    if (request.settle.begin_ms == 0)
        request.settle.begin_ms = clock_wall_ms();
    request.body = STEAL_PTR(body);
    progress_init(&progress, call->globals->progress, action->title);
    result = follow_run(&request, &answer, err);
    progress_done(&progress);
    if (result == 0)
        result = report_failure(call, action, &answer, request.settle.begin_ms, err);
    free(answer.replica);
    free(answer.reason);
    return result;
}
