/* SPDX-License-Identifier: MIT */

/*
 * What is done with single containers by name: start, stop, restart, kill, pause, unpause, rm,
 * wait
 *
 * Each name that was dealt with is printed, as users of other engines know it; a failure of one
 * does not keep the others from it.
 */

#include "cli/cmd_single.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/single_attach.h"
#include "cli/single_change.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

struct single_command_options {
    bool attach, interactive, force;
    const char *signal, *detach_keys;
    int64_t timeout_ms;
};

/* Do it with one container, whose name is printed afterwards. */
typedef int (*single_fn)(struct command_call *call, const struct container_find *found,
                         struct error *err);

static const char *name_of(const struct container_find *found)
{
    return json_find_text(found->replica, "service", "");
}

static int do_one(struct command_call *call, const char *word, single_fn function,
                  struct error *err)
{
    const struct single_command_options *options = call->options;
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_FREE char *line = NULL;

    if (container_find_single(word, &found, err) < 0) {
        if (!options->force || err->code != ERROR_NOT_FOUND)
            return -1;
        /* With -f it is enough that there is none. */
        output_message(NULL, OUTPUT_PLAIN, "%s", err->text);
        error_clear(err);
        return 0;
    }
    if (function(call, &found, err) < 0)
        return -1;
    line = alloc_format("%s\n", word);
    return output_result(line, err);
}

/* With `again`: what fails because of how things are now is not told yet, and listed there. */
static int do_words(struct command_call *call, const struct strings *words, single_fn function,
                    struct strings *again, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct error failure = { 0 };

        if (do_one(call, words->items[i], function, &failure) == 0)
            continue;
        if (again && failure.code == ERROR_EXISTS) {
            strings_add(again, words->items[i]);
            continue;
        }
        output_keep_last(err, &failure);
    }
    return err->code == ERROR_NONE ? 0 : -1;
}

static int do_each(struct command_call *call, single_fn function, struct error *err)
{
    return do_words(call, call->operands, function, NULL, err);
}

static int post(const struct container_find *found, const char *path, int64_t timeout_ms,
                struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    strings_add(&names, name_of(found));
    return single_change_post(path, &names, timeout_ms, err);
}

static bool is_running(const struct container_find *found)
{
    return text_equal(json_find_text(found->replica, "state", ""), "running");
}

static int start_one(struct command_call *call, const struct container_find *found,
                     struct error *err)
{
    return is_running(found) ? 0 : single_change_start(name_of(found), &call->exit_status, err);
}

/* With -a or -i: one container, whose exit status is ours. */
static int start_attached(struct command_call *call, struct error *err)
{
    const struct single_command_options *options = call->options;
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    struct single_attach attach = {
        .detach_keys = options->detach_keys,
        .has_input = options->interactive,
        .passes_signals = true,
    };
    bool is_detached = false;

    if (call->operands->count > 1)
        return command_refuse(call, err, "only one container can be attached to at a time");
    if (container_find_single(call->operands->items[0], &found, err) < 0)
        return -1;
    if (is_running(&found))
        return error_set(err, ERROR_EXISTS, "'%s' runs already: use carte attach", name_of(&found));
    attach.name = name_of(&found);
    attach.has_terminal = json_find_bool(found.replica, "tty", false);
    return single_attach_run(&attach, &call->exit_status, &is_detached, err);
}

static int start_run(struct command_call *call, struct error *err)
{
    const struct single_command_options *options = call->options;

    if (options->attach || options->interactive)
        return start_attached(call, err);
    return do_each(call, start_one, err);
}

static int stop_one(struct command_call *call, const struct container_find *found,
                    struct error *err)
{
    const struct single_command_options *options = call->options;

    return post(found, "/v1/stop", options->timeout_ms, err);
}

static int stop_run(struct command_call *call, struct error *err)
{
    return do_each(call, stop_one, err);
}

static int restart_one(struct command_call *call, const struct container_find *found,
                       struct error *err)
{
    if (stop_one(call, found, err) < 0)
        return -1;
    return single_change_start(name_of(found), &call->exit_status, err);
}

static int restart_run(struct command_call *call, struct error *err)
{
    return do_each(call, restart_one, err);
}

/* What is killed for good is not started again by its restart policy. */
static int kill_one(struct command_call *call, const struct container_find *found,
                    struct error *err)
{
    const struct single_command_options *options = call->options;
    AUTO_CLOSE int pidfd = -1;
    int number = 0;

    if (parse_signal(options->signal, &number, err) < 0)
        return error_wrap(err, "option '--signal'");
    if (container_find_open_process(found->replica, &pidfd, err) < 0)
        return -1;
    if (number == SIGKILL)
        return post(found, "/v1/stop", 0, err);
    if (pidfd_send_signal(pidfd, number, NULL, 0) < 0)
        return error_set_errno(err, errno, "signal container '%s'", name_of(found));
    return 0;
}

static int kill_run(struct command_call *call, struct error *err)
{
    return do_each(call, kill_one, err);
}

