/* SPDX-License-Identifier: MIT */

/*
 * A Cartefile becomes an image: its stages, and which of them are needed
 */

#include "build/build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "build/build_run.h"
#include "build/epoch.h"
#include "build/run_mount.h"
#include "build/short_form.h"
#include "build/source.h"
#include "build/stage.h"
#include "build/step.h"
#include "image/config_json.h"
#include "image/digest_cache.h"
#include "image/prune.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/text.h"

static void builder_done(struct builder *builder)
{
    for (size_t i = 0; i < builder->stage_count; i++)
        stage_done(&builder->stages[i]);
    free(builder->stages);
    cartefile_free(builder->cartefile);
    merged_free(builder->context);
    digest_cache_close(builder->digests);
    ignore_done(&builder->ignore);
    strings_map_done(&builder->args);
}

static int find_cartefile(const struct build_request *request, char **out, struct error *err)
{
    static const char *const names[] = { "Cartefile", "Dockerfile" };

    if (request->cartefile) {
        *out = alloc_text(request->cartefile);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO_FREE char *path = alloc_format("%s/%s", request->context_folder, names[i]);

        if (!file_exists(AT_FDCWD, path))
            continue;
        *out = STEAL_PTR(path);
        return 0;
    }
    return error_set(err, ERROR_NOT_FOUND,
                     "there is no Cartefile in '%s': write one, or name it "
                     "with -f",
                     request->context_folder);
}

static int read_cartefile(struct builder *builder, struct error *err)
{
    const struct build_request *request = builder->request;
    AUTO_FREE char *path = NULL;
    AUTO_TEXT struct text text = { 0 };

    if (request->cartefile_text)
        return cartefile_parse("Cartefile", request->cartefile_text,
                               strlen(request->cartefile_text), &builder->cartefile, err);
    if (!request->context_folder && !request->cartefile)
        return error_set(err, ERROR_INVALID, "there is neither a context nor a Cartefile");
    if (find_cartefile(request, &path, err) < 0 ||
        file_read(AT_FDCWD, path, CARTEFILE_SIZE_MAX, &text, err) < 0)
        return -1;
    return cartefile_parse(path, text_get(&text), text.length, &builder->cartefile, err);
}

static int open_context(struct builder *builder, struct error *err)
{
    static const char *const names[] = { ".carteignore", ".dockerignore" };
    const char *folder = builder->request->context_folder;
    AUTO_STRINGS struct strings layers = { 0 };
    AUTO_TEXT struct text text = { 0 };

    if (!folder)
        return 0;
    strings_add(&layers, folder);
    builder->context = merged_open(&layers, err);
    if (!builder->context)
        return error_wrap(err, "build context");
    builder->digests = digest_cache_open(builder->store_fd, &layers);
    for (size_t i = 0; i < ARRAY_SIZE(names) && !builder->ignore_name; i++) {
        if (merged_read(builder->context, names[i], IGNORE_SIZE_MAX, &text, err) == 0)
            builder->ignore_name = names[i];
        else if (err->code != ERROR_NOT_FOUND)
            return -1;
        else
            error_clear(err);
    }
    ignore_parse(text_get(&text), text.length, &builder->ignore);
    return 0;
}

static int read_epoch(struct builder *builder, struct error *err)
{
    const struct strings_pair *arg = strings_map_find(&builder->request->args, "SOURCE_DATE_EPOCH");

    return epoch_parse(arg ? arg->value : NULL, &builder->epoch, err);
}

static void add_platform_args(struct strings_map *args)
{
    AUTO_FREE char *platform = alloc_format("linux/%s", config_json_architecture());

    strings_map_set(args, "TARGETPLATFORM", platform);
    strings_map_set(args, "BUILDPLATFORM", platform);
    strings_map_set(args, "TARGETOS", "linux");
    strings_map_set(args, "BUILDOS", "linux");
    strings_map_set(args, "TARGETARCH", config_json_architecture());
    strings_map_set(args, "BUILDARCH", config_json_architecture());
}

/* ARG before the first FROM is for the FROM lines. */
static int read_global_args(struct builder *builder, struct error *err)
{
    struct stage global = { .builder = builder };

    add_platform_args(&global.args);
    for (size_t i = 0; i < builder->cartefile->count; i++) {
        const struct cartefile_instruction *at = &builder->cartefile->instructions[i];

        if (at->keyword == CARTEFILE_FROM)
            break;
        if (at->keyword == CARTEFILE_ARG && step_arg(&global, at, err) < 0) {
            strings_map_done(&global.args);
            return -1;
        }
    }
    builder->args = global.args;
    return 0;
}

