/* SPDX-License-Identifier: MIT */

/*
 * `carte diff` and `carte commit`: what a container has changed
 */

#include "cli/cmd_commit.h"

#include <unistd.h>

#include "build/commit.h"
#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/container_layer.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "runtime/process.h"
#include "supervise/container_config.h"
#include "supervise/revisions.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

static int diff_run(struct command_call *call, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_CONTAINER_LAYER struct container_layer layer = { 0 };
    AUTO(store) struct store *store = open_store(err);
    AUTO_CHANGES struct changes changes = { 0 };
    AUTO_TEXT struct text lines = { 0 };
    struct changes_source source;

    if (!store || container_find(call->operands->items[0], &found, err) < 0 ||
        container_layer_load(&found, store, &layer, err) < 0)
        return -1;
    source = container_layer_changes(&layer);
    if (changes_find(&source, &changes, err) < 0)
        return -1;
    for (size_t i = 0; i < changes.count; i++) {
        text_add_format(&lines, "%c ", (char)changes.entries[i].kind);
        output_add_clean(&lines, changes.entries[i].path);
        text_add_char(&lines, '\n');
    }
    return output_result(text_get(&lines), err);
}

struct commit_options {
    const char *author, *message;
    struct strings changes;
    bool pause;
};

static const struct option commit_options[] = {
    {
        .letter = 'a',
        .name = "author",
        .argument = "TEXT",
        OPTION(TEXT, struct commit_options, author),
        .doc = "Who made it, such as 'Ann <ann@example.org>'.",
    },
    {
        .letter = 'm',
        .name = "message",
        .argument = "TEXT",
        OPTION(TEXT, struct commit_options, message),
        .doc = "What the history says of it.",
    },
    {
        .letter = 'c',
        .name = "change",
        .argument = "INSTRUCTION",
        OPTION(LIST, struct commit_options, changes),
        .doc =
            "Instruction of a Cartefile, such as 'CMD [\"sh\"]' or 'ENV A=b'; may be given again.",
    },
    {
        .letter = 'p',
        .name = "pause",
        OPTION(FLAG, struct commit_options, pause),
        .fallback = "true",
        .doc = "Stop its processes while its files are copied.",
    },
    { 0 },
};

/* A pause of one container for as long as this process lives, or until it ends it. */
struct pause {
    const struct container_find *found;
    bool is_on;
};

static struct json *new_pause(const struct container_find *found)
{
    AUTO_STRINGS struct strings names = { 0 };
    struct json *body = NULL;

    strings_add(&names, json_find_text(found->replica, "service", ""));
    body = remote_new_body(&names, OPTION_UNSET);
    json_set_text(body, "replica", json_find_text(found->replica, "id", ""));
    return body;
}

static int begin_pause(struct pause *pause, struct error *err)
{
    const struct json *replica = pause->found->replica;
    struct json *body = NULL;
    uint64_t start_time = 0;

    if (json_find_int(replica, "pid", 0) == 0 || json_find_bool(replica, "paused", false))
        return 0;
    if (process_read_start_time(getpid(), &start_time, err) < 0)
        return -1;
    body = new_pause(pause->found);
    json_set_int(body, "holder", getpid());
    json_set_int(body, "holder_start_time", (int64_t)start_time);
    if (remote_post(pause->found->project, "/v1/pause", body, err) < 0)
        return -1;
    pause->is_on = true;
    return 0;
}

/* A failure is no loss: the pause ends with this process. */
static void end_pause(void *context)
{
    struct pause *pause = context;
    struct error ignored = { 0 };

    if (!pause->is_on)
        return;
    pause->is_on = false;
    if (remote_post(pause->found->project, "/v1/unpause", new_pause(pause->found), &ignored) < 0)
        error_clear(&ignored);
}

#define AUTO_PAUSE __attribute__((cleanup(end_pause)))

/* What the service of the container says now. */
static int make_config(const struct container_find *found, const struct image *image,
                       struct image_config *out, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;
    const char *name = json_find_text(found->replica, "service", "");
    const struct service *service = NULL;
    uint64_t number = 0;

    if (revisions_find_current(found->project, &number, err) < 0 ||
        revisions_load(found->project, number, &stack, err) < 0)
        return -1;
    service = stack_find_service(stack, name);
    if (!service)
        return error_set(err, ERROR_NOT_FOUND, "container '%s' is about to be removed",
                         json_find_text(found->replica, "name", ""));
    container_config_make(service, &image->config, out);
    return 0;
}

static int commit(struct command_call *call, const struct container_find *found,
                  struct commit_request *request, struct image **out, struct error *err)
{
    const struct commit_options *options = call->options;
    AUTO_CONTAINER_LAYER struct container_layer layer = { 0 };
    AUTO(store) struct store *store = open_store(err);
    AUTO_PAUSE struct pause pause = { .found = found };
    struct image_config config = { 0 };
    int result = -1;

    if (!store || container_layer_load(found, store, &layer, err) < 0 ||
        make_config(found, layer.image, &config, err) < 0)
        return -1;
    request->image = layer.image;
    request->changes = container_layer_changes(&layer);
    request->config = &config;
    request->copied = end_pause;
    request->context = &pause;
    if (!options->pause || begin_pause(&pause, err) == 0)
        result = commit_image(store, request, out, err);
    image_config_done(&config);
    return result;
}

static int commit_run(struct command_call *call, struct error *err)
{
    const struct commit_options *options = call->options;
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *line = NULL;
    struct commit_request request = {
        .author = options->author,
        .message = options->message,
        .instructions = options->changes,
    };
    int result;

    if (container_find(call->operands->items[0], &found, err) < 0)
        return -1;
    request.command = json_find_text(found.replica, "command", "");
    if (call->operands->count > 1)
        strings_add(&request.names, call->operands->items[1]);
    result = commit(call, &found, &request, &image, err);
    strings_done(&request.names);
    if (result < 0)
        return error_wrap(err, "commit '%s'", call->operands->items[0]);
    line = alloc_format("%s\n", image->id);
    return output_result(line, err);
}

const struct command cmd_commit = {
    .name = "commit",
    .operands = "CONTAINER [NAME]",
    .summary = "Make an image of what a container has changed and print its id.",
    .details = "The image runs what the container runs. What is mounted into it is left out; while "
               "its files are copied it is paused, unless --pause=false is given.",
    .options = commit_options,
    .options_size = sizeof(struct commit_options),
    .operand_min = 1,
    .operand_max = 2,
    .run = commit_run,
};

const struct command cmd_commit_diff = {
    .name = "diff",
    .operands = "CONTAINER",
    .summary = "List what a container has changed in its root file system.",
    .details = "A is new, C has changed, D is gone. What is mounted into it is left out.",
    .operand_min = 1,
    .operand_max = 1,
    .run = diff_run,
};
