/* SPDX-License-Identifier: MIT */

/*
 * COPY and ADD
 *
 * The layer is written straight from its sources, without mounting the layers below.
 */

#include "build/copy_step.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "build/copy_plan.h"
#include "build/owner.h"
#include "build/source.h"
#include "image/digest_cache.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

static int fail(const struct stage *stage, const struct cartefile_instruction *at,
                struct error *err)
{
    const char *hint = stage->builder->ignore_name ? stage->builder->ignore_name : "";

    if (strstr(err->text, "the ignore file") && *hint)
        error_wrap(err, "%s", hint);
    return cartefile_wrap(stage->builder->cartefile, at, err);
}

static bool filter(void *context, const char *path, bool is_folder, bool *enter)
{
    const struct ignore *ignore = context;
    bool excluded = ignore_has(ignore, path);

    *enter = is_folder && (!excluded || ignore->takes_back);
    return excluded;
}

static const struct stage *find_stage(const struct stage *stage, const char *name)
{
    const struct builder *builder = stage->builder;
    struct error ignored = { 0 };
    int64_t number = -1;

    for (const struct stage *s = builder->stages; s < stage; s++) {
        if (s->name && strcasecmp(s->name, name) == 0)
            return s;
    }
    if (parse_int(name, 0, (int64_t)(stage - builder->stages) - 1, &number, &ignored) == 0)
        return &builder->stages[number];
    return NULL;
}

/* --from: an earlier stage, else an image of the store. */
static int open_source(const struct stage *stage, const char *from, struct merged **out,
                       struct digest_cache **digests_out, struct error *err)
{
    const struct strings *layers = NULL;
    const struct stage *other = find_stage(stage, from);
    AUTO(image) struct image *image = NULL;

    if (!other && source_load_image(stage->builder, from, &image, err) < 0)
        return -1;
    if (!other && !image)
        return error_set(err, ERROR_NOT_FOUND,
                         "'%s' is neither an earlier stage nor an image of the store: build it "
                         "first",
                         from);
    layers = other ? &other->layers : &image->layers;
    *out = merged_open(layers, err);
    *digests_out = digest_cache_open(stage->builder->store_fd, layers);
    return *out ? 0 : -1;
}

static int refuse_remote(const struct stage *stage, const struct cartefile_instruction *at,
                         const char *source, struct error *err)
{
    static const char *const schemes[] = { "http://", "https://", "git@", "git://", "ssh://" };

    for (size_t i = 0; at->keyword == CARTEFILE_ADD && i < ARRAY_SIZE(schemes); i++) {
        if (text_starts_with(source, schemes[i]))
            return cartefile_error(stage->builder->cartefile, at, err,
                                   "ADD from a network is not built yet: put '%s' into the context",
                                   source);
    }
    return 0;
}

static const char *find_flag(const struct cartefile_instruction *at, const char *key)
{
    const struct strings_pair *pair = strings_map_find(&at->flags, key);

    return pair ? pair->value : NULL;
}

/* Here-documents are files of their own, collected in a folder of the session. */
static int write_heredocs(const struct stage *stage, const struct cartefile_instruction *at,
                          const struct strings *words, struct copy_plan *plan, int tree,
                          struct error *err)
{
    AUTO_FREE char *destination = stage_path(stage, words->items[words->count - 1]);
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    bool is_folder = text_ends_with(destination, "/");

    if (merged_find(plan->base, destination, true, &node, err) < 0)
        return -1;
    is_folder |= node.found && S_ISDIR(node.status.st_mode);
    if (at->heredoc_count > 1 && !is_folder)
        return error_set(err, ERROR_INVALID, "several sources need a folder: end '%s' with '/'",
                         destination);
    for (size_t i = 0; i < at->heredoc_count; i++) {
        const struct cartefile_heredoc *heredoc = &at->heredocs[i];
        AUTO_FREE char *content = alloc_text(heredoc->content);
        AUTO_FREE char *path =
            is_folder ? alloc_format("%s%s%s", node.path, *node.path ? "/" : "", heredoc->name)
                      : alloc_text(node.path);

        if (heredoc->expand) {
            free(content);
            content = NULL;
            if (stage_expand_text(stage, at, heredoc->content, &content, err) < 0)
                return -1;
        }
        if (copy_plan_put_text(plan, tree, path, content, err) < 0)
            return -1;
    }
    return 0;
}

static void hash_heredocs(const struct stage *stage, const struct cartefile_instruction *at,
                          struct hash_sha256 *hash)
{
    for (size_t i = 0; i < at->heredoc_count; i++) {
        struct error ignored = { 0 };
        AUTO_FREE char *content = NULL;

        hash_sha256_update_text(hash, at->heredocs[i].name);
        hash_sha256_update_text(hash, at->heredocs[i].content);
        if (at->heredocs[i].expand &&
            stage_expand_text(stage, at, at->heredocs[i].content, &content, &ignored) == 0)
            hash_sha256_update_text(hash, content);
    }
}

