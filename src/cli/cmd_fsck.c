/* SPDX-License-Identifier: MIT */

/*
 * `carte fsck`: proof that the image store is whole
 */

#include "cli/cmd_fsck.h"

#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "cli/used_layers.h"
#include "image/fsck.h"
#include "util/error.h"
#include "util/text.h"

struct fsck_flags {
    bool repair, deep;
};

static const struct option fsck_flags[] = {
    {
        .name = "repair",
        OPTION(FLAG, struct fsck_flags, repair),
        .doc = "Remove what is damaged or left over, and make anew what can be made.",
    },
    {
        .name = "deep",
        OPTION(FLAG, struct fsck_flags, deep),
        .doc = "Also unpack every layer again and compare it with what is unpacked.",
    },
    { 0 },
};

static void add_finding(void *context, const struct fsck_finding *finding)
{
    static const char *const words[] = { [FSCK_DAMAGE] = "damaged", [FSCK_LEFTOVER] = "left over" };

    text_add_format(context, "%s: %s; %s\n", words[finding->kind], finding->what, finding->cure);
}

static void add_summary(const struct fsck_summary *summary, struct text *out)
{
    AUTO_TEXT struct text size = { 0 };

    transfer_format_status(summary->bytes, 0, &size);
    text_add_format(out, "%zu images, %zu blobs (%s), %zu unpacked layers: ", summary->images,
                    summary->blobs, text_get(&size), summary->layers);
    if (summary->repaired > 0)
        text_add_format(out, "%zu repaired, ", summary->repaired);
    if (summary->left > 0)
        text_add_format(out, "%zu left over, ", summary->left);
    text_add_format(out, summary->damaged > 0 ? "%zu damaged\n" : "the store is whole\n",
                    summary->damaged);
}

static int check(const struct fsck_options *options, struct fsck_summary *summary,
                 struct error *err)
{
    struct fsck_options complete = *options;
    AUTO(store) struct store *store = open_store(err);
    AUTO_STRINGS struct strings used = { 0 };
    struct error unknown = { 0 };

    if (!store)
        return -1;
    /* In a damaged store the images of containers may be what cannot be found. */
    complete.used = used_layers_add(store, &used, &unknown) < 0 ? NULL : &used;
    return fsck_run(store, &complete, summary, err);
}

static int fsck_run_command(struct command_call *call, struct error *err)
{
    const struct fsck_flags *flags = call->options;
    AUTO_TEXT struct text out = { 0 };
    struct progress progress;
    struct transfer transfer = { .progress = &progress };
    const struct fsck_options options = {
        .repair = flags->repair,
        .deep = flags->deep,
        .report = add_finding,
        .context = &out,
        .progress = transfer_progress(&transfer),
    };
    struct fsck_summary summary = { 0 };
    int result;

    progress_init(&progress, call->globals->progress, "Checking");
    result = check(&options, &summary, err);
    progress_done(&progress);
    if (result < 0)
        return -1;
    add_summary(&summary, &out);
    if (summary.damaged > 0)
        call->exit_status = COMMAND_EXIT_ERROR;
    return output_result(text_get(&out), err);
}

const struct command cmd_fsck = {
    .name = "fsck",
    .summary = "Prove that the image store is whole, or say what is wrong and what helps.",
    .details = "Every blob is read and compared with its digest, every image with what it needs. "
               "The exit status is 1 when something is damaged. What is left over harms nobody.",
    .options = fsck_flags,
    .options_size = sizeof(struct fsck_flags),
    .run = fsck_run_command,
};