static int pause_one(struct command_call *call, const struct container_find *found,
                     struct error *err)
{
    (void)call;
    return post(found, "/v1/pause", OPTION_UNSET, err);
}

static int pause_run(struct command_call *call, struct error *err)
{
    return do_each(call, pause_one, err);
}

static int unpause_one(struct command_call *call, const struct container_find *found,
                       struct error *err)
{
    (void)call;
    if (!json_find_bool(found->replica, "paused", false))
        return error_set(err, ERROR_EXISTS, "container '%s' is not paused", name_of(found));
    return post(found, "/v1/unpause", OPTION_UNSET, err);
}

static int unpause_run(struct command_call *call, struct error *err)
{
    return do_each(call, unpause_one, err);
}

static int remove_one(struct command_call *call, const struct container_find *found,
                      struct error *err)
{
    const struct single_command_options *options = call->options;
    AUTO_STRINGS struct strings names = { 0 };

    if (!options->force && json_find_int(found->replica, "pid", 0) != 0)
        return error_set(err, ERROR_EXISTS,
                         "container '%s' is running: stop it first, or remove it with -f",
                         name_of(found));
    strings_add(&names, name_of(found));
    return single_change_remove(&names, err);
}

static int remove_run(struct command_call *call, struct error *err)
{
    AUTO_STRINGS struct strings again = { 0 };

    /* Whose network another is on goes after that one, whichever was named first. */
    (void)do_words(call, call->operands, remove_one, &again, err);
    return do_words(call, &again, remove_one, NULL, err);
}

static int wait_run(struct command_call *call, struct error *err)
{
    for (size_t i = 0; i < call->operands->count; i++) {
        AUTO_CONTAINER_FIND struct container_find found = { 0 };
        AUTO(json) struct json *answer = NULL;
        struct json *body = NULL;
        char line[32];

        if (container_find_single(call->operands->items[i], &found, err) < 0)
            return -1;
        body = json_new_object();
        json_set_text(body, "service", name_of(&found));
        if (remote_ask(SINGLE_PROJECT, "/v1/wait", body, &answer, err) < 0)
            return -1;
        snprintf(line, sizeof(line), "%d\n", (int)json_find_int(answer, "exit_code", 125));
        if (output_result(line, err) < 0)
            return -1;
    }
    return 0;
}

static const struct option start_options[] = {
    {
        .letter = 'a',
        .name = "attach",
        OPTION(FLAG, struct single_command_options, attach),
        .doc = "Show what it writes, and end with its exit status.",
    },
    {
        .letter = 'i',
        .name = "interactive",
        OPTION(FLAG, struct single_command_options, interactive),
        .doc = "Pass our input on, too.",
    },
    {
        .name = "detach-keys",
        .argument = "KEYS",
        OPTION(TEXT, struct single_command_options, detach_keys),
        .doc = "Keys that leave it to itself: ctrl-p,ctrl-q.",
    },
    { 0 },
};

static const struct option stop_options[] = {
    {
        .letter = 't',
        .name = "time",
        .argument = "TIME",
        OPTION(DURATION, struct single_command_options, timeout_ms),
        .doc = "Kill it when it has not stopped after this time.",
    },
    { 0 },
};

static const struct option kill_options[] = {
    {
        .letter = 's',
        .name = "signal",
        .argument = "SIGNAL",
        OPTION(TEXT, struct single_command_options, signal),
        .fallback = "KILL",
        .doc = "What to send it, as a name or a number.",
    },
    { 0 },
};

static const struct option remove_options[] = {
    {
        .letter = 'f',
        .name = "force",
        OPTION(FLAG, struct single_command_options, force),
        .doc = "Kill it first if it runs.",
    },
    { 0 },
};

#define SINGLE_COMMAND(name_, run_, options_, summary_)                                            \
    {                                                                                              \
        .name = (name_), .operands = "CONTAINER...", .summary = (summary_), .options = (options_), \
        .options_size = sizeof(struct single_command_options), .operand_min = 1,                   \
        .operand_max = COMMAND_MANY, .run = (run_),                                                \
    }

const struct command cmd_single_start =
    SINGLE_COMMAND("start", start_run, start_options, "Start containers that do not run.");
const struct command cmd_single_stop =
    SINGLE_COMMAND("stop", stop_run, stop_options, "Ask containers to stop, then kill them.");
const struct command cmd_single_restart =
    SINGLE_COMMAND("restart", restart_run, stop_options, "Stop containers and start them.");
const struct command cmd_single_kill =
    SINGLE_COMMAND("kill", kill_run, kill_options, "Send a signal to containers.");
const struct command cmd_single_remove =
    SINGLE_COMMAND("rm", remove_run, remove_options, "Remove containers.");
const struct command cmd_single_pause =
    SINGLE_COMMAND("pause", pause_run, NULL, "Stop the processes of containers where they are.");
const struct command cmd_single_unpause =
    SINGLE_COMMAND("unpause", unpause_run, NULL, "Let paused containers go on.");
const struct command cmd_single_wait = {
    .name = "wait",
    .operands = "CONTAINER...",
    .summary = "Wait until containers have ended, and print their exit statuses.",
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = wait_run,
};
