/* SPDX-License-Identifier: MIT */

/*
 * `run` and `create` of single containers
 */

#include "cli/cmd_run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registry_job.h"
#include "cli/single_attach.h"
#include "cli/single_change.h"
#include "cli/single_network.h"
#include "cli/single_refused.h"
#include "cli/single_spec.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Have the image in the store, fetched if need be. */
static int provide_image(struct command_call *call, const char *reference, struct error *err)
{
    const struct single_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO(image) struct image *image = NULL;
    struct progress progress;
    struct registry_job job = { .store = store, .progress = &progress };
    int result;

    if (!store || store_find_image(store, reference, &image, err) < 0)
        return -1;
    if (image && strcmp(options->pull, "always") != 0)
        return 0;
    if (strcmp(options->pull, "never") == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "there is no image '%s': carte images lists those that are there",
                         reference);
    progress_init(&progress, options->quiet ? "quiet" : call->globals->progress, "Pulling");
    result = registry_job_pull(&job, reference, NULL, err);
    progress_done(&progress);
    return result;
}

/* Is the container's port "80/tcp" among those of -p already? */
static bool is_published(const struct strings *ports, const char *port)
{
    AUTO_FREE char *plain =
        alloc_text_part(port, strlen(port) - (text_ends_with(port, "/tcp") ? 4 : 0));

    for (size_t i = 0; i < ports->count; i++) {
        const char *item = ports->items[i];
        const char *colon = strrchr(item, ':');

        if (strcmp(colon ? colon + 1 : item, port) == 0 ||
            strcmp(colon ? colon + 1 : item, plain) == 0)
            return true;
    }
    return false;
}

/* With -P the ports that the image notes are published, too. */
static int list_ports(const struct single_options *options, const char *reference,
                      struct strings *out, struct error *err)
{
    AUTO(store) struct store *store = NULL;
    AUTO(image) struct image *image = NULL;
    const struct strings *lists[] = { &options->expose, NULL };

    strings_copy(out, &options->ports);
    if (!options->publish_all)
        return 0;
    store = open_store(err);
    if (!store || store_find_image(store, reference, &image, err) < 0)
        return -1;
    lists[1] = image ? &image->config.exposed : NULL;
    for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
        for (size_t i = 0; lists[k] && i < lists[k]->count; i++)
            if (!is_published(out, lists[k]->items[i]))
                strings_add(out, lists[k]->items[i]);
    return 0;
}

/* What is wrong is told before anything is fetched; some is known only afterwards. */
static int format(struct command_call *call, const char *name, char **out, struct error *err)
{
    const struct single_options *given = call->options;
    struct single_options options = *given;
    const char *reference = call->operands->items[0];
    AUTO_FREE char *text = NULL;
    AUTO_STRINGS struct strings networks = { 0 };
    AUTO_STRINGS struct strings ports = { 0 };

    if (single_network_resolve(&given->networks, &networks, err) < 0)
        return -1;
    options.networks = networks;
    if (single_spec_format(&options, name, call->operands, &text, err) < 0 ||
        provide_image(call, reference, err) < 0 || list_ports(given, reference, &ports, err) < 0)
        return -1;
    options.ports = ports;
    return single_spec_format(&options, name, call->operands, out, err);
}

/* Made before the container, and only if it is not there, so that no two share it. */
static int open_id_file(const char *path, int *out, struct error *err)
{
    if (!path)
        return 0;
    *out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (*out < 0)
        return error_set_errno(err, errno, "option '--cidfile': make '%s'", path);
    return 0;
}

static int write_id(int fd, const char *name, struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;
    char id[CONTAINER_FIND_ID_SIZE];

    if (fd < 0)
        return 0;
    if (single_change_look(name, &stack, &replica, err) < 0)
        return -1;
    container_find_id(SINGLE_PROJECT, replica, id);
    return file_write_all(fd, id, strlen(id), err);
}

/* Make the container, stopped; *name_out is freed by the caller. */
static int create(struct command_call *call, bool awaited, char **name_out, struct error *err)
{
    const struct single_options *options = call->options;
    AUTO_FREE char *name = options->name ? alloc_text(options->name) : single_change_make_name();
    AUTO_FREE char *text = NULL;
    AUTO_CLOSE int id_file = -1;

    if (single_change_check_name(name, err) < 0 || format(call, name, &text, err) < 0 ||
        open_id_file(options->cidfile, &id_file, err) < 0)
        return -1;
    if (single_change_create(name, text, awaited, err) < 0 || write_id(id_file, name, err) < 0) {
        if (id_file >= 0)
            unlink(options->cidfile);
        return -1;
    }
    *name_out = STEAL_PTR(name);
    return 0;
}

static int print_id(const char *name, struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;
    char line[CONTAINER_FIND_ID_SIZE + 1];

    if (single_change_look(name, &stack, &replica, err) < 0)
        return -1;
    container_find_id(SINGLE_PROJECT, replica, line);
    strcat(line, "\n");
    return output_result(line, err);
}

static int run_detached(struct command_call *call, const char *name, struct error *err)
{
    if (print_id(name, err) < 0)
        return -1;
    return single_change_start(name, &call->exit_status, err);
}

static int run_attached(struct command_call *call, const char *name, struct error *err)
{
    const struct single_options *options = call->options;
    const struct single_attach attach = {
        .name = name,
        .detach_keys = options->detach_keys,
        .has_terminal = options->terminal,
        .has_input = options->interactive,
        .passes_signals = options->sig_proxy,
    };
    bool is_detached = false;

    return single_attach_run(&attach, &call->exit_status, &is_detached, err);
}

static int run_run(struct command_call *call, struct error *err)
{
    const struct single_options *options = call->options;
    AUTO_FREE char *name = NULL;
    int result = create(call, !options->detach, &name, err);

    if (result == 0)
        result = options->detach ? run_detached(call, name, err) : run_attached(call, name, err);
    if (result < 0 && call->exit_status == 0)
        call->exit_status = COMMAND_EXIT_ENGINE;
    return result;
}

static int create_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *name = NULL;

    if (create(call, false, &name, err) < 0) {
        call->exit_status = COMMAND_EXIT_ENGINE;
        return -1;
    }
    return print_id(name, err);
}

const struct command cmd_run = {
    .name = "run",
    .operands = "IMAGE [COMMAND...]",
    .summary = "Run a command in a new container.",
    .details = "Without -d it shows what the container writes and ends with its exit status; 125 "
               "means that it could not be started, 126 and 127 that its program could not be "
               "executed or was not found.",
    .options = single_option_rows,
    .refused_options = single_refused_rows,
    .options_size = sizeof(struct single_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .usage_status = COMMAND_EXIT_ENGINE,
    .run = run_run,
};

const struct command cmd_run_create = {
    .name = "create",
    .operands = "IMAGE [COMMAND...]",
    .summary = "Make a container that `start` starts.",
    .options = single_option_rows,
    .refused_options = single_refused_rows,
    .options_size = sizeof(struct single_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .stop_at_operand = true,
    .usage_status = COMMAND_EXIT_ENGINE,
    .run = create_run,
};
