/* SPDX-License-Identifier: MIT */

/*
 * `build`: the images of a stack, and in `carte` one image
 */

#include "cli/cmd_build.h"

#include <stdlib.h>

#include "build/context_stream.h"
#include "cli/build_inputs.h"
#include "cli/command.h"
#include "cli/image_builder.h"
#include "cli/input_file.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/project.h"
#include "cli/registry_job.h"
#include "image/reference.h"
#include "util/alloc.h"
#include "util/error.h"

struct build_options {
    bool no_cache, check, insecure;
    struct strings args;
    /* of `carte build` only: */
    struct strings names, labels, secrets, ssh, contexts, rights;
    struct strings cache_from, cache_to, no_cache_stages;
    const char *file, *target, *network;
    bool quiet;
};

#define COMMON_OPTIONS                                                          \
    {                                                                           \
        .name = "build-arg",                                                    \
        .argument = "KEY=VALUE",                                                \
        OPTION(LIST, struct build_options, args),                               \
        .doc = "Value of an ARG; KEY alone takes it from the environment.",     \
    },                                                                          \
        {                                                                       \
            .name = "check",                                                    \
            OPTION(FLAG, struct build_options, check),                          \
            .doc = "Build nothing: say what of the Cartefile could be better.", \
        },                                                                      \
    {                                                                           \
        .name = "no-cache", OPTION(FLAG, struct build_options, no_cache),       \
        .doc = "Carry out every step, also those with a result in the store.",  \
    }

static const struct option stack_options[] = {
    COMMON_OPTIONS,
    REGISTRY_JOB_INSECURE_OPTION(struct build_options),
    { 0 },
};

static int check_names(const struct stack *stack, const struct strings *names, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct service *service = stack_find_service(stack, names->items[i]);

        if (!service)
            return error_set(err, ERROR_NOT_FOUND,
                             "no such service: '%s'; 'carte-stack config --services' lists them",
                             names->items[i]);
        if (!service->build.present)
            return error_set(err, ERROR_INVALID, "service '%s' has no build section",
                             names->items[i]);
    }
    return 0;
}

/* The end of --check: findings are told of by the exit status, too. */
static int report_findings(struct command_call *call, size_t findings, struct error *err)
{
    if (findings == 0)
        return output_result("Nothing could be better.\n", err);
    call->exit_status = COMMAND_EXIT_ERROR;
    return error_set(err, ERROR_INVALID, "%zu finding%s", findings, findings == 1 ? "" : "s");
}

static int build_services(const struct image_builder *builder, const struct stack *stack,
                          const struct strings *names, struct error *err)
{
    AUTO_FREE size_t *order = alloc_array(size_t, MAX(stack->service_count, (size_t)1));

    stack_order(stack, order);
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[order[i]];

        if (!service->build.present || (names->count > 0 && !strings_has(names, service->name)))
            continue;
        if (image_builder_build_service(builder, service, err) < 0)
            return -1;
    }
    return 0;
}

static int build_run(struct command_call *call, struct error *err)
{
    const struct build_options *options = call->options;
    AUTO(stack) struct stack *stack = NULL;
    AUTO(store) struct store *store = NULL;
    size_t findings = 0;
    struct progress progress;
    struct image_builder builder = {
        .progress = &progress,
        .no_cache = options->no_cache,
        .insecure = options->insecure,
        .args = &options->args,
        .findings = options->check ? &findings : NULL,
    };
    int result;

    if (project_load(call, &stack, err) < 0 || check_names(stack, call->operands, err) < 0)
        return -1;
    store = open_store(err);
    if (!store)
        return -1;
    builder.store = store;
    builder.stack = stack;
    progress_init(&progress, call->globals->progress, "Building");
    result = build_services(&builder, stack, call->operands, err);
    progress_done(&progress);
    return result == 0 && options->check ? report_findings(call, findings, err) : result;
}

