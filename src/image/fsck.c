/* SPDX-License-Identifier: MIT */

/*
 * Proving that a store is whole
 *
 * First the blobs, because all else is known by them; then what is unpacked, the images, and the
 * notes beside them.
 */

#include "image/fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/blob.h"
#include "image/fsck_check.h"
#include "image/fsck_images.h"
#include "image/prune.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/text.h"

#define CHUNK_SIZE 131072U
#define NOTE_SIZE_MAX (1U << 20)

static bool is_hex(const char *name)
{
    return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

/* A later version may keep there what this one does not know. */
static int found_foreign(struct fsck_check *check, const char *folder, const char *name,
                         struct error *err)
{
    AUTO_FREE char *what = alloc_format("%s/%s: no file of the store", folder, name);
    const struct fsck_finding finding = {
        .kind = FSCK_LEFTOVER,
        .what = what,
        .cure = "it is left alone",
    };

    /* What file_replace() leaves when it is killed: "index.json.1234.tmp". */
    if (text_ends_with(name, ".tmp"))
        return fsck_check_leftover(check, folder, name, "half-written by a killed process", err);
    check->summary.left++;
    check->options->report(check->options->context, &finding);
    return 0;
}

/* Called for each file of a folder whose name is 64 hex digits and `suffix`. */
typedef int (*file_fn)(struct fsck_check *check, const char *folder, const char *name,
                       struct error *err);

static int each_file(struct fsck_check *check, const char *folder, const char *suffix, file_fn look,
                     struct error *err)
{
    AUTO_CLOSE int fd = openat(check->store_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || file_list(fd, &names, err) < 0)
        return fd < 0 ? error_set_errno(err, errno, "open the store's '%s'", folder) : -1;
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        AUTO_FREE char *stem =
            alloc_text_part(name, strlen(name) - MIN(strlen(name), strlen(suffix)));
        bool belongs = text_ends_with(name, suffix) && is_hex(stem);

        if (strcmp(name, "none") == 0) /* layers/none is the tree of an image without layers */
            continue;
        if ((belongs ? look(check, folder, name, err) : found_foreign(check, folder, name, err)) <
            0)
            return -1;
    }
    return 0;
}

static int hash_file(int fd, char hex[HASH_SHA256_HEX_SIZE], uint64_t *size, struct error *err)
{
    AUTO_FREE char *chunk = alloc_zeroed(1, CHUNK_SIZE);
    struct hash_sha256 hash;
    ssize_t got = 0;

    hash_sha256_init(&hash);
    while ((got = file_read_some(fd, chunk, CHUNK_SIZE, err)) > 0) {
        hash_sha256_update(&hash, chunk, (size_t)got);
        *size += (uint64_t)got;
    }
    hash_sha256_hex(&hash, hex);
    return (int)got;
}

/* The only thing to do with a damaged blob is to let it be made again. */
static int bad_blob(struct fsck_check *check, const char *name, const char *why, struct error *err)
{
    AUTO_FREE char *what = alloc_format("blob sha256:%s: %s", name, why);
    bool repair = check->options->repair;

    strings_take(&check->bad_blobs, alloc_format("sha256:%s", name));
    if (repair && fsck_check_remove(check, "blobs/sha256", name, err) < 0)
        return -1;
    fsck_check_damage(check, what,
                      repair ? "removed: build, pull or load its image again"
                             : "'carte fsck --repair' removes it; then build, pull or load its "
                               "image again",
                      repair);
    return 0;
}

static int check_blob(struct fsck_check *check, const char *folder, const char *name,
                      struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);
    AUTO_CLOSE int fd =
        openat(check->store_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char hex[HASH_SHA256_HEX_SIZE] = "";
    struct error unreadable = { 0 };
    struct stat status;

    check->summary.blobs++;
    image_progress_tell(&check->options->progress, "blobs", check->summary.bytes, 0);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return bad_blob(check, name, "it is no file that can be read", err);
    if (hash_file(fd, hex, &check->summary.bytes, &unreadable) < 0)
        return bad_blob(check, name, unreadable.text, err);
    return strcmp(hex, name) == 0 ? 0
                                  : bad_blob(check, name, "its content has another digest", err);
}

