/* SPDX-License-Identifier: MIT */

/*
 * `carte import` and `carte export`: root file systems in archives
 */

#include "cli/cmd_import.h"

#include <string.h>

#include "build/import.h"
#include "cli/command.h"
#include "cli/container_layer.h"
#include "cli/container_list.h"
#include "cli/input_file.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "image/export.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

struct import_options {
    struct strings changes;
    const char *message;
};

static const struct option import_options[] = {
    {
        .letter = 'c',
        .name = "change",
        .argument = "INSTRUCTION",
        OPTION(LIST, struct import_options, changes),
        .doc =
            "Instruction of a Cartefile, such as 'CMD [\"sh\"]' or 'ENV A=b'; may be given again.",
    },
    {
        .letter = 'm',
        .name = "message",
        .argument = "TEXT",
        OPTION(TEXT, struct import_options, message),
        .doc = "What the history says, instead of the name of the file.",
    },
    { 0 },
};

static int import(struct command_call *call, struct import_request *request, struct image **out,
                  struct error *err)
{
    AUTO(store) struct store *store = open_store(err);
    struct progress progress;
    struct transfer transfer = { .progress = &progress };
    int result = -1;

    if (!store)
        return -1;
    request->progress = transfer_progress(&transfer);
    progress_init(&progress, call->globals->progress, "Importing");
    result = import_image(store, request, out, err);
    progress_done(&progress);
    return result;
}

static int import_run(struct command_call *call, struct error *err)
{
    const struct import_options *options = call->options;
    const char *path = call->operands->items[0];
    AUTO_CLOSE int fd = input_file_open(call, path, err);
    AUTO_FREE char *source = alloc_format("import %s", path);
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *line = NULL;
    struct import_request request = {
        .fd = fd,
        .history = options->message ? options->message : source,
        .changes = options->changes,
    };
    int result = -1;

    if (fd < 0)
        return -1;
    if (call->operands->count > 1)
        strings_add(&request.names, call->operands->items[1]);
    result = import(call, &request, &image, err);
    strings_done(&request.names);
    if (result < 0)
        return error_wrap(err, "import '%s'", path);
    line = alloc_format("%s\n", image->id);
    return output_result(line, err);
}

const struct command cmd_import = {
    .name = "import",
    .operands = "FILE|- [NAME]",
    .summary = "Make an image of the archive of a root file system and print its id.",
    .details = "The archive is a tar, plain or compressed with gzip, zstd, xz or bzip2; its bytes "
               "become the one layer of the image. Images in archives are read by 'carte load'.",
    .options = import_options,
    .options_size = sizeof(struct import_options),
    .operand_min = 1,
    .operand_max = 2,
    .run = import_run,
};

struct export_options {
    const char *output;
};

static const struct option export_options[] = {
    {
        .letter = 'o',
        .name = "output",
        .argument = "FILE",
        OPTION(TEXT, struct export_options, output),
        .doc = "Write to FILE instead of the standard output.",
    },
    { 0 },
};

/* What a container has written lies on top of the layers of its image. */
static int find_layers(const char *word, struct strings *layers, struct id_shift *ids,
                       struct error *err)
{
    AUTO_CONTAINER_LIST struct container_list containers = { 0 };
    AUTO(store) struct store *store = open_store(err);
    AUTO(image) struct image *image = NULL;
    const struct container_item *container = NULL;

    if (!store || container_list_load(&containers, err) < 0)
        return -1;
    container = container_list_find(&containers, word);
    if (store_find_image(store, container ? container->image : word, &image, err) < 0)
        return -1;
    if (!image)
        return error_set(err, ERROR_NOT_FOUND,
                         container ? "the image of container '%s' is gone"
                                   : "there is no container and no image '%s'; 'carte ps -a' and "
                                     "'carte images' list them",
                         word);
    if (container && container_layer_find_ids_of(container->folder, ids, err) < 0)
        return -1;
    if (container)
        strings_add(layers, container->upper);
    for (size_t i = 0; i < image->layers.count; i++)
        strings_add(layers, image->layers.items[i]);
    return 0;
}

static int export_run(struct command_call *call, struct error *err)
{
    const struct export_options *options = call->options;
    const char *word = call->operands->items[0];
    AUTO_STRINGS struct strings layers = { 0 };
    struct id_shift ids = { 0 };
    AUTO_OUTPUT_FILE struct output_file file = { .fd = -1 };
    struct progress progress;
    struct transfer transfer = { .progress = &progress };
    const struct image_progress told = transfer_progress(&transfer);
    int result = -1;

    if (find_layers(word, &layers, &ids, err) < 0 ||
        output_file_open(&file, options->output, err) < 0)
        return -1;
    progress_init(&progress, call->globals->progress, "Exporting");
    result = export_tree(&layers, &ids, file.fd, &told, err);
    progress_done(&progress);
    return result < 0 ? error_wrap(err, "export '%s'", word) : output_file_commit(&file, err);
}

const struct command cmd_import_export = {
    .name = "export",
    .operands = "CONTAINER|IMAGE",
    .summary = "Write the root file system of a container or an image to a tar archive.",
    .details =
        "Of a container, which is named as 'carte ps' names it, the archive has what it wrote, "
        "without what is mounted into it. A container that runs goes on.",
    .options = export_options,
    .options_size = sizeof(struct export_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = export_run,
};