const struct command cmd_build = {
    .name = "build",
    .operands = "[SERVICE...]",
    .summary = "Build the images of the services that have a build section.",
    .details =
        "RUN steps have a network of their own that leads out, unless the build section says "
        "`network: none` or `network: host`.",
    .options = stack_options,
    .options_size = sizeof(struct build_options),
    .operand_max = COMMAND_MANY,
    .run = build_run,
};

static const struct option image_options[] = {
    {
        .letter = 't',
        .name = "tag",
        .argument = "NAME",
        OPTION(LIST, struct build_options, names),
        .doc = "Name of the image, NAME or NAME:TAG; may be given again.",
    },
    {
        .letter = 'f',
        .name = "file",
        .argument = "FILE",
        OPTION(TEXT, struct build_options, file),
        .doc = "The Cartefile, instead of PATH/Cartefile or PATH/Dockerfile; - is the standard "
               "input.",
    },
    COMMON_OPTIONS,
    REGISTRY_JOB_INSECURE_OPTION(struct build_options),
    {
        .name = "label",
        .argument = "KEY=VALUE",
        OPTION(LIST, struct build_options, labels),
        .doc = "Label of the image; may be given again.",
    },
    {
        .name = "target",
        .argument = "STAGE",
        OPTION(TEXT, struct build_options, target),
        .doc = "Stop after this stage.",
    },
    {
        .name = "no-cache-filter",
        .argument = "STAGE",
        OPTION(LIST, struct build_options, no_cache_stages),
        .doc = "Carry out every step of this stage; may be given again.",
    },
    {
        .name = "cache-from",
        .argument = "type=local,src=FOLDER",
        OPTION(LIST, struct build_options, cache_from),
        .doc = "Take steps also from what --cache-to wrote; may be given again.",
    },
    {
        .name = "cache-to",
        .argument = "type=local,dest=FOLDER",
        OPTION(LIST, struct build_options, cache_to),
        .doc = "Keep the steps of all stages of this build as an OCI image layout.",
    },
    {
        .name = "network",
        .argument = "KIND",
        OPTION(TEXT, struct build_options, network),
        .doc = "Network of RUN steps: default leads out, none has loopback only, host is the "
               "host's.",
    },
    {
        .name = "secret",
        .argument = "SECRET",
        OPTION(LIST, struct build_options, secrets),
        .doc = "What RUN --mount=type=secret may read: id=NAME,src=FILE or id=NAME,env=VARIABLE; "
               "may be given again.",
    },
    {
        .name = "ssh",
        .argument = "AGENT",
        OPTION(LIST, struct build_options, ssh),
        .doc = "The agent of RUN --mount=type=ssh: default, or NAME=SOCKET; may be given again.",
    },
    {
        .name = "build-context",
        .argument = "NAME=PLACE",
        OPTION(LIST, struct build_options, contexts),
        .doc = "A folder or an image that FROM, COPY --from and RUN --mount may name; may be given "
               "again.",
    },
    {
        .name = "allow",
        .argument = "RIGHT",
        OPTION(LIST, struct build_options, rights),
        .doc = "security.insecure allows RUN --security=insecure.",
    },
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct build_options, quiet),
        .doc = "Print nothing but the image's id.",
    },
    { 0 },
};

static bool is_stdin(const char *word)
{
    return text_equal(word, "-");
}

/* Context or Cartefile from the standard input, if that is what the user asks for. */
static int read_stdin(struct command_call *call, struct store *store, struct build_request *request,
                      struct context_stream *out, struct error *err)
{
    const struct build_options *options = call->options;
    bool is_context = is_stdin(call->operands->items[0]);
    AUTO_CLOSE int fd = -1;

    if (!is_context && !is_stdin(options->file))
        return 0;
    if (is_context && is_stdin(options->file))
        return command_refuse(call, err, "context and Cartefile cannot both be the standard input");
    fd = input_file_open(call, NULL, err);
    if (fd < 0 || (is_context ? context_stream_read(store, fd, options->file, out, err)
                              : context_stream_read_cartefile(fd, &out->cartefile, err)) < 0)
        return -1;
    if (is_context)
        request->context_folder = out->folder;
    request->cartefile = NULL;
    request->cartefile_text = out->cartefile;
    return 0;
}

