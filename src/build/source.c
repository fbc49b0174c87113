/* SPDX-License-Identifier: MIT */

/*
 * Where a step takes files from
 */

#include "build/source.h"

#include <string.h>

#include "build/stage_list.h"
#include "image/digest_cache.h"
#include "image/image.h"
#include "util/error.h"
#include "util/text.h"

#define IMAGE_SCHEME "docker-image://"

void source_done(struct source *source)
{
    merged_free(source->own_view);
    digest_cache_close(source->own_digests);
    ignore_done(&source->own_ignore);
    strings_done(&source->layers);
    *source = (struct source){ 0 };
}

bool source_filter(void *context, const char *path, bool is_folder, bool *enter)
{
    const struct source *source = context;
    bool excluded = source->ignore && ignore_has(source->ignore, path);

    *enter = is_folder && (!excluded || source->ignore->takes_back);
    return excluded;
}

const char *source_find_image(const struct build_request *request, const char *name)
{
    const struct strings_pair *pair = strings_map_find(&request->contexts, name);

    return pair && text_starts_with(pair->value, IMAGE_SCHEME) ? pair->value + strlen(IMAGE_SCHEME)
                                                               : NULL;
}

int source_load_image(const struct builder *builder, const char *name, struct image **out,
                      struct error *err)
{
    const struct build_request *request = builder->request;

    if (store_find_image(builder->store, name, out, err) < 0)
        return -1;
    if (*out || !request->pull)
        return 0;
    if (request->pull(request->callback_context, name, err) < 0)
        return error_wrap(err, "image '%s' is not in the store", name);
    return store_find_image(builder->store, name, out, err);
}

static int open_view(const struct builder *builder, struct source *out, struct error *err)
{
    out->view = out->own_view = merged_open(&out->layers, err);
    if (!out->view)
        return -1;
    out->digests = out->own_digests = digest_cache_open(builder->store_fd, &out->layers);
    return 0;
}

static int open_layers(const struct builder *builder, const struct strings *layers,
                       const struct manifest *manifest, struct source *out, struct error *err)
{
    strings_copy(&out->layers, layers);
    manifest_chain_id(manifest, manifest->layer_count, out->chain);
    return open_view(builder, out, err);
}

static int open_image(const struct stage *stage, const char *name, struct source *out,
                      struct error *err)
{
    struct store *store = stage->builder->store;
    AUTO(image) struct image *image = NULL;
    AUTO(manifest) struct manifest *manifest = NULL;

    if (source_load_image(stage->builder, name, &image, err) == 0 && !image)
        error_set(err, ERROR_NOT_FOUND,
                  "'%s' is neither an earlier stage nor an image of the store: build it first",
                  name);
    if (!image)
        return stage_list_hint(stage, name, err);
    if (store_load_manifest(store, image->digest, &manifest, err) < 0)
        return -1;
    return open_layers(stage->builder, &image->layers, manifest, out, err);
}

int source_open_folder(const char *folder, struct source *out, struct error *err)
{
    strings_add(&out->layers, folder);
    out->is_folder = true;
    out->view = out->own_view = merged_open(&out->layers, err);
    return out->view ? 0 : -1;
}

/* A named context has an ignore file of its own. */
static int open_named(const struct builder *builder, const char *folder, struct source *out,
                      struct error *err)
{
    static const char *const names[] = { ".carteignore", ".dockerignore" };
    AUTO_TEXT struct text text = { 0 };

    strings_add(&out->layers, folder);
    out->is_folder = true;
    if (open_view(builder, out, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(names) && !out->ignore_name; i++) {
        if (merged_read(out->view, names[i], IGNORE_SIZE_MAX, &text, err) == 0)
            out->ignore_name = names[i];
        else if (err->code != ERROR_NOT_FOUND)
            return -1;
        else
            error_clear(err);
    }
    out->ignore = &out->own_ignore;
    return ignore_parse(out->ignore_name, text_get(&text), text.length, &out->own_ignore, err);
}

static int open_context(const struct stage *stage, struct source *out, struct error *err)
{
    const struct builder *builder = stage->builder;

    if (!builder->context)
        return error_set(err, ERROR_INVALID, "there is no build context");
    strings_add(&out->layers, builder->request->context_folder);
    out->view = builder->context;
    out->digests = builder->digests;
    out->ignore = &builder->ignore;
    out->ignore_name = builder->ignore_name;
    out->is_folder = true;
    return 0;
}

int source_open(const struct stage *stage, const char *from, struct source *out, struct error *err)
{
    const struct build_request *request = stage->builder->request;
    const struct strings_pair *context = NULL;
    const struct stage *other = NULL;

    if (!from)
        return open_context(stage, out, err);
    context = strings_map_find(&request->contexts, from);
    if (context && source_find_image(request, from))
        return open_image(stage, source_find_image(request, from), out, err);
    if (context)
        return open_named(stage->builder, context->value, out, err);
    if (strcmp(from, "scratch") == 0)
        return error_set(err, ERROR_INVALID, "'scratch' holds nothing to take");
    other = stage_list_find(stage->builder, (size_t)(stage - stage->builder->stages), from, true);
    if (other)
        return open_layers(stage->builder, &other->layers, other->manifest, out, err);
    if (from[strspn(from, "0123456789")] == '\0')
        return error_set(err, ERROR_NOT_FOUND, "there is no stage %s before this one", from);
    return open_image(stage, from, out, err);
}
