/* SPDX-License-Identifier: MIT */

/*
 * The mounts of one RUN step
 */

#include "build/step_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/build_run.h"
#include "build/source.h"
#include "image/cache_mount.h"
#include "image/scan.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define SECRET_SIZE_MAX (500U << 10)
#define SECRETS_FOLDER "/run/secrets"

/* What the runtime borrows. */
struct step_mount_work {
    char *upper, *work, *copy; /* folders on the host */
    struct strings lower;
    struct text bytes;
    struct cache_mount cache;
    struct container_mount_part part;
};

static void work_done(struct step_mount_work *work)
{
    free(work->upper);
    free(work->work);
    free(work->copy);
    strings_done(&work->lower);
    if (work->bytes.data)
        explicit_bzero(work->bytes.data, work->bytes.capacity);
    text_done(&work->bytes);
    cache_mount_done(&work->cache);
}

void step_mounts_done(struct step_mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        run_mount_done(&mounts->items[i]);
        if (mounts->works)
            work_done(&mounts->works[i]);
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

/* What of a source is bound; ERROR_NOT_FOUND: nothing. */
static int scan_source(struct source *source, const char *path, const char *target,
                       struct scan *scan, struct error *err)
{
    const struct scan_source from = { source->view, source_filter, source };

    if (scan_add(scan, &from, or_empty(path), target, err) < 0)
        return -1;
    if (scan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' is excluded by the ignore file (%s)", path,
                         or_empty(source->ignore_name));
    return 0;
}

static int hash_bind(const struct stage *stage, const struct run_mount *mount,
                     struct hash_sha256 *hash, struct error *err)
{
    AUTO_SOURCE struct source source = { 0 };
    AUTO_SCAN struct scan scan = { 0 };

    if (source_open(stage, mount->from, &source, err) < 0)
        return -1;
    if (*source.chain && !mount->source) {
        hash_sha256_update_text(hash, source.chain);
        return 0;
    }
    if (scan_source(&source, mount->source, "", &scan, err) < 0)
        return -1;
    return scan_hash(&scan, source.view, source.digests, !source.is_folder, hash, err);
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
        if (mount->kind == RUN_MOUNT_BIND && hash_bind(stage, mount, hash, err) < 0)
            return -1;
    }
    return 0;
}

/* What one mount is prepared from. */
struct preparation {
    const struct stage *stage;
    const struct run_mount *mount;
    struct step_mount_work *work;
    const char *folder; /* its own below the session */
    struct container_mount *out;
    struct container_spec *spec;
};

static char *make_folder(const struct preparation *p, const char *name, struct error *err)
{
    const struct builder *builder = p->stage->builder;
    AUTO_FREE char *path = alloc_format("%s/%s", p->folder, name);

    if (mkdirat(builder->session->fd, path, 0755) < 0) {
        error_set_errno(err, errno, "make folder '%s'", path);
        return NULL;
    }
    return alloc_format("%s/tmp/%s/%s", store_get_path(builder->store), builder->session->name,
                        path);
}

/* Only what the ignore file leaves, as root's. */
static int copy_source(struct source *source, const char *path, const char *folder,
                       struct error *err)
{
    AUTO_CLOSE int tree = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_SCAN struct scan scan = { 0 };

    if (tree < 0)
        return error_set_errno(err, errno, "open folder '%s'", folder);
    if (scan_source(source, path, "content", &scan, err) < 0)
        return -1;
    for (size_t i = 0; i < scan.count; i++) {
        scan.entries[i].status.st_uid = 0;
        scan.entries[i].status.st_gid = 0;
        if (scan_copy_entry(&scan.entries[i], source->view, tree, scan.entries[i].target, err) < 0)
            return -1;
    }
    return 0;
}

/* The writable layer's root looks as the root below it. */
static int make_upper(const struct preparation *p, struct error *err)
{
    struct step_mount_work *work = p->work;
    struct stat below;

    work->upper = make_folder(p, "upper", err);
    work->work = work->upper ? make_folder(p, "work", err) : NULL;
    if (!work->work)
        return -1;
    if (stat(work->lower.items[0], &below) < 0 ||
        chown(work->upper, below.st_uid, below.st_gid) < 0 ||
        chmod(work->upper, below.st_mode & 07777) < 0)
        return error_set_errno(err, errno, "set owner and mode of a mount's root");
    work->part = (struct container_mount_part){
        .upper = work->upper,
        .work = work->work,
        .lower = &work->lower,
    };
    return 0;
}