static int build_request(struct command_call *call, struct build_request *request,
                         struct image **out, struct error *err)
{
    const struct build_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    size_t findings = 0;
    struct progress progress;
    struct image_builder builder = {
        .store = store,
        .progress = &progress,
        .no_cache = options->no_cache,
        .insecure = options->insecure,
        .args = &options->args,
        .findings = options->check ? &findings : NULL,
    };
    const char *label = options->names.count      ? options->names.items[0]
                        : request->context_folder ? request->context_folder
                                                  : "-";
    AUTO_CONTEXT_STREAM struct context_stream stream = { 0 };
    int result;

    if (!store || read_stdin(call, store, request, &stream, err) < 0)
        return -1;
    progress_init(&progress, options->quiet ? "quiet" : call->globals->progress, "Building");
    result = image_builder_build(&builder, label, request, out, err);
    progress_done(&progress);
    return result == 0 && options->check ? report_findings(call, findings, err) : result;
}

static int read_inputs(const struct build_options *options, struct build_inputs *out,
                       struct error *err)
{
    const struct {
        const struct strings *texts;
        build_inputs_add_fn add;
    } rows[] = {
        { &options->secrets, build_inputs_add_secret },
        { &options->ssh, build_inputs_add_ssh },
        { &options->contexts, build_inputs_add_context },
        { &options->rights, build_inputs_add_right },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (build_inputs_add_each(out, rows[i].texts, rows[i].add, err) < 0)
            return -1;
    }
    return 0;
}

/* Before anything is built: a mistyped name must not cost a build. */
static int check_image_names(const struct strings *names, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        AUTO_FREE char *name = NULL;

        if (reference_parse(names->items[i], &name, err) < 0)
            return -1;
    }
    return 0;
}

static int build_image_run(struct command_call *call, struct error *err)
{
    const struct build_options *options = call->options;
    AUTO_FREE char *folder =
        is_stdin(call->operands->items[0]) ? NULL : realpath(call->operands->items[0], NULL);
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *line = NULL;
    AUTO_BUILD_INPUTS struct build_inputs inputs = { 0 };
    struct build_request request = {
        .context_folder = folder,
        .cartefile = options->file,
        .target = options->target,
        .network = options->network,
    };
    int result;

    if (!folder && !is_stdin(call->operands->items[0]))
        return error_set_errno(err, errno, "folder '%s'", call->operands->items[0]);
    if (check_image_names(&options->names, err) < 0 || read_inputs(options, &inputs, err) < 0)
        return -1;
    build_inputs_apply(&inputs, &request);
    strings_copy(&request.names, &options->names);
    strings_copy(&request.cache_from, &options->cache_from);
    strings_copy(&request.cache_to, &options->cache_to);
    strings_copy(&request.no_cache_stages, &options->no_cache_stages);
    image_builder_add_args(&options->labels, &request.labels);
    result = build_request(call, &request, &image, err);
    strings_done(&request.names);
    strings_done(&request.cache_from);
    strings_done(&request.cache_to);
    strings_done(&request.no_cache_stages);
    strings_map_done(&request.labels);
    strings_map_done(&request.args);
    if (result < 0 || options->check)
        return result;
    line = alloc_format("%s\n", image->id);
    return output_result(line, err);
}

const struct command cmd_build_image = {
    .name = "build",
    .operands = "PATH",
    .summary = "Build an image from the Cartefile in the folder PATH and print its id.",
    .details = "If PATH is -, the standard input is the context: an archive of such a folder, with "
               "the Cartefile in it, or a Cartefile alone, which has nothing to copy from.",
    .options = image_options,
    .options_size = sizeof(struct build_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = build_image_run,
};