static int fill_plan(struct stage *stage, const struct cartefile_instruction *at,
                     const struct strings *words, struct copy_plan *plan, struct error *err)
{
    AUTO_FREE char *destination = stage_path(stage, words->items[words->count - 1]);
    AUTO_STRINGS struct strings sources = { 0 };
    AUTO_FREE char *owner = NULL;

    if (find_flag(at, "chown")) {
        if (stage_expand(stage, at, find_flag(at, "chown"), &owner, err) < 0)
            return -1;
        if (owner_parse(plan->base, owner, &plan->uid, &plan->gid, err) < 0)
            return fail(stage, at, err);
        plan->has_owner = true;
    }
    for (size_t i = 0; i + 1 < words->count; i++) {
        if (refuse_remote(stage, at, words->items[i], err) < 0)
            return -1;
        if (at->heredoc_count == 0 || !text_starts_with(at->words.items[i], "<<"))
            strings_add(&sources, words->items[i]);
    }
    if (sources.count > 0 && at->heredoc_count > 0)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "files and here-documents do not go together: use two %s",
                               cartefile_keyword_name(at->keyword));
    if (sources.count > 0 && copy_plan_add(plan, &sources, destination, err) < 0)
        return fail(stage, at, err);
    return 0;
}

static int make_key(const struct stage *stage, const struct cartefile_instruction *at,
                    const struct strings *words, const struct copy_plan *plan,
                    char key[HASH_SHA256_HEX_SIZE], struct error *err)
{
    AUTO_FREE char *destination = stage_path(stage, words->items[words->count - 1]);
    AUTO_FREE char *owner = alloc_format("%d %u:%u", plan->has_owner, plan->uid, plan->gid);
    struct hash_sha256 hash;

    stage_begin_key(stage, at, &hash);
    hash_sha256_update_text(&hash, destination);
    hash_sha256_update_text(&hash, owner);
    hash_sha256_update_text(&hash, plan->chmod ? plan->chmod : "");
    hash_heredocs(stage, at, &hash);
    if (copy_plan_hash(plan, &hash, err) < 0)
        return fail(stage, at, err);
    hash_sha256_hex(&hash, key);
    return 0;
}

static int run(struct stage *stage, const struct cartefile_instruction *at,
               const struct strings *words, struct copy_plan *plan, struct error *err)
{
    AUTO_STAGE_LAYER struct stage_layer layer = { .tree = -1 };
    char key[HASH_SHA256_HEX_SIZE];
    bool done = false;

    if (fill_plan(stage, at, words, plan, err) < 0 ||
        make_key(stage, at, words, plan, key, err) < 0 ||
        stage_reuse(stage, at, key, &done, err) < 0)
        return -1;
    if (done)
        return 0;
    if (stage_begin_layer(stage, &layer, err) < 0 || copy_plan_write(plan, layer.tree, err) < 0 ||
        (at->heredoc_count > 0 && write_heredocs(stage, at, words, plan, layer.tree, err) < 0))
        return fail(stage, at, err);
    return stage_commit_layer(stage, at, key, &layer, err);
}

int copy_step_run(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    const char *from = find_flag(at, "from");
    AUTO(merged) struct merged *base = merged_open(&stage->layers, err);
    AUTO(merged) struct merged *other = NULL;
    AUTO(digest_cache) struct digest_cache *digests = NULL;
    AUTO_STRINGS struct strings words = { 0 };
    AUTO_COPY_PLAN struct copy_plan plan = {
        .base = base,
        .source = stage->builder->context,
        .digests = stage->builder->digests,
        .unpacks = at->keyword == CARTEFILE_ADD,
        .keeps_owner = from != NULL,
        .chmod = find_flag(at, "chmod"),
    };

    if (!base || stage_expand_words(stage, at, &words, err) < 0)
        return -1;
    if (from && open_source(stage, from, &other, &digests, err) < 0)
        return fail(stage, at, err);
    if (from) {
        plan.source = other;
        plan.digests = digests;
    } else {
        plan.filter = filter;
        plan.filter_context = &stage->builder->ignore;
    }
    if (!plan.source && at->heredoc_count == 0)
        return cartefile_error(stage->builder->cartefile, at, err, "there is no build context");
    assert(words.count > 0 && words.items);
    return run(stage, at, &words, &plan, err);
}

void copy_step_folder_key(const struct stage *stage, const struct cartefile_instruction *at,
                          const char *path, char key[HASH_SHA256_HEX_SIZE])
{
    struct hash_sha256 hash;

    stage_begin_key(stage, at, &hash);
    hash_sha256_update_text(&hash, path);
    hash_sha256_hex(&hash, key);
}

int copy_step_make_folder(const struct merged *base, int tree, const char *path, struct error *err)
{
    AUTO_COPY_PLAN struct copy_plan plan = { .base = base };

    return copy_plan_make_folders(&plan, tree, path, err);
}
