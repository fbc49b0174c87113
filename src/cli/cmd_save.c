/* SPDX-License-Identifier: MIT */

/*
 * `carte save` and `carte load`: images to and from files
 */

#include "cli/cmd_save.h"

#include <string.h>

#include "cli/command.h"
#include "cli/input_file.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "image/image_load.h"
#include "image/image_save.h"
#include "util/cleanup.h"
#include "util/error.h"

struct save_options {
    const char *output, *format;
};

static const char *const formats[] = {
    [IMAGE_SAVE_DOCKER] = "docker",
    [IMAGE_SAVE_OCI] = "oci",
    NULL,
};

static const struct option save_options[] = {
    {
        .letter = 'o',
        .name = "output",
        .argument = "FILE",
        OPTION(TEXT, struct save_options, output),
        .doc = "Write to FILE instead of the standard output.",
    },
    {
        .name = "format",
        .argument = "FORMAT",
        OPTION(TEXT, struct save_options, format),
        .fallback = "docker",
        .choices = formats,
        .doc = "With docker every docker and podman reads it, layers are not compressed; oci keeps "
               "manifests and layers as they are.",
    },
    { 0 },
};

static int save_run(struct command_call *call, struct error *err)
{
    const struct save_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    AUTO_OUTPUT_FILE struct output_file file = { .fd = -1 };
    struct progress progress;
    struct transfer transfer = { .progress = &progress };
    const struct image_progress told = transfer_progress(&transfer);
    enum image_save_format format =
        strcmp(options->format, formats[IMAGE_SAVE_OCI]) == 0 ? IMAGE_SAVE_OCI : IMAGE_SAVE_DOCKER;
    int result = -1;

    if (!store || output_file_open(&file, options->output, err) < 0)
        return -1;
    progress_init(&progress, call->globals->progress, "Saving");
    result = image_save(store, call->operands, format, file.fd, &told, err);
    progress_done(&progress);
    return result < 0 ? -1 : output_file_commit(&file, err);
}

const struct command cmd_save = {
    .name = "save",
    .operands = "IMAGE...",
    .summary = "Write images to one tar archive.",
    .details = "The archive is an OCI image layout and, unless --format is oci, what 'docker save' "
               "writes; the same images give the same bytes. An image that is named by its id "
               "is saved without a name.",
    .options = save_options,
    .options_size = sizeof(struct save_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = save_run,
};

struct load_options {
    const char *input, *platform;
    bool quiet;
};

static const struct option load_options[] = {
    {
        .letter = 'i',
        .name = "input",
        .argument = "FILE",
        OPTION(TEXT, struct load_options, input),
        .doc = "Read FILE, or the folder FILE, instead of the standard input.",
    },
    {
        .name = "platform",
        .argument = "PLATFORM",
        OPTION(TEXT, struct load_options, platform),
        .doc = "Of images for several platforms take this one's, such as linux/arm64.",
    },
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct load_options, quiet),
        .doc = "Show no progress.",
    },
    { 0 },
};

static void print_loaded(const struct image_load *load, struct text *out)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct image_loaded *image = &load->images[i];

        for (size_t n = 0; n < image->names.count; n++)
            text_add_format(out, "Loaded image: %s\n", image->names.items[n]);
        if (image->names.count == 0)
            text_add_format(out, "Loaded image ID: %s\n", image->id);
    }
}

static int load_run(struct command_call *call, struct error *err)
{
    const struct load_options *options = call->options;
    AUTO_CLOSE int fd = input_file_open(call, options->input, err);
    AUTO(store) struct store *store = fd < 0 ? NULL : open_store(err);
    AUTO_IMAGE_LOAD struct image_load load = { 0 };
    AUTO_TEXT struct text out = { 0 };
    struct error unwritten = { 0 };
    struct progress progress;
    struct transfer transfer = { .progress = &progress };
    const struct image_progress told = transfer_progress(&transfer);
    int result = -1;

    if (!store)
        return -1;
    progress_init(&progress, options->quiet ? "quiet" : call->globals->progress, "Loading");
    result = image_load(store, fd, options->platform, &told, &load, err);
    progress_done(&progress);
    for (size_t i = 0; i < load.notes.count; i++)
        output_message("warning", OUTPUT_YELLOW, "%s", load.notes.items[i]);
    print_loaded(&load, &out);
    if (output_result(text_get(&out), &unwritten) < 0 && result == 0) {
        *err = unwritten;
        return -1;
    }
    return result;
}

const struct command cmd_save_load = {
    .name = "load",
    .summary = "Read images from an archive.",
    .details = "Archives of 'carte save', 'docker save' and 'podman save' are read, OCI image "
               "layouts as archives or folders, each also compressed with gzip, zstd, xz or bzip2.",
    .options = load_options,
    .options_size = sizeof(struct load_options),
    .run = load_run,
};
