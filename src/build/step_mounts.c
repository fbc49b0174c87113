/* SPDX-License-Identifier: MIT */

/*
 * The mounts of one RUN step
 */

#include "build/step_mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "build/build_run.h"
#include "build/mount_maker.h"
#include "build/stage_expand.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define SECRETS_FOLDER "/run/secrets"

void step_mounts_done(struct step_mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        run_mount_done(&mounts->items[i]);
        if (mounts->works)
            mount_maker_done(&mounts->works[i]);
    }
    free(mounts->items);
    free(mounts->works);
    free(mounts->mounts);
    *mounts = (struct step_mounts){ 0 };
}

/* Variables of a flag; their errors have the place already. */
struct expansion {
    const struct stage *stage;
    const struct cartefile_instruction *at;
    bool failed;
};

static int expand(void *context, const char *value, char **out, struct error *err)
{
    struct expansion *expansion = context;

    if (stage_expand(expansion->stage, expansion->at, value, out, err) == 0)
        return 0;
    expansion->failed = true;
    return -1;
}

/* Ids and targets that are not given. */
static void complete(const struct stage *stage, struct run_mount *mount, size_t agents)
{
    char *target = NULL;

    if (mount->kind == RUN_MOUNT_SECRET && !mount->id) {
        const char *slash = strrchr(mount->target, '/');

        mount->id = alloc_text(slash ? slash + 1 : mount->target);
    }
    if (mount->kind == RUN_MOUNT_SECRET && !mount->target && !mount->variable)
        mount->target = alloc_format(SECRETS_FOLDER "/%s", mount->id);
    if (mount->kind == RUN_MOUNT_SSH && !mount->id)
        mount->id = alloc_text("default");
    if (mount->kind == RUN_MOUNT_SSH && !mount->target)
        mount->target = alloc_format("/run/buildkit/ssh_agent.%zu", agents);
    if (mount->kind == RUN_MOUNT_CACHE && !mount->id)
        mount->id = alloc_text(mount->target);
    if (!mount->target)
        return;
    target = build_run_clean_path(stage, mount->target);
    free(mount->target);
    mount->target = target;
}

static int check_target(const struct run_mount *mount, struct error *err)
{
    if (mount->target && strcmp(mount->target, "/") == 0)
        return error_set(err, ERROR_INVALID, "nothing can be mounted on '/'");
    return 0;
}

int step_mounts_read(const struct stage *stage, const struct cartefile_instruction *at,
                     struct step_mounts *out, struct error *err)
{
    size_t agents = 0;

