/* SPDX-License-Identifier: MIT */

/*
 * `carte bootstrap`: a base image without a registry
 */

#include "cli/cmd_bootstrap.h"

#include <string.h>

#include "build/bootstrap.h"
#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "util/alloc.h"
#include "util/error.h"

struct bootstrap_options {
    struct strings names, include;
    const char *variant, *mirror;
    bool quiet;
};

static const char *const variants[] = { "minbase", "apt", NULL };

static const struct option options[] = {
    {
        .letter = 't',
        .name = "tag",
        .argument = "NAME",
        OPTION(LIST, struct bootstrap_options, names),
        .doc = "Name of the image instead of BASE; may be given again.",
    },
    {
        .name = "variant",
        .argument = "VARIANT",
        OPTION(TEXT, struct bootstrap_options, variant),
        .fallback = "minbase",
        .choices = variants,
        .doc = "Packages of a distribution: minbase has those of priority required and apt, apt "
               "the essential ones and apt.",
    },
    {
        .name = "include",
        .argument = "PACKAGES",
        OPTION(LIST, struct bootstrap_options, include),
        .doc = "Further packages, with commas between them; may be given again.",
    },
    {
        .name = "mirror",
        .argument = "URL",
        OPTION(TEXT, struct bootstrap_options, mirror),
        .doc = "Where the packages come from, instead of what the host's apt is set up with.",
    },
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct bootstrap_options, quiet),
        .doc = "Print nothing but the image's id.",
    },
    { 0 },
};

struct job {
    struct progress progress;
    char *item;
};

static void show(void *context, const char *doing)
{
    struct job *job = context;

    progress_update(&job->progress, job->item, PROGRESS_WORKING, doing);
}

static void split(const struct strings *lists, struct strings *out)
{
    for (size_t i = 0; i < lists->count; i++) {
        AUTO_FREE char *list = alloc_text(lists->items[i]);
        char *rest = list;

        for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ","))
            strings_add(out, word);
    }
}

static int make(struct job *job, struct bootstrap_request *request, struct image **out,
                struct error *err)
{
    AUTO(store) struct store *store = open_store(err);

    request->progress = show;
    request->context = job;
    if (!store || bootstrap_image(store, request, out, err) < 0) {
        progress_update(&job->progress, job->item, PROGRESS_FAILED, "Error");
        return -1;
    }
    progress_update(&job->progress, job->item, PROGRESS_DONE, "Made");
    return 0;
}

static int run(struct command_call *call, struct error *err)
{
    const struct bootstrap_options *given = call->options;
    const char *base = call->operands->items[0];
    AUTO_FREE char *item = alloc_format("Image %s", base);
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *line = NULL;
    struct job job = { .item = item };
    struct bootstrap_request request = {
        .base = base,
        .variant = given->variant,
        .mirror = given->mirror,
        .names = given->names,
    };
    int result;

    progress_init(&job.progress, given->quiet ? "quiet" : call->globals->progress, "Making");
    split(&given->include, &request.include);
    result = make(&job, &request, &image, err);
    strings_done(&request.include);
    progress_done(&job.progress);
    if (result < 0)
        return error_wrap(err, "bootstrap '%s'", base);
    line = alloc_format("%s\n", image->id);
    return output_result(line, err);
}

const struct command cmd_bootstrap = {
    .name = "bootstrap",
    .operands = "BASE",
    .summary = "Make a base image without a registry and print its id.",
    .details = "BASE is busybox, the host's static one, or a suite such as debian:bookworm, whose "
               "packages mmdebstrap installs over the host's network. The same packages give the "
               "same digest.",
    .options = options,
    .options_size = sizeof(struct bootstrap_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = run,
};