static int prepare_bind(const struct preparation *p, struct error *err)
{
    AUTO_SOURCE struct source source = { 0 };
    bool filtered = false;

    if (source_open(p->stage, p->mount->from, &source, err) < 0)
        return -1;
    filtered = source.ignore && source.ignore->count > 0;
    if (filtered) {
        p->work->copy = make_folder(p, "copy", err);
        if (!p->work->copy || copy_source(&source, p->mount->source, p->work->copy, err) < 0)
            return -1;
        strings_add(&p->work->lower, p->work->copy);
    } else {
        strings_copy(&p->work->lower, &source.layers);
    }
    if (make_upper(p, err) < 0)
        return -1;
    *p->out = (struct container_mount){
        .kind = CONTAINER_MOUNT_LAYERS,
        .target = p->mount->target,
        .source = filtered ? "content" : p->mount->source,
        .part = &p->work->part,
    };
    return 0;
}

static int prepare_tmpfs(const struct preparation *p, struct error *err)
{
    (void)err;
    *p->out = (struct container_mount){
        .kind = CONTAINER_MOUNT_TMPFS,
        .target = p->mount->target,
        .size_bytes = p->mount->size_bytes,
        .mode = p->mount->mode,
    };
    return 0;
}

/* A cache is known by its id, and by what it began with. */
static char *cache_name(const struct run_mount *mount)
{
    return mount->from
               ? alloc_format("%s (from %s:%s)", mount->id, mount->from, or_empty(mount->source))
               : alloc_text(mount->id);
}

static int fill_cache(void *context, const char *folder, struct error *err)
{
    const struct preparation *p = context;
    AUTO_SOURCE struct source source = { 0 };

    if (source_open(p->stage, p->mount->from, &source, err) < 0)
        return -1;
    return scan_copy_folder(&source.layers, or_empty(p->mount->source), folder, err);
}

static enum cache_mount_sharing sharing_of(const struct run_mount *mount)
{
    if (mount->sharing && strcmp(mount->sharing, "locked") == 0)
        return CACHE_MOUNT_LOCKED;
    if (mount->sharing && strcmp(mount->sharing, "private") == 0)
        return CACHE_MOUNT_PRIVATE;
    return CACHE_MOUNT_SHARED;
}

static int prepare_cache(const struct preparation *p, struct error *err)
{
    struct builder *builder = p->stage->builder;
    AUTO_FREE char *name = cache_name(p->mount);
    struct preparation copy = *p;
    const struct cache_mount_request request = {
        .id = name,
        .sharing = sharing_of(p->mount),
        .mode = p->mount->mode,
        .uid = p->mount->uid,
        .gid = p->mount->gid,
        .fill = p->mount->from ? fill_cache : NULL,
        .fill_context = &copy,
    };

    if (cache_mount_open(builder->store_fd, store_get_path(builder->store), builder->session,
                         &request, &p->work->cache, err) < 0)
        return -1;
    *p->out = (struct container_mount){
        .kind = CONTAINER_MOUNT_BIND,
        .target = p->mount->target,
        .source = p->work->cache.path,
    };
    /* Who had it before may have been killed, and its container may write still. */
    return build_run_sweep(builder, err);
}

static int read_secret(const struct preparation *p, bool *found_out, struct error *err)
{
    const struct build_request *request = p->stage->builder->request;

    *found_out = false;
    for (size_t i = 0; i < request->secret_count && !*found_out; i++) {
        const struct build_secret *secret = &request->secrets[i];
        const char *value = secret->variable ? getenv(secret->variable) : NULL;

        if (strcmp(secret->id, p->mount->id) != 0)
            continue;
        if (secret->variable && !value)
            break;
        if (value)
            text_add(&p->work->bytes, value);
        else if (file_read(AT_FDCWD, secret->file, SECRET_SIZE_MAX, &p->work->bytes, err) < 0)
            return error_wrap(err, "secret '%s'", secret->id);
        *found_out = true;
    }
    if (!*found_out && p->mount->required)
        return error_set(err, ERROR_NOT_FOUND,
                         "secret '%s' is required: give it with --secret id=%s,src=FILE",
                         p->mount->id, p->mount->id);
    return 0;
}

