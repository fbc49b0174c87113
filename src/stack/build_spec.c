/* SPDX-License-Identifier: MIT */

/*
 * How a service's image is built: its table
 */

#include <stdlib.h>
#include <string.h>

#include "stack/reading.h"
#include "stack/service.h"
#include "stack/shorthand.h"
#include "stack/tables.h"
#include "util/alloc.h"
#include "util/text.h"

/* In each file: a folder is a path, unless it lies on another machine. */
static void prepare_build(struct reading *reading, struct node *map)
{
    struct node *context = node_find(map, "context");

    if (context && context->kind == NODE_SCALAR && strstr(context->text, "://"))
        reading_error(reading, context,
                      "a context on another machine is not supported; fetch it into a folder");
}

/* What is no image is a folder. */
static void resolve_context(struct reading *reading, const struct node *map,
                            struct strings_pair *pair)
{
    char *path = NULL;

    if (!pair->value || !*pair->value) {
        reading_error(reading, map, "the context '%s' has no place; write a folder or an image",
                      pair->key);
        return;
    }
    if (strstr(pair->value, "://") || text_starts_with(pair->value, "service:"))
        return;
    path = reading_resolve_path(reading, pair->value);
    free(pair->value);
    pair->value = path;
}

static void check_build(struct reading *reading, const struct node *map, void *base)
{
    struct service_build *build = base;

    if (!build->context)
        build->context = reading_resolve_path(reading, ".");
    for (size_t i = 0; i < build->contexts.count; i++)
        resolve_context(reading, map, &build->contexts.pairs[i]);
    if (build->dockerfile && build->dockerfile_inline)
        reading_error(reading, map,
                      "'dockerfile' and 'dockerfile_inline' exclude each other; keep one");
}

static void check_secret(struct reading *reading, const struct node *map, void *base)
{
    struct service_file *secret = base;

    (void)reading;
    (void)map;
    if (!secret->target && secret->source)
        secret->target = alloc_text(secret->source);
}

static const char *const secret_identity[] = { "target", NULL };

static const struct field secret_fields[] = {
    {
        .key = "source",
        MEMBER(STRING, struct service_file, source),
        .required = true,
        .doc = "The key under which it stands at the top of the file.",
    },
    {
        .key = "target",
        MEMBER(STRING, struct service_file, target),
        .doc = "The id by which the steps name it; that key if none is given.",
    },
    LATER("uid", "The user who owns it: a step says so with `RUN --mount`."),
    LATER("gid", "The group that owns it: a step says so with `RUN --mount`."),
    LATER("mode", "Its mode: a step says so with `RUN --mount`."),
    {},
};

static const struct object build_secret_object = {
    .name = "a secret of a build",
    .doc = "A secret that steps of the build may read.",
    .fields = secret_fields,
    .size = sizeof(struct service_file),
    .identity = secret_identity,
    .check = check_secret,
};

static const struct field build_fields[] = {
    {
        .key = "context",
        MEMBER(PATH, struct service_build, context),
        .doc = "The folder that the build may read; the project's folder if none is given.",
    },
    {
        .key = "dockerfile",
        MEMBER(STRING, struct service_build, dockerfile),
        .doc = "The file with the steps, relative to the context; else `Cartefile`, else "
               "`Dockerfile`.",
    },
    {
        .key = "dockerfile_inline",
        MEMBER(STRING, struct service_build, dockerfile_inline),
        .doc = "The steps themselves, in place of a file.",
    },
    {
        .key = "target",
        MEMBER(STRING, struct service_build, target),
        .doc = "The stage to stop at.",
    },
    {
        .key = "network",
        MEMBER(STRING, struct service_build, network),
        .doc = "The network of `RUN` steps: `none`, `host`, or the default, which leads out.",
    },
    {
        .key = "args",
        MEMBER(MAP, struct service_build, args),
        .doc = "Values of `ARG` steps; one without a value takes it from the environment.",
    },
    {
        .key = "labels",
        MEMBER(MAP, struct service_build, labels),
        .doc = "Labels of the image.",
    },
    {
        .key = "tags",
        MEMBER(LIST, struct service_build, tags),
        .doc = "More names for the image.",
    },
    {
        .key = "no_cache",
        MEMBER(BOOL, struct service_build, no_cache),
        .fallback = "false",
        .doc = "Every step is run again.",
    },
    {
        .key = "no_cache_filter",
        MEMBER(LIST, struct service_build, no_cache_filter),
        .doc = "Stages whose steps are run again.",
    },
    {
        .key = "cache_from",
        MEMBER(LIST, struct service_build, cache_from),
        .doc =
            "Steps of other machines, `type=local,src=FOLDER`; other kinds are named in a warning.",
    },
    {
        .key = "cache_to",
        MEMBER(LIST, struct service_build, cache_to),
        .doc = "Where the steps are kept for other machines, `type=local,dest=FOLDER`.",
    },
    {
        .key = "additional_contexts",
        MEMBER(MAP, struct service_build, contexts),
        .doc = "Folders and images (`docker-image://NAME`) that `FROM`, `COPY --from` and `RUN "
               "--mount` may name.",
    },
    {
        .key = "entitlements",
        MEMBER(LIST, struct service_build, entitlements),
        .doc = "Rights of the build: `security.insecure` for `RUN --security=insecure`.",
    },
    {
        .key = "secrets",
        ELEMENTS(OBJECTS, struct service_build, secrets, secret_count, struct service_file,
                 build_secret_object),
        .expand_items = shorthand_add_source,
        .doc = "Secrets that `RUN --mount=type=secret` may read.",
    },
    {
        .key = "ssh",
        MEMBER(MAP, struct service_build, ssh),
        .doc = "Agents of ssh that `RUN --mount=type=ssh` may use: `default`, or NAME=SOCKET.",
    },
    LATER("extra_hosts", "More names that `RUN` steps can resolve."),
    LATER("isolation", "How `RUN` steps are kept apart."),
    LATER("platforms", "Platforms to build for."),
    LATER("privileged", "`RUN` steps have all rights."),
    LATER("provenance", "A record of how the image came about."),
    LATER("pull", "Base images are fetched anew."),
    LATER("sbom", "A record of what is in the image."),
    LATER("shm_size", "Shared memory of `RUN` steps."),
    LATER("ulimits", "Limits of the processes of `RUN` steps."),
    {},
};

const struct object build_spec_object = {
    .name = "build",
    .doc = "How the image is built.",
    .fields = build_fields,
    .prepare = prepare_build,
    .check = check_build,
};
