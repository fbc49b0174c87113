/* SPDX-License-Identifier: MIT */

/*
 * Instructions of a Cartefile that change the configuration of an image that was just made
 */

#include "build/config_change.h"

#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* Those that docker's `import` and `commit --change` take. */
static const char *const allowed[] = { "CMD",   "ENTRYPOINT", "ENV",  "EXPOSE", "HEALTHCHECK",
                                       "LABEL", "ONBUILD",    "USER", "VOLUME", "WORKDIR",
                                       "SHELL", "STOPSIGNAL", NULL };

static int check(const struct strings *changes, struct error *err)
{
    for (size_t i = 0; i < changes->count; i++) {
        const char *change = changes->items[i];
        AUTO_FREE char *word = alloc_text_part(change, strcspn(change, " \t"));
        bool is_known = false;

        for (size_t k = 0; allowed[k]; k++)
            is_known = is_known || strcasecmp(word, allowed[k]) == 0;
        if (!is_known || strchr(change, '\n'))
            return error_set(err, ERROR_INVALID,
                             "'%s' is no change of an image: write one instruction, such as CMD, "
                             "ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME or WORKDIR",
                             change);
    }
    return 0;
}

static int list_digests(struct store *store, struct strings *out, struct error *err)
{
    struct image **images = NULL;
    size_t count = 0;

    if (store_list_images(store, &images, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        strings_add(out, images[i]->digest);
        image_free(images[i]);
    }
    free(images);
    return 0;
}

/* A build on top of the plain image. */
static int build(struct store *store, const struct config_change *change, const char *digest,
                 struct image **out, struct error *err)
{
    AUTO_TEXT struct text cartefile = { 0 };
    struct build_request build = { .names = *change->names, .output_fd = -1 };

    text_add_format(&cartefile, "FROM %s\n", digest);
    for (size_t i = 0; i < change->instructions->count; i++)
        text_add_format(&cartefile, "%s\n", change->instructions->items[i]);
    build.cartefile_text = text_get(&cartefile);
    return build_image(store, &build, out, err) < 0 ? error_wrap(err, "change the image") : 0;
}

/* The plain image, for which nobody asked, goes again, unless it was there before. */
static int make_changed(struct store *store, const struct config_change *change, struct image **out,
                        struct error *err)
{
    const struct strings no_names = { 0 };
    AUTO_STRINGS struct strings before = { 0 };
    AUTO_FREE char *digest = NULL;
    struct error ignored = { 0 };
    int result = -1;

    if (list_digests(store, &before, err) < 0 ||
        change->make(store, change->context, &no_names, &digest, err) < 0)
        return -1;
    result = build(store, change, digest, out, err);
    if (strings_has(&before, digest) || (result == 0 && strcmp((*out)->digest, digest) == 0))
        return result;
    return store_remove_nameless(store, digest, result < 0 ? &ignored : err) < 0 ? -1 : result;
}

int config_change_apply(struct store *store, const struct config_change *change,
                        struct image **image_out, struct error *err)
{
    AUTO_FREE char *digest = NULL;

    if (check(change->instructions, err) < 0)
        return -1;
    if (change->instructions->count > 0)
        return make_changed(store, change, image_out, err);
    if (change->make(store, change->context, change->names, &digest, err) < 0)
        return -1;
    return store_find_image(store, digest, image_out, err);
}
