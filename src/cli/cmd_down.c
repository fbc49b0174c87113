/* SPDX-License-Identifier: MIT */

/*
 * `down`: stop the stack and leave nothing behind
 *
 * The supervisor stops the replicas and ends; what remains is swept by name, which also works
 * where no supervisor can be brought back.
 */

#include "cli/cmd_down.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/background.h"
#include "cli/build_network.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/progress.h"
#include "cli/project.h"
#include "cli/remote.h"
#include "supervise/supervisor.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"

struct down_options {
    bool volumes, remove_orphans;
    int64_t timeout_ms;
};

static const struct option down_options[] = {
    {
        .letter = 'v',
        .name = "volumes",
        OPTION(FLAG, struct down_options, volumes),
        .doc = "Remove the named volumes of the stack, too, with all that is in them.",
    },
    {
        .letter = 't',
        .name = "timeout",
        .argument = "TIME",
        OPTION(DURATION, struct down_options, timeout_ms),
        .doc = "Kill what has not stopped after this time, instead of stop_grace_period.",
    },
    {
        .name = "remove-orphans",
        OPTION(FLAG, struct down_options, remove_orphans),
        .hidden = true,
        .doc = "Always so: a stack is taken down as a whole.",
    },
    { 0 },
};

/* Ask the supervisor, and wait until it has gone. */
static int stop_all(struct command_call *call, const char *project, struct progress *progress,
                    struct error *err)
{
    const struct down_options *options = call->options;
    AUTO_CLOSE int signal_fd = -1;
    AUTO_STRINGS struct strings none = { 0 };
    struct follow_request request = {
        .project = project,
        .path = "/v1/down",
        .body = remote_new_body(&none, options->timeout_ms),
        .settle = { .goal = SETTLE_STOPPED },
        .progress = progress,
        .timeout_ms = OPTION_UNSET,
    };
    struct follow_answer answer = { 0 };
    int result;

    if (background_open_signals(&signal_fd, err) < 0) {
        json_free(request.body);
        return -1;
    }
    request.signal_fd = signal_fd;
    result = follow_run(&request, &answer, err);
    free(answer.replica);
    free(answer.reason);
    if (result == 0 && answer.end == FOLLOW_INTERRUPTED) {
        call->exit_status = COMMAND_EXIT_INTERRUPTED;
        return error_set(err, ERROR_SYSTEM,
                         "interrupted; the stack goes down without this command");
    }
    return result;
}

static void show_removed(struct progress *progress, const struct json *stack)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));
    const struct json *network = json_first(json_find(stack, "networks"));

    for (; replica; replica = json_next(replica)) {
        AUTO_FREE char *name = alloc_format("Container %s", json_find_text(replica, "name", ""));

        progress_update(progress, name, PROGRESS_DONE, "Removed");
    }
    for (; network; network = json_next(network)) {
        AUTO_FREE char *name = alloc_format("Network %s", json_find_text(network, "name", ""));

        /* An external network belongs to somebody else. */
        if (!json_find_bool(network, "external", false))
            progress_update(progress, name, PROGRESS_DONE, "Removed");
    }
}

static int remove_volumes(const char *project, struct progress *progress, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    if (project_load_stored(project, &stack, err) < 0)
        return -1;
    for (size_t i = 0; stack && i < stack->volume_count; i++) {
        const struct stack_volume *volume = &stack->volumes[i];
        AUTO_FREE char *path = place_in_root("volumes/%s", volume->name);
        AUTO_FREE char *item = alloc_format("Volume %s", volume->name);

        /* An external volume belongs to somebody else. */
        if (volume->external || !file_exists(AT_FDCWD, path))
            continue;
        if (file_remove_tree(AT_FDCWD, path, err) < 0)
            return error_wrap(err, "remove volume '%s'", volume->name);
        progress_update(progress, item, PROGRESS_DONE, "Removed");
    }
    return 0;
}

static int take_down(struct command_call *call, const char *project, struct progress *progress,
                     struct error *err)
{
    const struct down_options *options = call->options;
    AUTO(json) struct json *stack = NULL;
    struct error ignored = { 0 };

    /* A supervisor that cannot be had is no reason to leave things behind. */
    if (remote_find_stack(project, &stack, &ignored) < 0)
        error_clear(&ignored);
    if (stack && stop_all(call, project, progress, err) < 0)
        return -1;
    if (supervisor_sweep(project, err) < 0)
        return error_wrap(err, "clean up after '%s'", project);
    if (build_network_sweep(err) < 0)
        return -1;
    if (stack)
        show_removed(progress, stack);
    return options->volumes ? remove_volumes(project, progress, err) : 0;
}

static int down_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *project = NULL;
    struct progress progress;
    int result;

    if (project_find_name(call, &project, err) < 0)
        return -1;
    progress_init(&progress, call->globals->progress, "Running");
    result = take_down(call, project, &progress, err);
    progress_done(&progress);
    return result;
}

const struct command cmd_down = {
    .name = "down",
    .summary = "Stop the stack and remove its replicas and networks.",
    .details = "Volumes and images stay, unless -v takes the named volumes along.",
    .options = down_options,
    .options_size = sizeof(struct down_options),
    .run = down_run,
};