static int check_platform(const struct stage *stage, const struct cartefile_instruction *at,
                          struct error *err)
{
    const struct strings_pair *flag = strings_map_find(&at->flags, "platform");
    AUTO_FREE char *own = alloc_format("linux/%s", config_json_architecture());
    AUTO_FREE char *wanted = NULL;

    if (!flag)
        return 0;
    if (stage_expand(stage, at, flag->value, &wanted, err) < 0)
        return -1;
    if (strcmp(wanted, own) != 0)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "platform '%s' cannot be built here: this machine is %s", wanted,
                               own);
    return 0;
}

static int read_from(struct builder *builder, struct stage *stage, struct error *err)
{
    const struct cartefile_instruction *at = &builder->cartefile->instructions[stage->first];

    stage->builder = builder;
    strings_map_copy(&stage->args, &builder->args);
    if (check_platform(stage, at, err) < 0 ||
        stage_expand(stage, at, at->words.items[0], &stage->base, err) < 0)
        return -1;
    strings_map_done(&stage->args);
    if (!*stage->base)
        return cartefile_error(builder->cartefile, at, err,
                               "FROM names nothing: '%s' is empty, give ARG a value",
                               at->words.items[0]);
    if (at->words.count == 1)
        return 0;
    if (at->words.count != 3 || strcasecmp(at->words.items[1], "AS") != 0)
        return cartefile_error(builder->cartefile, at, err, "expected FROM IMAGE AS NAME");
    stage->name = alloc_text(at->words.items[2]);
    return 0;
}

static int read_stages(struct builder *builder, struct error *err)
{
    const struct cartefile *cartefile = builder->cartefile;

    for (size_t i = 0; i < cartefile->count; i++) {
        struct stage *stage = NULL;

        if (cartefile->instructions[i].keyword != CARTEFILE_FROM) {
            if (builder->stage_count > 0)
                builder->stages[builder->stage_count - 1].end = i + 1;
            continue;
        }
        stage = ALLOC_APPEND(builder->stages, builder->stage_count);
        stage->first = i;
        stage->end = i + 1;
        if (read_from(builder, stage, err) < 0)
            return -1;
    }
    return 0;
}

/* The stage before `limit` that has this name or, where numbers count, number. */
static struct stage *find_stage(const struct builder *builder, size_t limit, const char *name,
                                bool by_number)
{
    struct error ignored = { 0 };
    int64_t number = 0;

    for (size_t i = limit; i > 0; i--) {
        struct stage *stage = &builder->stages[i - 1];

        if (stage->name && strcasecmp(stage->name, name) == 0)
            return stage;
    }
    if (by_number && limit > 0 && parse_int(name, 0, (int64_t)limit - 1, &number, &ignored) == 0)
        return &builder->stages[number];
    return NULL;
}

/* What a flag of COPY or RUN takes files from, or NULL; to be freed. */
static char *find_from(const struct strings_pair *flag)
{
    if (strcmp(flag->key, "mount") == 0)
        return run_mount_find_from(flag->value);
    return strcmp(flag->key, "from") == 0 ? alloc_text(flag->value) : NULL;
}

static void mark_needed(struct builder *builder, struct stage *stage)
{
    size_t position = (size_t)(stage - builder->stages);
    struct stage *other = find_stage(builder, position, stage->base, false);

    if (stage->is_needed)
        return;
    stage->is_needed = true;
    builder->step_count += builder->cartefile->is_short ? 4 : stage->end - stage->first;
    if (other)
        mark_needed(builder, other);
    for (size_t i = stage->first; i < stage->end; i++) {
        const struct cartefile_instruction *at = &builder->cartefile->instructions[i];

        for (size_t k = 0; k < at->flags.count; k++) {
            AUTO_FREE char *from = find_from(&at->flags.pairs[k]);

            other = from ? find_stage(builder, position, from, true) : NULL;
            if (other)
                mark_needed(builder, other);
        }
    }
}

static int find_target(struct builder *builder, struct stage **out, struct error *err)
{
    const char *target = builder->request->target;

    *out = &builder->stages[builder->stage_count - 1];
    if (text_is_empty(target))
        return 0;
    *out = find_stage(builder, builder->stage_count, target, true);
    if (!*out)
        return error_set(err, ERROR_NOT_FOUND, "%s: there is no stage '%s'",
                         builder->cartefile->path, target);
    return 0;
}

