/* SPDX-License-Identifier: MIT */

/*
 * A stage of a build
 */

#include "build/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/build_cache.h"
#include "image/layer.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

void stage_done(struct stage *stage)
{
    stage_unlock(stage);
    free(stage->name);
    free(stage->base);
    manifest_free(stage->manifest);
    strings_done(&stage->layers);
    strings_map_done(&stage->args);
    free(stage->needs);
    cartefile_free(stage->triggers);
}

int stage_fail(struct stage *stage, const struct cartefile_instruction *at)
{
    if (stage->failed.line == 0)
        stage->failed = (struct stage_place){ at->line, at->column, at->last_line };
    return -1;
}

int stage_fail_at(struct stage *stage, const struct cartefile_instruction *at,
                  const struct cartefile_place *place, struct error *err)
{
    if (stage->failed.line == 0)
        stage->failed = (struct stage_place){ place->line, place->column, at->last_line };
    return cartefile_wrap_at(stage->builder->cartefile, at, place, err);
}

struct manifest *stage_new_scratch(void)
{
    struct manifest *manifest = alloc_new(struct manifest);

    strings_set_env(&manifest->config.env, "PATH", STAGE_DEFAULT_PATH);
    return manifest;
}

const char *stage_find_variable(void *context, const char *name)
{
    const struct stage *stage = context;
    const char *value = NULL;
    const struct strings_pair *arg = NULL;

    if (stage->manifest)
        value = strings_find_env(&stage->manifest->config.env, name);
    if (value)
        return value;
    arg = strings_map_find(&stage->args, name);
    return arg ? arg->value : NULL;
}

char *stage_path(const struct stage *stage, const char *path)
{
    const char *folder = stage->manifest->config.working_dir;

    if (*path == '/')
        return alloc_text(path);
    return alloc_format("%s/%s", folder ? folder : "", path);
}

static void begin_key(const struct stage *stage, const struct cartefile_instruction *at,
                      const char *chain, struct hash_sha256 *hash)
{
    hash_sha256_init(hash);
    hash_sha256_update_text(hash, "2");
    hash_sha256_update_text(hash, chain);
    hash_sha256_update_text(hash, cartefile_keyword_name(at->keyword));
    hash_sha256_update(hash, &stage->builder->epoch, sizeof(stage->builder->epoch));
}

void stage_begin_key(const struct stage *stage, const struct cartefile_instruction *at,
                     struct hash_sha256 *hash)
{
    char chain[HASH_SHA256_HEX_SIZE];

    manifest_chain_id(stage->manifest, stage->manifest->layer_count, chain);
    begin_key(stage, at, chain, hash);
}

void stage_begin_free_key(const struct stage *stage, const struct cartefile_instruction *at,
                          struct hash_sha256 *hash)
{
    begin_key(stage, at, "", hash);
}

void stage_reset(struct stage *stage, struct manifest *base)
{
    manifest_free(stage->manifest);
    stage->manifest = base;
    strings_done(&stage->layers);
    strings_map_done(&stage->args);
    stage->failed = (struct stage_place){ 0 };
    stage->has_cmd = stage->changed = false;
}

char *stage_describe(const struct stage *stage)
{
    return stage->name ? alloc_text(stage->name)
                       : alloc_format("stage %zu", (size_t)(stage - stage->builder->stages));
}

void stage_report(struct stage *stage, const char *instruction, bool cached)
{
    struct builder *builder = stage->builder;

    if (builder->report) {
        builder->report(builder, stage, instruction, cached);
        return;
    }
    builder->step++;
    if (builder->request->progress)
        builder->request->progress(builder->request->callback_context, builder->step,
                                   builder->step_count, instruction, cached);
}

void stage_note(struct stage *stage, const struct cartefile_instruction *at)
{
    stage_report(stage, at->display, !stage->changed);
    if (at->keyword != CARTEFILE_FROM && at->keyword != CARTEFILE_ARG)
        manifest_add_history(stage->manifest, at->display, true);
}

static int add_layer(struct stage *stage, const struct cartefile_instruction *at,
                     const struct manifest_layer *layer, struct error *err)
{
    if (stage->manifest->layer_count >= MANIFEST_LAYERS_MAX)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "an image has at most %u layers: join some RUN or COPY instructions",
                               MANIFEST_LAYERS_MAX);
    manifest_add_layer(stage->manifest, layer);
    manifest_add_history(stage->manifest, at->display, false);
    return 0;
}

void stage_unlock(struct stage *stage)
{
    if (!stage->locked_key)
        return;
    build_cache_unlock(stage->builder->store_fd, stage->locked_key, stage->lock);
    free(STEAL_PTR(stage->locked_key));
}