static int prepare_secret(const struct preparation *p, struct error *err)
{
    struct step_mount_work *work = p->work;
    bool found = false;

    if (read_secret(p, &found, err) < 0)
        return -1;
    if (found && p->mount->variable)
        strings_set_env(&p->spec->program.env, p->mount->variable, text_get(&work->bytes));
    if (!found || !p->mount->target)
        return 0;
    work->upper = make_folder(p, "upper", err);
    if (!work->upper)
        return -1;
    work->part = (struct container_mount_part){
        .upper = work->upper,
        .bytes = text_get(&work->bytes),
        .uid = p->mount->uid,
        .gid = p->mount->gid,
    };
    *p->out = (struct container_mount){
        .kind = CONTAINER_MOUNT_FILE,
        .target = p->mount->target,
        .size_bytes = work->bytes.length,
        .mode = p->mount->mode,
        .part = &work->part,
    };
    return 0;
}

static int prepare_ssh(const struct preparation *p, struct error *err)
{
    const struct strings_pair *agent =
        strings_map_find(&p->stage->builder->request->ssh, p->mount->id);
    struct stat status;

    if (!agent && p->mount->required)
        return error_set(err, ERROR_NOT_FOUND,
                         "the ssh agent '%s' is required: give it with --ssh %s", p->mount->id,
                         p->mount->id);
    if (!agent)
        return 0;
    if (stat(agent->value, &status) < 0)
        return error_set_errno(err, errno, "ssh agent '%s': '%s'", agent->key, agent->value);
    if (!S_ISSOCK(status.st_mode))
        return error_set(err, ERROR_INVALID,
                         "ssh agent '%s': '%s' is no socket: load the key into an agent with "
                         "ssh-add, and give its socket",
                         agent->key, agent->value);
    if (!strings_find_env(&p->spec->program.env, "SSH_AUTH_SOCK"))
        strings_set_env(&p->spec->program.env, "SSH_AUTH_SOCK", p->mount->target);
    *p->out = (struct container_mount){
        .kind = CONTAINER_MOUNT_BIND,
        .target = p->mount->target,
        .source = agent->value,
    };
    return 0;
}

static int (*const preparers[RUN_MOUNT_KIND_COUNT])(const struct preparation *, struct error *) = {
    [RUN_MOUNT_BIND] = prepare_bind,   [RUN_MOUNT_CACHE] = prepare_cache,
    [RUN_MOUNT_TMPFS] = prepare_tmpfs, [RUN_MOUNT_SECRET] = prepare_secret,
    [RUN_MOUNT_SSH] = prepare_ssh,
};

static int prepare(const struct stage *stage, struct step_mounts *mounts, size_t index,
                   const char *folder, struct container_spec *spec, struct error *err)
{
    AUTO_FREE char *own = alloc_format("%s/%zu", folder, index);
    struct run_mount *mount = &mounts->items[index];
    struct container_mount *out = &mounts->mounts[index];
    const struct preparation p = { stage, mount, &mounts->works[index], own, out, spec };

    if (mkdirat(stage->builder->session->fd, own, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", own);
    if (preparers[mount->kind](&p, err) < 0)
        return error_wrap(err, "mount on '%s'", mount->target ? mount->target : mount->id);
    out->read_only = mount->read_only;
    return 0;
}

static int compare_caches(const void *a, const void *b)
{
    const struct run_mount *const *left = a;
    const struct run_mount *const *right = b;
    AUTO_FREE char *name = cache_name(*left);
    AUTO_FREE char *other = cache_name(*right);
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
        AUTO_FREE char *name = cache_name(caches[i]);
        AUTO_FREE char *name_before = before ? cache_name(caches[i - 1]) : NULL;

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
    mounts->works = alloc_array(struct step_mount_work, mounts->count);
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