static int start_from_image(struct stage *stage, const struct cartefile_instruction *at,
                            struct error *err)
{
    struct builder *builder = stage->builder;
    const char *other = source_find_image(builder->request, stage->base);
    AUTO(image) struct image *image = NULL;

    if (!other && strings_map_find(&builder->request->contexts, stage->base))
        return cartefile_error(builder->cartefile, at, err,
                               "the build context '%s' is a folder: FROM needs an image",
                               stage->base);
    if (store_find_image(builder->store, other ? other : stage->base, &image, err) < 0)
        return cartefile_wrap(builder->cartefile, at, err);
    if (!image)
        return cartefile_error(builder->cartefile, at, err,
                               "there is no image '%s' in the store: build it first, or begin "
                               "FROM scratch",
                               stage->base);
    if (image->config.on_build.count > 0)
        return cartefile_error(builder->cartefile, at, err,
                               "image '%s' has ONBUILD triggers, which are not built yet",
                               stage->base);
    return store_load_manifest(builder->store, image->digest, &stage->manifest, err);
}

static int start_stage(struct stage *stage, struct error *err)
{
    struct builder *builder = stage->builder;
    const struct cartefile_instruction *at = &builder->cartefile->instructions[stage->first];
    const struct stage *other =
        find_stage(builder, (size_t)(stage - builder->stages), stage->base, false);

    if (other && !strings_map_find(&builder->request->contexts, stage->base)) {
        stage->manifest = manifest_copy(other->manifest);
        strings_map_copy(&stage->args, &other->args);
        stage->changed = other->changed;
    } else if (strcmp(stage->base, "scratch") == 0) {
        stage->manifest = alloc_new(struct manifest);
    } else if (start_from_image(stage, at, err) < 0) {
        return -1;
    }
    if (store_unpack(builder->store, stage->manifest, &stage->layers, err) < 0)
        return -1;
    stage_note(stage, at);
    return 0;
}

static int run_stages(struct builder *builder, struct error *err)
{
    for (size_t i = 0; i < builder->stage_count; i++) {
        struct stage *stage = &builder->stages[i];

        if (!stage->is_needed)
            continue;
        if (start_stage(stage, err) < 0)
            return -1;
        if (builder->cartefile->is_short ? short_form_run(stage, err) < 0
                                         : step_run_all(stage, err) < 0)
            return -1;
    }
    return 0;
}

static int save(struct builder *builder, struct stage *stage, struct image **image_out,
                struct error *err)
{
    const struct build_request *request = builder->request;
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_FREE char *digest = NULL;
    char created[32];

    strings_copy(&names, &request->names);
    if (builder->cartefile->is_short && names.count == 0)
        strings_add(&names, short_form_name(builder->cartefile));
    for (size_t i = 0; i < request->labels.count; i++)
        strings_map_set(&stage->manifest->config.labels, request->labels.pairs[i].key,
                        request->labels.pairs[i].value ? request->labels.pairs[i].value : "");
    epoch_format(builder->epoch, created);
    free(stage->manifest->created);
    stage->manifest->created = alloc_text(created);
    if (store_save_image(builder->store, stage->manifest, &names, &digest, err) < 0 ||
        store_find_image(builder->store, digest, image_out, err) < 0)
        return -1;
    if (!*image_out)
        return error_set(err, ERROR_NOT_FOUND, "the image was removed while it was built");
    if (builder->cartefile->is_short && short_form_save_record(stage, (*image_out)->id, err) < 0) {
        image_free(STEAL_PTR(*image_out));
        return -1;
    }
    return 0;
}

static int run(struct builder *builder, struct image **image_out, struct error *err)
{
    struct stage *target = NULL;

    if (read_cartefile(builder, err) < 0 || open_context(builder, err) < 0 ||
        read_epoch(builder, err) < 0 || read_global_args(builder, err) < 0 ||
        read_stages(builder, err) < 0 || find_target(builder, &target, err) < 0)
        return -1;
    mark_needed(builder, target);
    if (store_begin(builder->store, &builder->session, err) < 0 || run_stages(builder, err) < 0)
        return -1;
    return save(builder, target, image_out, err);
}

int build_image(struct store *store, const struct build_request *request, struct image **image_out,
                struct error *err)
{
    __attribute__((cleanup(builder_done))) struct builder builder = {
        .store = store,
        .store_fd = store_get_folder(store),
        .request = request,
    };
    AUTO_CLOSE int lock = prune_lock(builder.store_fd, false, err);
    struct image *image = NULL;

    if (lock < 0 || build_run_sweep(&builder, err) < 0 || run(&builder, &image, err) < 0)
        return -1;
    *image_out = image;
    return 0;
}
