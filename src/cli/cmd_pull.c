/* SPDX-License-Identifier: MIT */

/*
 * `carte pull` and `push`: images from and to registries
 */

#include "cli/cmd_pull.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/registry_job.h"
#include "image/reference.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

struct pull_options {
    const char *platform;
    bool insecure, quiet;
};

static const struct option pull_options[] = {
    {
        .name = "platform",
        .argument = "PLATFORM",
        OPTION(TEXT, struct pull_options, platform),
        .doc = "Of images for several platforms take this one's, such as linux/arm64.",
    },
    REGISTRY_JOB_INSECURE_OPTION(struct pull_options),
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct pull_options, quiet),
        .doc = "Print nothing but the images' ids.",
    },
    { 0 },
};

static int pull_run(struct command_call *call, struct error *err)
{
    const struct pull_options *options = call->options;
    AUTO(store) struct store *store = open_store(err);
    const struct registry_job job = {
        .store = store,
        .platform = options->platform,
        .insecure = options->insecure,
    };
    AUTO_TEXT struct text out = { 0 };

    if (!store ||
        registry_job_pull_all(&job, call->operands,
                              options->quiet ? "quiet" : call->globals->progress, &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

const struct command cmd_pull_image = {
    .name = "pull",
    .operands = "IMAGE...",
    .summary = "Fetch images from registries and print their ids.",
    .details =
        "A name without a host is one of docker.io. What was fetched before an interruption is "
        "not fetched again. Registries are spoken to by HTTPS; localhost and, with "
        "--insecure, others also by plain HTTP. Certificates to trust are found in "
        "/etc/docker/certs.d/HOST. CARTE_HTTP_TIMEOUT (60s) is how long a transfer may stand "
        "still.",
    .options = pull_options,
    .options_size = sizeof(struct pull_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = pull_run,
};

struct push_options {
    const char *compression, *chunk_size;
    bool all_tags, insecure, quiet;
};

static const struct option push_options[] = {
    {
        .letter = 'a',
        .name = "all-tags",
        OPTION(FLAG, struct push_options, all_tags),
        .doc = "Push every tag that the store has of each name, which is given without one.",
    },
    REGISTRY_JOB_COMPRESSION_OPTION(struct push_options),
    {
        .name = "chunk-size",
        .argument = "SIZE",
        OPTION(TEXT, struct push_options, chunk_size),
        .doc =
            "Send blobs in pieces of this size, such as 64m, for proxies that limit requests; an "
            "interrupted one goes on behind its last piece.",
    },
    REGISTRY_JOB_INSECURE_OPTION(struct push_options),
    {
        .letter = 'q',
        .name = "quiet",
        OPTION(FLAG, struct push_options, quiet),
        .doc = "Show no progress.",
    },
    { 0 },
};

static bool has_tag(const char *name)
{
    const char *slash = strrchr(name, '/');

    return strpbrk(slash ? slash : name, ":@") != NULL;
}

/* Names of `image` in the repository of `wanted`. */
static int add_names(const struct image *image, const struct reference *wanted, struct strings *out,
                     struct error *err)
{
    for (size_t i = 0; i < image->names.count; i++) {
        AUTO_REFERENCE struct reference own = { 0 };

        if (reference_split(image->names.items[i], &own, err) < 0)
            return -1;
        if (own.tag && strcmp(own.host, wanted->host) == 0 &&
            strcmp(own.repository, wanted->repository) == 0)
            strings_add(out, image->names.items[i]);
    }
    return 0;
}

/* Every name with a tag that the store has for `repository`. */
static int add_tags(struct store *store, const char *repository, struct strings *out,
                    struct error *err)
{
    AUTO_REFERENCE struct reference wanted = { 0 };
    struct image **images = NULL;
    size_t count = 0, before = out->count;
    int result = 0;

    if (has_tag(repository))
        return error_set(err, ERROR_INVALID, "'%s': --all-tags takes a name without a tag",
                         repository);
    if (reference_split(repository, &wanted, err) < 0 ||
        store_list_images(store, &images, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (result == 0)
            result = add_names(images[i], &wanted, out, err);
        image_free(images[i]);
    }
    free(images);
    if (result == 0 && out->count == before)
        return error_set(err, ERROR_NOT_FOUND, "the store has no tag of '%s'", repository);
    return result;
}

/* What is to be pushed, before anything is. */
static int choose_names(struct store *store, const struct command_call *call, struct strings *out,
                        struct error *err)
{
    const struct push_options *options = call->options;

    if (!options->all_tags) {
        strings_copy(out, call->operands);
        return 0;
    }
    for (size_t i = 0; i < call->operands->count; i++) {
        if (add_tags(store, call->operands->items[i], out, err) < 0)
            return -1;
    }
    strings_sort(out);
    return 0;
}

static int push_run(struct command_call *call, struct error *err)
{
    const struct push_options *options = call->options;
    AUTO(store) struct store *store = NULL;
    struct registry_job job = {
        .insecure = options->insecure,
        .gzip = text_equal(options->compression, "gzip"),
    };
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_TEXT struct text out = { 0 };

    if (options->chunk_size && parse_bytes(options->chunk_size, &job.chunk_bytes, err) < 0)
        return command_refuse(call, err, "--chunk-size: write a size such as 64m");
    job.store = store = open_store(err);
    if (!store || choose_names(store, call, &names, err) < 0 ||
        registry_job_push_all(&job, &names, options->quiet ? "quiet" : call->globals->progress,
                              &out, err) < 0)
        return -1;
    return output_result(text_get(&out), err);
}

const struct command cmd_pull_push = {
    .name = "push",
    .operands = "IMAGE...",
    .summary = "Publish images at registries and print their names with digests.",
    .details =
        "The image's name says where: HOST[:PORT]/PATH[:TAG], without a host docker.io. Blobs "
        "that the registry has, also in another of its repositories that the store knows "
        "of, are not sent.",
    .options = push_options,
    .options_size = sizeof(struct push_options),
    .operand_min = 1,
    .operand_max = COMMAND_MANY,
    .run = push_run,
};
