/* SPDX-License-Identifier: MIT */

/*
 * A Cartefile becomes an image: its stages, and which of them are needed
 */

#include "build/build.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "build/arg_scope.h"
#include "build/build_run.h"
#include "build/context.h"
#include "build/epoch.h"
#include "build/lint.h"
#include "build/short_form.h"
#include "build/stage.h"
#include "build/stage_list.h"
#include "build/stage_workers.h"
#include "build/step.h"
#include "image/digest_cache.h"
#include "image/prune.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/place.h"
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
    diagnostic_done(&builder->own_diagnostics);
    free(builder->ignore_name);
    free(builder->path);
    strings_map_done(&builder->args);
    strings_done(&builder->reports);
    for (size_t i = 0; i < builder->import_count; i++)
        cache_layout_done(&builder->imports[i]);
    free(builder->imports);
    cache_layout_done(&builder->exports);
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
    AUTO_FREE char *name = NULL;
    AUTO_TEXT struct text text = { 0 };

    if (request->cartefile_text)
        return cartefile_parse("Cartefile", request->cartefile_text,
                               strlen(request->cartefile_text), builder->diagnostics,
                               &builder->cartefile, err);
    if (!request->context_folder && !request->cartefile)
        return error_set(err, ERROR_INVALID, "there is neither a context nor a Cartefile");
    if (find_cartefile(request, &builder->path, err) < 0 ||
        file_read(AT_FDCWD, builder->path, CARTEFILE_SIZE_MAX, &text, err) < 0)
        return -1;
    name = place_shorten(builder->path);
    return cartefile_parse(name, text_get(&text), text.length, builder->diagnostics,
                           &builder->cartefile, err);
}

static int read_epoch(struct builder *builder, struct error *err)
{
    const struct strings_pair *arg = strings_map_find(&builder->request->args, "SOURCE_DATE_EPOCH");

    return epoch_parse(arg ? arg->value : NULL, &builder->epoch, err);
}

static int start_stage(struct stage *stage, struct error *err)
{
    struct builder *builder = stage->builder;
    const struct cartefile_instruction *at = &builder->cartefile->instructions[stage->first];
    const struct stage *below = stage_list_find_below(stage);

    if (below) {
        stage->manifest = manifest_copy(below->manifest);
        strings_map_copy(&stage->args, &below->args);
        stage->changed = below->changed;
    }
    strings_done(&stage->manifest->config.on_build);
    if (store_unpack(builder->store, stage->manifest, &stage->layers, err) < 0)
        return stage_fail(stage, at);
    stage_note(stage, at);
    return step_run_triggers(stage, err);
}

