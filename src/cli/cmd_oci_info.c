/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci features`, `spec` and `version`: what concerns no container
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/output.h"
#include "oci/config.h"
#include "oci/features.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"

static int features_run(struct command_call *call, struct error *err)
{
    AUTO(json) struct json *features = features_describe();
    AUTO_FREE char *printed = json_print(features, true);
    AUTO_TEXT struct text out = { 0 };

    (void)call;
    text_add_format(&out, "%s\n", printed);
    return output_result(text_get(&out), err);
}

const struct command cmd_oci_info_features = {
    .name = "features",
    .summary = "Print what this runtime supports, as the features document of OCI.",
    .run = features_run,
};

struct spec_options {
    const char *bundle;
    bool rootless;
};

static const struct option spec_options[] = {
    {
        .letter = 'b',
        .name = "bundle",
        .argument = "FOLDER",
        OPTION(TEXT, struct spec_options, bundle),
        .fallback = ".",
        .doc = "Where config.json is written to.",
    },
    {
        .name = "rootless",
        OPTION(FLAG, struct spec_options, rootless),
        .doc = "With a user namespace whose root is the caller, and nothing that needs more.",
    },
    { 0 },
};

static int spec_run(struct command_call *call, struct error *err)
{
    const struct spec_options *options = call->options;
    AUTO_FREE char *path = alloc_format("%s/config.json", options->bundle);
    AUTO(json) struct json *example = features_example(options->rootless);
    AUTO_FREE char *printed = json_print(example, true);
    AUTO_FREE char *line = alloc_format("%s\n", printed);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0 && errno == EEXIST)
        return error_set(err, ERROR_EXISTS, "'%s' is there already: remove it first", path);
    if (fd < 0)
        return error_set_errno(err, errno, "make '%s'", path);
    return file_write_all(fd, line, strlen(line), err);
}

const struct command cmd_oci_info_spec = {
    .name = "spec",
    .summary = "Write an example config.json: a shell in the folder rootfs beside it.",
    .options = spec_options,
    .options_size = sizeof(struct spec_options),
    .run = spec_run,
};

static int version_run(struct command_call *call, struct error *err)
{
    (void)call;
    return output_result("carte-oci version " CARTE_VERSION "\nspec: " CONFIG_VERSION_MAX "\n",
                         err);
}

const struct command cmd_oci_info_version = {
    .name = "version",
    .summary = "Print the version, and that of the specification.",
    .run = version_run,
};
