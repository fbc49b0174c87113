/* SPDX-License-Identifier: MIT */

/*
 * How each kind of RUN --mount is made
 */

#include "build/mount_maker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/build_run.h"
#include "build/source.h"
#include "image/scan.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define SECRET_SIZE_MAX (500U << 10)

void mount_maker_done(struct mount_maker_work *work)
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

int mount_maker_hash_bind(const struct stage *stage, const struct run_mount *mount,
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

static char *make_folder(const struct mount_maker *p, const char *name, struct error *err)
{
    const struct builder *builder = p->stage->builder;
    AUTO_FREE char *path = alloc_format("%s/%s", p->folder, name);

    if (mkdirat(builder->session->fd, path, 0755) < 0) {
        error_set_errno(err, errno, "make folder '%s'", path);
        return NULL;
    }
    return store_session_path(builder->store, builder->session, path);
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
static int make_upper(const struct mount_maker *p, struct error *err)
{
    struct mount_maker_work *work = p->work;
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

static int prepare_bind(const struct mount_maker *p, struct error *err)
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

static int prepare_tmpfs(const struct mount_maker *p, struct error *err)
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

char *mount_maker_cache_name(const struct run_mount *mount)
{
    return mount->from
               ? alloc_format("%s (from %s:%s)", mount->id, mount->from, or_empty(mount->source))
               : alloc_text(mount->id);
}

static int fill_cache(void *context, const char *folder, struct error *err)
{
    const struct mount_maker *p = context;
    AUTO_SOURCE struct source source = { 0 };
    struct scan_source from = { .filter = source_filter, .filter_context = &source };

    if (source_open(p->stage, p->mount->from, &source, err) < 0)
        return -1;
    from.view = source.view;
    return scan_copy_folder(&from, or_empty(p->mount->source), folder, err);
}

static enum cache_mount_sharing sharing_of(const struct run_mount *mount)
{
    if (mount->sharing && strcmp(mount->sharing, "locked") == 0)
        return CACHE_MOUNT_LOCKED;
    if (mount->sharing && strcmp(mount->sharing, "private") == 0)
        return CACHE_MOUNT_PRIVATE;
    return CACHE_MOUNT_SHARED;
}

static int prepare_cache(const struct mount_maker *p, struct error *err)
{
    struct builder *builder = p->stage->builder;
    AUTO_FREE char *name = mount_maker_cache_name(p->mount);
    struct mount_maker copy = *p;
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

static int read_secret(const struct mount_maker *p, bool *found_out, struct error *err)
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

static int prepare_secret(const struct mount_maker *p, struct error *err)
{
    struct mount_maker_work *work = p->work;
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

static int prepare_ssh(const struct mount_maker *p, struct error *err)
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

static int (*const makers[RUN_MOUNT_KIND_COUNT])(const struct mount_maker *, struct error *) = {
    [RUN_MOUNT_BIND] = prepare_bind,   [RUN_MOUNT_CACHE] = prepare_cache,
    [RUN_MOUNT_TMPFS] = prepare_tmpfs, [RUN_MOUNT_SECRET] = prepare_secret,
    [RUN_MOUNT_SSH] = prepare_ssh,
};

int mount_maker_make(const struct mount_maker *maker, struct error *err)
{
    return makers[maker->mount->kind](maker, err);
}