static int run_stage(struct stage *stage, struct error *err)
{
    if (start_stage(stage, err) < 0)
        return -1;
    return stage->builder->cartefile->is_short ? short_form_run(stage, err)
                                               : step_run_all(stage, err);
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

/* The Cartefile and its context, without the images that it begins from. */
static int read_all(struct builder *builder, struct error *err)
{
    if (read_cartefile(builder, err) < 0 || context_open(builder, err) < 0 ||
        read_epoch(builder, err) < 0 || arg_scope_read_global(builder, err) < 0 ||
        stage_list_read(builder, err) < 0)
        return -1;
    arg_scope_warn_unused(builder, builder->diagnostics);
    return 0;
}

static int open_imports(struct builder *builder, struct error *err)
{
    const struct strings *from = &builder->request->cache_from;

    for (size_t i = 0; i < from->count; i++) {
        AUTO_FREE char *folder = NULL;
        struct cache_layout layout = { .fd = -1 };

        if (cache_layout_parse_option(from->items[i], "src", &folder, err) < 0 ||
            cache_layout_open(folder, &layout, err) < 0)
            return -1;
        *ALLOC_APPEND(builder->imports, builder->import_count) = layout;
    }
    return 0;
}

static int write_exports(const struct builder *builder, struct error *err)
{
    const struct strings *to = &builder->request->cache_to;

    for (size_t i = 0; i < to->count; i++) {
        AUTO_FREE char *folder = NULL;

        if (cache_layout_parse_option(to->items[i], "dest", &folder, err) < 0 ||
            cache_layout_write(&builder->exports, folder, builder->store_fd, err) < 0)
            return -1;
    }
    return 0;
}

/* Options that cannot be followed are refused before anything is done. */
static int check_exports(const struct builder *builder, struct error *err)
{
    const struct strings *to = &builder->request->cache_to;

    for (size_t i = 0; i < to->count; i++) {
        AUTO_FREE char *folder = NULL;

        if (cache_layout_parse_option(to->items[i], "dest", &folder, err) < 0)
            return -1;
    }
    return 0;
}

/* Everything up to the first step: mistakes are found before anything is done. */
static int prepare(struct builder *builder, struct stage **target_out, struct error *err)
{
    size_t findings = 0;

    if (read_all(builder, err) < 0 || stage_list_choose(builder, target_out, err) < 0 ||
        stage_list_mark_fresh(builder, err) < 0 || check_exports(builder, err) < 0 ||
        open_imports(builder, err) < 0)
        return -1;
    findings = lint_run(builder);
    if (findings > 0 && builder->cartefile->findings_are_errors)
        return error_set(err, ERROR_INVALID,
                         "%s: %zu finding%s, which the directive check=error=true makes mistakes",
                         builder->cartefile->path, findings, findings == 1 ? "" : "s");
    return 0;
}

/* The lines around the step that failed. */
static void show_failure(const struct builder *builder)
{
    for (size_t i = 0; builder->request->excerpt && i < builder->stage_count; i++) {
        const struct stage_place *failed = &builder->stages[i].failed;
        const struct diagnostic_place place = {
            .file = builder->cartefile->path,
            .line = failed->line,
            .column = failed->column,
            .last_line = failed->last_line,
        };

        if (failed->line == 0)
            continue;
        diagnostic_format_place(builder->diagnostics, &place, builder->request->excerpt);
        return;
    }
}

static int run(struct builder *builder, struct image **image_out, struct error *err)
{
    struct stage *target = NULL;

    if (prepare(builder, &target, err) < 0 ||
        store_begin(builder->store, &builder->session, err) < 0 ||
        stage_workers_run(builder, run_stage, err) < 0) {
        show_failure(builder);
        return -1;
    }
    if (save(builder, target, image_out, err) < 0)
        return -1;
    if (write_exports(builder, err) == 0)
        return 0;
    image_free(STEAL_PTR(*image_out));
    return -1;
}

static struct builder new_builder(struct store *store, const struct build_request *request)
{
    return (struct builder){
        .store = store,
        .store_fd = store_get_folder(store),
        .request = request,
        .diagnostics = request->diagnostics,
    };
}

int build_image(struct store *store, const struct build_request *request, struct image **image_out,
                struct error *err)
{
    __attribute__((cleanup(builder_done))) struct builder builder = new_builder(store, request);
    AUTO_CLOSE int lock = prune_lock(builder.store_fd, false, err);
    struct image *image = NULL;

    if (!builder.diagnostics)
        builder.diagnostics = &builder.own_diagnostics;
    if (lock < 0 || build_run_sweep(&builder, err) < 0 || run(&builder, &image, err) < 0)
        return -1;
    *image_out = image;
    return 0;
}

int build_check(struct store *store, const struct build_request *request, size_t *findings_out,
                struct error *err)
{
    __attribute__((cleanup(builder_done))) struct builder builder = new_builder(store, request);
    AUTO_CLOSE int lock = prune_lock(builder.store_fd, false, err);

    struct stage *target = NULL;

    assert(builder.diagnostics);
    if (lock < 0 || read_all(&builder, err) < 0 ||
        stage_list_find_target(&builder, &target, err) < 0)
        return -1;
    *findings_out = lint_run(&builder);
    return 0;
}