/* Look for the step in the store, then in the layouts of other machines. */
static int look_up(struct stage *stage, const char *key_hex, struct manifest_layer *layer,
                   bool *found_out, struct error *err)
{
    const struct builder *builder = stage->builder;

    stage->is_imported = false;
    if (build_cache_find(builder->store_fd, key_hex, layer, found_out, err) < 0)
        return -1;
    for (size_t i = 0; i < builder->import_count && !*found_out; i++) {
        const struct cache_layout *layout = &builder->imports[i];
        const struct cache_layout_step *step = cache_layout_find(layout, key_hex);

        if (!step)
            continue;
        if (cache_layout_take(layout, &step->layer, builder->store_fd, builder->session, err) < 0)
            return -1;
        manifest_layer_copy(layer, &step->layer);
        stage->is_imported = *found_out = true;
    }
    return 0;
}

/* Look the step up; if it is not there, hold it and look again. */
static int find_step(struct stage *stage, const char *key_hex, struct manifest_layer *layer,
                     bool *found_out, struct error *err)
{
    const struct builder *builder = stage->builder;

    *found_out = false;
    if (stage->is_fresh)
        return 0;
    if (look_up(stage, key_hex, layer, found_out, err) < 0)
        return -1;
    if (*found_out || builder->stops_at_work)
        return 0;
    stage_unlock(stage);
    stage->lock = build_cache_lock(builder->store_fd, key_hex, err);
    if (stage->lock < 0)
        return -1;
    stage->locked_key = alloc_text(key_hex);
    if (look_up(stage, key_hex, layer, found_out, err) < 0)
        return -1;
    if (*found_out)
        stage_unlock(stage);
    return 0;
}

int stage_reuse(struct stage *stage, const struct cartefile_instruction *at, const char *key_hex,
                bool *done_out, struct error *err)
{
    struct builder *builder = stage->builder;
    struct manifest_layer layer = { 0 };
    int result = 0;

    if (find_step(stage, key_hex, &layer, done_out, err) < 0)
        return -1;
    if (!*done_out && builder->stops_at_work) {
        builder->has_work = true;
        return error_set(err, ERROR_NOT_FOUND, "the step is not in the cache");
    }
    stage->changed |= !*done_out;
    stage_report(stage, at->display, *done_out);
    if (!*done_out)
        return 0;
    cache_layout_add(&builder->exports, key_hex, &layer);
    if (add_layer(stage, at, &layer, err) < 0 ||
        store_unpack(builder->store, stage->manifest, &stage->layers, err) < 0)
        result = -1;
    /* Not before its content was seen. */
    else if (stage->is_imported)
        result = build_cache_save(builder->store_fd, key_hex, &layer, err);
    manifest_layer_done(&layer);
    return result;
}

int stage_begin_free_layer(struct stage *stage, struct stage_layer *layer, struct error *err)
{
    *layer = (struct stage_layer){ .tree = -1 };
    layer->work = layer_new_work(stage->builder->session, err);
    layer->tree = !layer->work ? -1 : layer_open_tree(stage->builder->session, layer->work, err);
    return layer->tree < 0 ? -1 : 0;
}

int stage_begin_layer(struct stage *stage, struct stage_layer *layer, struct error *err)
{
    struct stat status;

    if (stage_begin_free_layer(stage, layer, err) < 0)
        return -1;
    if (stat(stage->layers.items[0], &status) < 0)
        return error_set_errno(err, errno, "look at the layer below");
    if (fchown(layer->tree, status.st_uid, status.st_gid) < 0 ||
        fchmod(layer->tree, status.st_mode & 07777) < 0)
        return error_set_errno(err, errno, "set owner and mode of a layer's root");
    return 0;
}

void stage_layer_done(struct stage_layer *layer)
{
    free(layer->work);
    if (layer->tree >= 0)
        close(layer->tree);
    *layer = (struct stage_layer){ .tree = -1 };
}

static int install(struct stage *stage, const struct stage_layer *layer, struct error *err)
{
    struct builder *builder = stage->builder;
    char chain[HASH_SHA256_HEX_SIZE];

    manifest_chain_id(stage->manifest, stage->manifest->layer_count, chain);
    if (layer_install(builder->store_fd, builder->session, layer->work, chain, err) < 0)
        return -1;
    return store_unpack(builder->store, stage->manifest, &stage->layers, err);
}

int stage_commit_layer(struct stage *stage, const struct cartefile_instruction *at,
                       const char *key_hex, struct stage_layer *layer, struct error *err)
{
    struct builder *builder = stage->builder;
    struct manifest_layer saved = { 0 };
    int result = -1;

    if (layer_save(builder->store_fd, builder->session, layer->tree, builder->epoch, &saved, err) <
        0)
        return cartefile_wrap(builder->cartefile, at, err);
    if (add_layer(stage, at, &saved, err) == 0 && install(stage, layer, err) == 0)
        result = build_cache_save(builder->store_fd, key_hex, &saved, err);
    cache_layout_add(&builder->exports, key_hex, &saved);
    stage_unlock(stage);
    manifest_layer_done(&saved);
    return result;
}
