/* SPDX-License-Identifier: MIT */

/*
 * The stages of a Cartefile, and which of them are needed
 */

#include "build/stage_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "build/platform.h"
#include "build/run_mount.h"
#include "build/source.h"
#include "build/stage_expand.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

static int check_platform(struct stage *stage, const struct cartefile_instruction *at,
                          struct error *err)
{
    const struct strings_pair *flag = strings_map_find(&at->flags, "platform");
    AUTO_FREE char *own = platform_own();
    AUTO_FREE char *wanted = NULL;
    bool is_own = false;

    if (!flag)
        return 0;
    if (stage_expand(stage, at, flag->value, &wanted, err) < 0)
        return -1;
    if (!*wanted)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "--platform is empty: '%s' has no value", flag->value);
    if (platform_is_own(wanted, &is_own, err) < 0) {
        const struct cartefile_place place = cartefile_find_flag(at, "platform");

        return stage_fail_at(stage, at, &place, err);
    }
    if (!is_own)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "platform '%s' cannot be built here: this machine is %s, and "
                               "programs of others are not emulated",
                               wanted, own);
    return 0;
}

static int read_from(struct builder *builder, struct stage *stage, struct error *err)
{
    const struct cartefile_instruction *at = &builder->cartefile->instructions[stage->first];
    int result = 0;

    stage->builder = builder;
    strings_map_copy(&stage->args, &builder->args);
    if (check_platform(stage, at, err) < 0 ||
        stage_expand(stage, at, at->words.items[0], &stage->base, err) < 0)
        result = -1;
    strings_map_done(&stage->args);
    if (result == 0 && !*stage->base)
        return cartefile_error(builder->cartefile, at, err,
                               "FROM names nothing: '%s' is empty; give the ARG before FROM a "
                               "default, or a value by --build-arg",
                               at->words.items[0]);
    if (at->words.count == 3)
        stage->name = alloc_text(at->words.items[2]);
    return result;
}

int stage_list_read(struct builder *builder, struct error *err)
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

