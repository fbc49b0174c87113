/* SPDX-License-Identifier: MIT */

/*
 * Removing what no image of the store needs
 *
 * A build holds the store's lock shared from its first look at the cache to its entry in the
 * index; a prune wants it alone, so that it never takes a layer from under a build.
 */

#include "image/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob.h"
#include "image/catalog.h"
#include "image/manifest.h"
#include "image/session.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#define RECORD_SIZE_MAX 4096U
#define CONTEXT_AGE_S (7 * 24 * 3600)

/* Names of files to keep, in each of the store's folders. */
struct keep {
    struct strings blobs, layers, records, steps, contexts;
};

static void keep_done(struct keep *keep)
{
    strings_done(&keep->blobs);
    strings_done(&keep->layers);
    strings_done(&keep->records);
    strings_done(&keep->steps);
    strings_done(&keep->contexts);
}

int prune_lock(int store_fd, bool alone, struct error *err)
{
    AUTO_CLOSE int fd =
        openat(store_fd, "build.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "open the lock of the image store");
    while (flock(fd, alone ? LOCK_EX | LOCK_NB : LOCK_SH) < 0) {
        if (errno == EWOULDBLOCK)
            return error_set(err, ERROR_EXISTS,
                             "the store is in use, by a build, a pull or the like: try again "
                             "when that has ended");
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock the image store");
    }
    return STEAL_FD(fd);
}

static int keep_image(struct store *store, const char *digest, struct keep *keep, struct error *err)
{
    AUTO(manifest) struct manifest *manifest = NULL;
    char chain[HASH_SHA256_HEX_SIZE];

    if (store_load_manifest(store, digest, &manifest, err) < 0)
        return -1;
    strings_add(&keep->blobs, blob_find_hex(digest));
    strings_add(&keep->blobs, blob_find_hex(manifest->id));
    strings_take(&keep->records, alloc_format("%s.json", blob_find_hex(manifest->id)));
    for (size_t i = 0; i < manifest->layer_count; i++) {
        strings_add(&keep->blobs, blob_find_hex(manifest->layers[i].digest));
        manifest_chain_id(manifest, i + 1, chain);
        strings_add(&keep->layers, chain);
    }
    return 0;
}

static int drop_dangling(int store_fd, struct catalog *catalog, struct error *err)
{
    for (size_t i = catalog->count; i > 0; i--) {
        AUTO_FREE char *digest = alloc_text(catalog->items[i - 1].digest);

        if (catalog->items[i - 1].name)
            continue;
        catalog_remove_digest(catalog, digest);
    }
    return catalog_save(store_fd, catalog, err);
}

/* The chain ids in paths of the form ".../layers/<chain id>/tree". */
static void keep_used(const struct strings *used, struct keep *keep)
{
    for (size_t i = 0; i < used->count; i++) {
        const char *path = used->items[i];
        size_t length = strlen(path);

        if (length > 64 + strlen("/tree") && text_ends_with(path, "/tree"))
            strings_take(&keep->layers, alloc_text_part(path + length - 64 - 5, 64));
    }
}

/* What has its name is whole, so a name goes at once and the content after it. */
static int remove_one(struct session *session, int folder, const char *name, struct error *err)
{
    AUTO_FREE char *gone = session_new_name(session, "pruned");

    if (renameat(folder, name, session->fd, gone) < 0)
        return error_set_errno(err, errno, "take '%s' away", name);
    return file_remove_tree(session->fd, gone, err);
}

static int sweep_folder(struct store *store, const char *path, const struct strings *keep,
                        uint64_t *freed, struct error *err)
{
    AUTO_CLOSE int folder =
        openat(store_get_folder(store), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };
    struct session *session = NULL;

    if (folder < 0 && errno == ENOENT)
        return 0;
    if (folder < 0)
        return error_set_errno(err, errno, "open the store's folder '%s'", path);
    if (store_begin(store, &session, err) < 0 || file_list(folder, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];

        if (strcmp(name, "none") == 0 || strings_has(keep, name))
            continue;
        *freed += file_size_tree(folder, name);
        if (remove_one(session, folder, name, err) < 0)
            return error_wrap(err, "prune '%s'", path);
    }
    return 0;
}

/* The records of steps whose layers stay anyway: they cost nothing, and the next build is quick. */
static int keep_steps(int store_fd, struct keep *keep, struct error *err)
{
    AUTO_CLOSE int folder = openat(store_fd, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };

    if (folder < 0)
        return error_set_errno(err, errno, "open the store's folder 'cache'");
    if (file_list(folder, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_TEXT struct text text = { 0 };
        AUTO(json) struct json *record = NULL;
        const char *hex = NULL;
        struct error broken = { 0 };

        if (file_read(folder, names.items[i], RECORD_SIZE_MAX, &text, &broken) == 0)
            record = json_parse(text_get(&text), text.length, &broken);
        hex = blob_find_hex(json_find_text(record, "digest", NULL));
        if (hex && strings_has(&keep->blobs, hex))
            strings_add(&keep->steps, names.items[i]);
    }
    return 0;
}

/* What is known of the files of folders that were built from lately. */
static void keep_contexts(int store_fd, struct keep *keep)
{
    AUTO_CLOSE int folder = openat(store_fd, "contexts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };
    struct error ignored = { 0 };

    if (folder < 0 || file_list(folder, &names, &ignored) < 0)
        return;
    for (size_t i = 0; i < names.count; i++) {
        struct stat status;

        if (fstatat(folder, names.items[i], &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_mtim.tv_sec + CONTEXT_AGE_S > clock_wall_ms() / 1000)
            strings_add(&keep->contexts, names.items[i]);
    }
}

/* Cached steps whose layer is gone are gone too, so what leads to layers goes before them. */
static int sweep_all(struct store *store, const struct keep *keep, uint64_t *freed,
                     struct error *err)
{
    const struct strings nothing = { 0 };

    if (sweep_folder(store, "cache", &keep->steps, freed, err) < 0 ||
        sweep_folder(store, "contexts", &keep->contexts, freed, err) < 0 ||
        sweep_folder(store, "locks", &nothing, freed, err) < 0 ||
        sweep_folder(store, "mounts", &nothing, freed, err) < 0 ||
        sweep_folder(store, "partial", &nothing, freed, err) < 0 ||
        sweep_folder(store, "records", &keep->records, freed, err) < 0 ||
        sweep_folder(store, "layers", &keep->layers, freed, err) < 0)
        return -1;
    return sweep_folder(store, "blobs/sha256", &keep->blobs, freed, err);
}

int prune_store(struct store *store, bool dangling, const struct strings *used,
                uint64_t *freed_bytes_out, struct error *err)
{
    int store_fd = store_get_folder(store);
    AUTO_CLOSE int alone = prune_lock(store_fd, true, err);
    AUTO_CLOSE int lock = alone < 0 ? -1 : catalog_lock(store_fd, err);
    AUTO_CATALOG struct catalog catalog = { 0 };
    __attribute__((cleanup(keep_done))) struct keep keep = { 0 };
    uint64_t freed = 0;

    if (lock < 0 || catalog_load(store_fd, &catalog, err) < 0)
        return -1;
    if (dangling && drop_dangling(store_fd, &catalog, err) < 0)
        return -1;
    for (size_t i = 0; i < catalog.count; i++) {
        if (keep_image(store, catalog.items[i].digest, &keep, err) < 0)
            return -1;
    }
    keep_used(used, &keep);
    keep_contexts(store_fd, &keep);
    if (keep_steps(store_fd, &keep, err) < 0)
        return -1;
    if (sweep_all(store, &keep, &freed, err) < 0)
        return -1;
    *freed_bytes_out = freed;
    return 0;
}
