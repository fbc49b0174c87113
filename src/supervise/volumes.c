/* SPDX-License-Identifier: MIT */

/*
 * Volumes, bind mounts and files that a container finds in place
 *
 * A new volume is filled beside its place and then renamed, so that a kill in between leaves
 * no half-filled one that looks complete.
 */

#include "supervise/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/store.h"
#include "supervise/plan.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define FILE_LIMIT (16 * 1024 * 1024)

static int prepare_bind(const struct plan_volume *volume, struct error *err)
{
    if (file_exists(AT_FDCWD, volume->source))
        return 0;
    if (!volume->create)
        return error_set(err, ERROR_NOT_FOUND,
                         "the path '%s' to be mounted at '%s' does not exist: make it, or set "
                         "create_host_path",
                         volume->source, volume->target);
    return file_make_folders(volume->source, 0755, err);
}

static int make_parent(const char *path, struct error *err)
{
    AUTO_FREE char *parent = alloc_text(path);
    char *slash = strrchr(parent, '/');

    if (slash && slash != parent)
        *slash = '\0';
    return file_make_folders(parent, 0755, err);
}

static int prepare_volume(const struct plan_volume *volume, const struct image *image,
                          struct error *err)
{
    AUTO_FREE char *fresh = alloc_format("%s.new", volume->source);

    if (file_exists(AT_FDCWD, volume->source))
        return 0;
    if (!volume->fill)
        return file_make_folders(volume->source, 0755, err);
    if (make_parent(volume->source, err) < 0 || file_remove_tree(AT_FDCWD, fresh, err) < 0)
        return -1;
    if (mkdir(fresh, 0755) < 0)
        return error_set_errno(err, errno, "make folder %s", fresh);
    if (store_copy_path(image, volume->target, fresh, err) < 0)
        return error_wrap(err, "fill the volume for '%s' from the image", volume->target);
    if (rename(fresh, volume->source) < 0 && errno != ENOTEMPTY && errno != EEXIST)
        return error_set_errno(err, errno, "make volume %s", volume->source);
    return file_remove_tree(AT_FDCWD, fresh, err);
}

static int read_source(const struct stack_file *file, const char *run_folder, struct text *out,
                       struct error *err)
{
    AUTO_FREE char *path = NULL;

    if (file->content) {
        text_add(out, file->content);
        return 0;
    }
    if (file->environment)
        path = alloc_format("%s/environment/%s", run_folder, file->environment);
    else if (file->path)
        path = alloc_text(file->path);
    else
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is external, which is not built yet: give it a file", file->key);
    if (file_read(AT_FDCWD, path, FILE_LIMIT, out, err) < 0)
        return error_wrap(err, "read '%s'", file->key);
    return 0;
}

static int prepare_file(const struct plan_file *file, const char *run_folder, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    mode_t mode = file->use->mode ? (mode_t)file->use->mode : 0444;

    if (read_source(file->file, run_folder, &text, err) < 0)
        return -1;
    if (file_replace(AT_FDCWD, file->path, text_get(&text), text.length, FILE_VOLATILE(mode), err) <
        0)
        return -1;
    if (chown(file->path, (uid_t)file->use->uid, (gid_t)file->use->gid) < 0 ||
        chmod(file->path, mode) < 0)
        return error_set_errno(err, errno, "set owner and mode of %s", file->path);
    return 0;
}

int volumes_prepare(const struct plan *plan, const struct image *image, const char *run_folder,
                    struct error *err)
{
    for (size_t i = 0; i < plan->volume_count; i++) {
        const struct plan_volume *volume = &plan->volumes[i];

        if (volume->is_bind ? prepare_bind(volume, err) < 0
                            : prepare_volume(volume, image, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < plan->file_count; i++)
        if (prepare_file(&plan->files[i], run_folder, err) < 0)
            return -1;
    return 0;
}