struct stage *stage_list_find(const struct builder *builder, size_t limit, const char *name,
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

/* Of the first `limit` stages, whose names are added to `names`. */
static const char *find_nearest(const struct builder *builder, size_t limit, const char *name,
                                struct strings *names)
{
    for (size_t i = 0; i < limit; i++) {
        if (builder->stages[i].name)
            strings_add(names, builder->stages[i].name);
    }
    return names->count > 0 ? text_nearest(name, (const char *const *)names->items) : NULL;
}

int stage_list_hint(const struct stage *stage, const char *name, struct error *err)
{
    const struct builder *builder = stage->builder;
    AUTO_STRINGS struct strings names = { 0 };
    const char *nearest = find_nearest(builder, (size_t)(stage - builder->stages), name, &names);

    if (!nearest)
        return -1;
    return error_wrap(err, "no earlier stage is called '%s', did you mean '%s'?", name, nearest);
}

struct stage *stage_list_find_below(const struct stage *stage)
{
    const struct builder *builder = stage->builder;

    /* A build context that was given by the same name takes its place. */
    if (strings_map_find(&builder->request->contexts, stage->base))
        return NULL;
    return stage_list_find(builder, (size_t)(stage - builder->stages), stage->base, false);
}

static int load_image(struct stage *stage, const struct cartefile_instruction *at,
                      struct error *err)
{
    struct builder *builder = stage->builder;
    const char *other = source_find_image(builder->request, stage->base);
    AUTO(image) struct image *image = NULL;

    if (!other && strings_map_find(&builder->request->contexts, stage->base))
        return cartefile_error(builder->cartefile, at, err,
                               "the build context '%s' is a folder: FROM needs an image",
                               stage->base);
    if (source_load_image(builder, other ? other : stage->base, &image, err) == 0 && !image)
        error_set(err, ERROR_NOT_FOUND,
                  "there is no image '%s' in the store: get it with 'carte pull %s', build it with "
                  "'carte build -t %s FOLDER', or make a base with 'carte bootstrap'",
                  stage->base, stage->base, stage->base);
    if (!image) {
        const struct cartefile_place place = cartefile_find_word(at, 0);

        stage_list_hint(stage, stage->base, err);
        return stage_fail_at(stage, at, &place, err);
    }
    return store_load_manifest(builder->store, image->digest, &stage->manifest, err);
}

/* What the stage begins from, and the instructions that it has for this one (ONBUILD). */
static int load_base(struct stage *stage, const struct stage *below, struct error *err)
{
    const struct cartefile *cartefile = stage->builder->cartefile;
    const struct cartefile_instruction *at = &cartefile->instructions[stage->first];
    AUTO_STRINGS struct strings texts = { 0 };

    for (size_t i = below ? below->first : 0; below && i < below->end; i++) {
        if (cartefile->instructions[i].trigger)
            strings_add(&texts, cartefile->instructions[i].rest);
    }
    if (!below && strcmp(stage->base, "scratch") == 0) {
        stage->manifest = stage_new_scratch();
    } else if (!below) {
        if (load_image(stage, at, err) < 0)
            return -1;
        strings_copy(&texts, &stage->manifest->config.on_build);
    }
    return cartefile_parse_triggers(cartefile, at, &texts, &stage->triggers, err);
}

static int mark_needed(struct stage *stage, struct error *err);

static int add_need(struct stage *stage, struct stage *other, struct error *err)
{
    size_t number = (size_t)(other - stage->builder->stages);

    for (size_t i = 0; i < stage->need_count; i++) {
        if (stage->needs[i] == number)
            return 0;
    }
    *ALLOC_APPEND(stage->needs, stage->need_count) = number;
    return mark_needed(other, err);
}

/* What a flag of COPY or RUN takes files from, or NULL; to be freed. */
static char *find_from(const struct strings_pair *flag)
{
    if (strcmp(flag->key, "mount") == 0)
        return run_mount_find_from(flag->value);
    return strcmp(flag->key, "from") == 0 ? alloc_text(flag->value) : NULL;
}

static int add_needs(struct stage *stage, const struct cartefile *cartefile, size_t first,
                     size_t end, struct error *err)
{
    const struct builder *builder = stage->builder;
    size_t position = (size_t)(stage - builder->stages);

    for (size_t i = first; i < end; i++) {
        const struct strings_map *flags = &cartefile->instructions[i].flags;

        for (size_t k = 0; k < flags->count; k++) {
            AUTO_FREE char *from = find_from(&flags->pairs[k]);
            struct stage *other = from ? stage_list_find(builder, position, from, true) : NULL;

            if (other && add_need(stage, other, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int mark_needed(struct stage *stage, struct error *err)
{
    struct builder *builder = stage->builder;
    struct stage *below = stage_list_find_below(stage);

    if (stage->is_needed)
        return 0;
    stage->is_needed = true;
    if (load_base(stage, below, err) < 0 || (below && add_need(stage, below, err) < 0))
        return -1;
    builder->step_count += stage->triggers->count;
    builder->step_count += builder->cartefile->is_short ? 4 : stage->end - stage->first;
    if (add_needs(stage, stage->triggers, 0, stage->triggers->count, err) < 0)
        return -1;
    return add_needs(stage, builder->cartefile, stage->first, stage->end, err);
}

static int refuse_target(const struct builder *builder, const char *target, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    const char *nearest = find_nearest(builder, builder->stage_count, target, &names);

    if (names.count == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "%s: there is no stage '%s', and none has a name: write FROM IMAGE AS %s",
                         builder->cartefile->path, target, target);
    return error_set(err, ERROR_NOT_FOUND, "%s: there is no stage '%s': %s '%s'%s",
                     builder->cartefile->path, target, nearest ? "did you mean" : "the first is",
                     nearest ? nearest : names.items[0], nearest ? "?" : "");
}

int stage_list_find_target(const struct builder *builder, struct stage **out, struct error *err)
{
    const char *target = builder->request->target;

    *out = text_is_empty(target) ? &builder->stages[builder->stage_count - 1]
                                 : stage_list_find(builder, builder->stage_count, target, true);
    return *out ? 0 : refuse_target(builder, target, err);
}

int stage_list_choose(struct builder *builder, struct stage **out, struct error *err)
{
    if (stage_list_find_target(builder, out, err) < 0)
        return -1;
    return mark_needed(*out, err);
}

int stage_list_mark_fresh(struct builder *builder, struct error *err)
{
    const struct strings *names = &builder->request->no_cache_stages;

    for (size_t i = 0; i < builder->stage_count; i++)
        builder->stages[i].is_fresh = builder->request->no_cache;
    for (size_t i = 0; i < names->count; i++) {
        struct stage *stage = stage_list_find(builder, builder->stage_count, names->items[i], true);

        if (!stage)
            return refuse_target(builder, names->items[i], err);
        stage->is_fresh = true;
    }
    return 0;
}