    for (size_t i = 0; i < at->flags.count; i++) {
        struct expansion expansion = { stage, at, false };
        struct run_mount *mount = NULL;
        struct error inner = { 0 };

        if (strcmp(at->flags.pairs[i].key, "mount") != 0)
            continue;
        mount = ALLOC_APPEND(out->items, out->count);
        if (run_mount_parse(at->flags.pairs[i].value, expand, &expansion, mount, &inner) < 0) {
            if (!expansion.failed)
                return cartefile_error(stage->builder->cartefile, at, err, "--mount: %s",
                                       inner.text);
            *err = inner;
            return -1;
        }
        complete(stage, mount, agents);
        agents += mount->kind == RUN_MOUNT_SSH;
        if (check_target(mount, &inner) < 0)
            return cartefile_error(stage->builder->cartefile, at, err, "--mount: %s", inner.text);
    }
    return 0;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

int step_mounts_hash(const struct stage *stage, const struct step_mounts *mounts,
                     struct hash_sha256 *hash, struct error *err)
{
    for (size_t i = 0; i < mounts->count; i++) {
        const struct run_mount *mount = &mounts->items[i];
        AUTO_FREE char *facts =
            alloc_format("%d %d %llu %o %u:%u", (int)mount->kind, mount->read_only,
                         (unsigned long long)mount->size_bytes, (unsigned)mount->mode,
                         (unsigned)mount->uid, (unsigned)mount->gid);
        const char *const texts[] = { facts,         mount->id,     mount->from,
                                      mount->source, mount->target, mount->variable };

        for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
            hash_sha256_update_text(hash, or_empty(texts[k]));
        if (mount->kind == RUN_MOUNT_BIND && mount_maker_hash_bind(stage, mount, hash, err) < 0)
            return -1;
    }
    return 0;
}

static int prepare(const struct stage *stage, struct step_mounts *mounts, size_t index,
                   const char *folder, struct container_spec *spec, struct error *err)
{
    AUTO_FREE char *own = alloc_format("%s/%zu", folder, index);
    struct run_mount *mount = &mounts->items[index];
    struct container_mount *out = &mounts->mounts[index];
    const struct mount_maker maker = { stage, mount, &mounts->works[index], own, out, spec };

    if (mkdirat(stage->builder->session->fd, own, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", own);
    if (mount_maker_make(&maker, err) < 0)
        return error_wrap(err, "mount on '%s'", mount->target ? mount->target : mount->id);
    out->read_only = mount->read_only;
    return 0;
}

static int compare_caches(const void *a, const void *b)
{
    const struct run_mount *const *left = a;
    const struct run_mount *const *right = b;
    AUTO_FREE char *name = mount_maker_cache_name(*left);
    AUTO_FREE char *other = mount_maker_cache_name(*right);
    int order = strcmp(name, other);

    return order ? order : (*left > *right) - (*left < *right);
}

/*
 * Always in the order of their names, so that no two steps wait for each other. A step that
 * has a cache twice has one lock for both.
 */
static int prepare_caches(const struct stage *stage, struct step_mounts *mounts, const char *folder,
                          struct container_spec *spec, struct error *err)
{
    AUTO_FREE struct run_mount **caches = alloc_array(struct run_mount *, mounts->count);
    size_t count = 0;

    for (size_t i = 0; i < mounts->count; i++) {
        if (mounts->items[i].kind == RUN_MOUNT_CACHE)
            caches[count++] = &mounts->items[i];
    }
    qsort(caches, count, sizeof(*caches), compare_caches);
    for (size_t i = 0; i < count; i++) {
        size_t index = (size_t)(caches[i] - mounts->items);
        const struct container_mount *before =
            i > 0 ? &mounts->mounts[caches[i - 1] - mounts->items] : NULL;
        AUTO_FREE char *name = mount_maker_cache_name(caches[i]);
        AUTO_FREE char *name_before = before ? mount_maker_cache_name(caches[i - 1]) : NULL;

        if (!before || strcmp(name, name_before) != 0) {
            if (prepare(stage, mounts, index, folder, spec, err) < 0)
                return -1;
            continue;
        }
        mounts->mounts[index] = *before;
        mounts->mounts[index].target = caches[i]->target;
        mounts->mounts[index].read_only = caches[i]->read_only;
    }
    return 0;
}

int step_mounts_prepare(const struct stage *stage, struct step_mounts *mounts, const char *work,
                        struct container_spec *spec, struct error *err)
{
    AUTO_FREE char *folder = alloc_format("%s/mounts", work);

    if (mounts->count == 0)
        return 0;
    mounts->works = alloc_array(struct mount_maker_work, mounts->count);
    mounts->mounts = alloc_array(struct container_mount, mounts->count);
    for (size_t i = 0; i < mounts->count; i++)
        mounts->works[i].cache.lock = -1;
    if (mkdirat(stage->builder->session->fd, folder, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", folder);
    for (size_t i = 0; i < mounts->count; i++) {
        if (mounts->items[i].kind != RUN_MOUNT_CACHE &&
            prepare(stage, mounts, i, folder, spec, err) < 0)
            return -1;
    }
    if (prepare_caches(stage, mounts, folder, spec, err) < 0)
        return -1;
    for (size_t i = 0; i < mounts->count; i++) {
        if (mounts->mounts[i].target)
            mounts->mounts[mounts->mount_count++] = mounts->mounts[i];
    }
    spec->mounts = mounts->mounts;
    spec->mount_count = mounts->mount_count;
    return 0;
}

void step_mounts_list_targets(const struct step_mounts *mounts, struct strings *out)
{
    for (size_t i = mounts->mount_count; i > 0; i--) {
        AUTO_FREE char *path = alloc_text(mounts->mounts[i - 1].target + 1);

        for (char *slash = path + strlen(path); slash; slash = strrchr(path, '/')) {
            *slash = '\0';
            strings_add(out, path);
        }
    }
}
