/* SPDX-License-Identifier: MIT */

/*
 * The build context
 */

#include "build/context.h"

#include <fcntl.h>
#include <stdlib.h>

#include "image/digest_cache.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"

static const char *const names[] = { ".carteignore", ".dockerignore" };

/* Whether a file was there to be read. */
static int forgive_missing(int result, bool *found_out, struct error *err)
{
    *found_out = result == 0;
    if (result < 0 && err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

static int read_beside(struct builder *builder, struct text *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(names) && builder->path; i++) {
        AUTO_FREE char *path = alloc_format("%s%s", builder->path, names[i]);
        bool found = false;

        if (forgive_missing(file_read(AT_FDCWD, path, IGNORE_SIZE_MAX, out, err), &found, err) < 0)
            return -1;
        if (!found)
            continue;
        builder->ignore_name = place_shorten(path);
        return 0;
    }
    return 0;
}

static int read_inside(struct builder *builder, struct text *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(names) && !builder->ignore_name; i++) {
        bool found = false;

        if (forgive_missing(merged_read(builder->context, names[i], IGNORE_SIZE_MAX, out, err),
                            &found, err) < 0)
            return -1;
        if (found)
            builder->ignore_name = alloc_text(names[i]);
    }
    return 0;
}

int context_open(struct builder *builder, struct error *err)
{
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
    if (read_beside(builder, &text, err) < 0 || read_inside(builder, &text, err) < 0)
        return -1;
    return ignore_parse(builder->ignore_name, text_get(&text), text.length, &builder->ignore, err);
}