static int check_layer(struct fsck_check *check, const char *folder, const char *name,
                       struct error *err)
{
    AUTO_FREE char *path = alloc_format("%s/%s/tree", folder, name);
    struct stat status;

    check->summary.layers++;
    if (fstatat(check->store_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(status.st_mode))
        return 0;
    return fsck_check_leftover(check, folder, name, "an unpacked layer without its tree", err);
}

static struct json *read_note(const struct fsck_check *check, const char *folder, const char *name)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);
    AUTO_TEXT struct text text = { 0 };
    struct error ignored = { 0 };

    if (file_read(check->store_fd, path, NOTE_SIZE_MAX, &text, &ignored) < 0)
        return NULL;
    return json_parse(text_get(&text), text.length, &ignored);
}

static int check_record(struct fsck_check *check, const char *folder, const char *name,
                        struct error *err)
{
    AUTO(json) struct json *json = read_note(check, folder, name);

    return json ? 0 : fsck_check_leftover(check, folder, name, "it is no JSON", err);
}

/* A step without its layer is carried out again, so nothing is lost with its note. */
static int check_step(struct fsck_check *check, const char *folder, const char *name,
                      struct error *err)
{
    AUTO(json) struct json *json = read_note(check, folder, name);
    const char *digest = json ? json_find_text(json, "digest", NULL) : NULL;

    if (!blob_find_hex(digest))
        return fsck_check_leftover(check, folder, name, "it is no note of a step", err);
    if (!blob_exists(check->store_fd, digest))
        return fsck_check_leftover(check, folder, name, "a step whose layer is gone", err);
    return 0;
}

static int check_name(struct fsck_check *check, const char *folder, const char *name,
                      struct error *err)
{
    (void)check;
    (void)folder;
    (void)name;
    (void)err;
    return 0;
}

/* Each folder of the store whose files have a digest in their names. */
static const struct {
    const char *folder, *suffix;
    file_fn look;
} folders[] = {
    { "blobs/sha256", "", check_blob },   { "layers", "", check_layer },
    { "records", ".json", check_record }, { "cache", "", check_step },
    { "contexts", "", check_name },       { "partial", "", check_name },
};

static int check_folders(struct fsck_check *check, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (each_file(check, folders[i].folder, folders[i].suffix, folders[i].look, err) < 0)
            return -1;
    }
    image_progress_tell(&check->options->progress, "blobs", check->summary.bytes,
                        check->summary.bytes);
    return 0;
}

static int check_top(struct fsck_check *check, struct error *err)
{
    static const char *const known[] = {
        "blobs", "build.lock", "cache",      "contexts", "index.json", "index.lock", "layers",
        "locks", "mounts",     "oci-layout", "partial",  "records",    "tmp",
    };
    AUTO_STRINGS struct strings names = { 0 };

    if (file_list(check->store_fd, &names, err) < 0)
        return -1;
    strings_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        size_t k = 0;

        while (k < ARRAY_SIZE(known) && strcmp(known[k], names.items[i]) != 0)
            k++;
        if (k == ARRAY_SIZE(known) && found_foreign(check, ".", names.items[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Without its index a store has no images; what they are made of is still there. */
static int check_index(struct fsck_check *check, struct error *err)
{
    struct error broken = { 0 };

    if (catalog_load(check->store_fd, &check->catalog, &broken) == 0)
        return fsck_images_check(check, err);
    fsck_check_damage(check, broken.text,
                      "put a copy of index.json back, or remove it and build, pull or load the "
                      "images again",
                      false);
    return 0;
}

int fsck_run(struct store *store, const struct fsck_options *options, struct fsck_summary *out,
             struct error *err)
{
    struct fsck_check check = {
        .store = store,
        .store_fd = store_get_folder(store),
        .options = options,
    };
    AUTO_CLOSE int lock = prune_lock(check.store_fd, options->repair, err);
    AUTO_CLOSE int index = lock < 0 || !options->repair ? -1 : catalog_lock(check.store_fd, err);
    int result = -1;

    if (lock >= 0 && (index >= 0 || !options->repair) && check_folders(&check, err) == 0 &&
        check_top(&check, err) == 0)
        result = check_index(&check, err);
    if (result == 0)
        *out = check.summary;
    catalog_done(&check.catalog);
    strings_done(&check.bad_blobs);
    return result;
}
