/* SPDX-License-Identifier: MIT */

/*
 * Which files a COPY or ADD takes, and where in the image each goes
 */

#include "build/copy_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/owner.h"
#include "image/layer.h"
#include "image/stream_reader.h"
#include "image/tree.h"
#include "image/unpack.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define SOURCES_MAX 100000U

void copy_plan_done(struct copy_plan *plan)
{
    scan_done(&plan->scan);
    for (size_t i = 0; i < plan->archive_count; i++) {
        free(plan->archives[i].source);
        free(plan->archives[i].target);
    }
    free(plan->archives);
    strings_done(&plan->roots);
    free(plan->made);
}

/* Names below each of `folders` that match one part of a pattern. */
static int match_names(const struct copy_plan *plan, const struct strings *folders,
                       const char *part, struct strings *out, struct error *err)
{
    for (size_t i = 0; i < folders->count; i++) {
        AUTO_MERGED_NODE struct merged_node node = { 0 };
        AUTO_STRINGS struct strings names = { 0 };

        if (merged_find(plan->source, folders->items[i], true, &node, err) < 0)
            return -1;
        if (!node.found || !S_ISDIR(node.status.st_mode))
            continue;
        if (merged_list(plan->source, node.path, &names, err) < 0)
            return -1;
        for (size_t k = 0; k < names.count; k++) {
            if (ignore_match(part, names.items[k]))
                strings_take(out, alloc_format("%s%s%s", folders->items[i],
                                               *folders->items[i] ? "/" : "", names.items[k]));
        }
        if (out->count > SOURCES_MAX)
            return error_set(err, ERROR_INVALID, "the pattern matches more than %u names",
                             SOURCES_MAX);
    }
    return 0;
}

static int resolve_pattern(const struct copy_plan *plan, const char *pattern, struct strings *out,
                           struct error *err)
{
    AUTO_FREE char *copy = alloc_text(pattern);
    AUTO_STRINGS struct strings found = { 0 };
    char *rest = NULL;

    strings_add(&found, "");
    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        AUTO_STRINGS struct strings next = { 0 };

        if (match_names(plan, &found, part, &next, err) < 0)
            return -1;
        strings_copy(&found, &next);
    }
    for (size_t i = 0; i < found.count; i++) {
        bool enter = false;

        if (!plan->filter || !plan->filter(plan->filter_context, found.items[i], false, &enter))
            strings_add(out, found.items[i]);
    }
    if (out->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "no file matches '%s'", pattern);
    return 0;
}

static bool is_excluded(const struct copy_plan *plan, const struct merged_node *node)
{
    bool enter = true;

    return plan->filter && *node->path &&
           plan->filter(plan->filter_context, node->path, S_ISDIR(node->status.st_mode), &enter) &&
           !(S_ISDIR(node->status.st_mode) && enter);
}

static int find_source(const struct copy_plan *plan, const char *path, struct merged_node *node,
                       struct error *err)
{
    if (merged_find(plan->source, path, true, node, err) < 0)
        return -1;
    if (!node->found)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    if (is_excluded(plan, node))
        return error_set(err, ERROR_NOT_FOUND, "'%s' is excluded by the ignore file", path);
    return 0;
}

static int check_archive(const struct copy_plan *plan, const struct merged_node *node,
                         bool *is_archive, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    *is_archive = false;
    if (!plan->unpacks || !S_ISREG(node->status.st_mode))
        return 0;
    fd = merged_open_file(plan->source, node->path, err);
    return fd < 0 ? -1 : unpack_is_archive(fd, is_archive, err);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Source folders give their content, files themselves. */
static int add_source(struct copy_plan *plan, const char *path, const struct merged_node *target,
                      bool is_folder, struct error *err)
{
    const struct scan_source source = { plan->source, plan->filter, plan->filter_context };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO_FREE char *place = NULL;
    bool is_archive = false;

    if (find_source(plan, path, &node, err) < 0 || check_archive(plan, &node, &is_archive, err) < 0)
        return -1;
    if (is_archive) {
        struct copy_archive *archive = ALLOC_APPEND(plan->archives, plan->archive_count);

        archive->source = alloc_text(node.path);
        archive->target = alloc_text(target->path);
        return 0;
    }
    if (S_ISDIR(node.status.st_mode)) {
        strings_add(&plan->roots, target->path);
        return scan_add(&plan->scan, &source, node.path, target->path, err);
    }
    place = is_folder
                ? alloc_format("%s%s%s", target->path, *target->path ? "/" : "", base_name(path))
                : alloc_text(target->path);
    return scan_add(&plan->scan, &source, node.path, place, err);
}

static bool names_folder(const char *destination)
{
    const char *last = base_name(destination);

    return !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

/* Owners and modes as they are to be. A context's own folder has no meaning: it is plain. */
static int set_attributes(struct copy_plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->scan.count; i++) {
        struct scan_entry *entry = &plan->scan.entries[i];

        if (!plan->keeps_owner || plan->has_owner) {
            entry->status.st_uid = plan->has_owner ? plan->uid : 0;
            entry->status.st_gid = plan->has_owner ? plan->gid : 0;
        }
        if (!*entry->source)
            entry->status.st_mode = S_IFDIR | 0755;
        if (plan->chmod && !S_ISLNK(entry->status.st_mode) &&
            owner_apply_mode(plan->chmod, entry->status.st_mode, &entry->status.st_mode, err) < 0)
            return -1;
    }
    return 0;
}

int copy_plan_add(struct copy_plan *plan, const struct strings *sources, const char *destination,
                  struct error *err)
{
    AUTO_MERGED_NODE struct merged_node target = { 0 };
    AUTO_STRINGS struct strings paths = { 0 };
    bool is_folder = names_folder(destination);

    if (merged_find(plan->base, destination, true, &target, err) < 0)
        return -1;
    is_folder |= target.found && S_ISDIR(target.status.st_mode);
    for (size_t i = 0; i < sources->count; i++) {
        if (!ignore_is_pattern(sources->items[i]))
            strings_add(&paths, sources->items[i]);
        else if (resolve_pattern(plan, sources->items[i], &paths, err) < 0)
            return -1;
    }
    if (paths.count > 1 && !is_folder)
        return error_set(err, ERROR_INVALID,
                         "several sources need a folder as destination: end '%s' with '/'",
                         destination);
    for (size_t i = 0; i < paths.count; i++) {
        if (add_source(plan, paths.items[i], &target, is_folder, err) < 0)
            return -1;
    }
    return set_attributes(plan, err);
}

int copy_plan_hash(const struct copy_plan *plan, struct hash_sha256 *hash, struct error *err)
{
    struct scan archives = { 0 };
    int result = 0;

    if (scan_hash(&plan->scan, plan->source, plan->digests, true, hash, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->archive_count && result == 0; i++) {
        const struct scan_source source = { .view = plan->source };

        result =
            scan_add(&archives, &source, plan->archives[i].source, plan->archives[i].target, err);
    }
    for (size_t i = 0; i < archives.count; i++)
        archives.entries[i].status.st_mode = S_IFREG;
    if (result == 0)
        result = scan_hash(&archives, plan->source, plan->digests, false, hash, err);
    scan_done(&archives);
    return result;
}

static int make_folder(const struct copy_plan *plan, int tree, const char *path, struct error *err)
{
    struct tree_entry entry = { .path = path, .mode = S_IFDIR | 0755, .mtime = -1 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    int fd = -1;

    if (merged_find(plan->base, path, false, &node, err) < 0)
        return -1;
    if (node.found && !S_ISDIR(node.status.st_mode))
        return error_set(err, ERROR_INVALID, "'/%s' is no folder in the image", path);
    entry.uid = node.found ? node.status.st_uid : plan->has_owner ? plan->uid : 0;
    entry.gid = node.found ? node.status.st_gid : plan->has_owner ? plan->gid : 0;
    if (node.found)
        entry.mode = node.status.st_mode;
    return tree_put(tree, &entry, &fd, err);
}

int copy_plan_make_folders(struct copy_plan *plan, int tree, const char *path, struct error *err)
{
    AUTO_FREE char *prefix = alloc_text(path);
    struct stat status;

    /* Most files lie in the folder of the one before. */
    if (plan->made && strcmp(plan->made, path) == 0)
        return 0;
    for (char *p = prefix; *p;) {
        char after = '\0';

        p += strcspn(p, "/");
        after = *p;
        *p = '\0';
        if (!tree_find(tree, prefix, &status) && make_folder(plan, tree, prefix, err) < 0)
            return -1;
        *p = after;
        p += after == '/';
    }
    free(plan->made);
    plan->made = alloc_text(path);
    return 0;
}

static int make_parents(struct copy_plan *plan, int tree, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent = alloc_text_part(path, slash ? (size_t)(slash - path) : 0);

    return copy_plan_make_folders(plan, tree, parent, err);
}

static int write_entry(struct copy_plan *plan, const struct scan_entry *entry, int tree,
                       struct error *err)
{
    bool is_folder = S_ISDIR(entry->status.st_mode);
    AUTO_MERGED_NODE struct merged_node node = { 0 };

    if (merged_find(plan->base, entry->target, is_folder, &node, err) < 0)
        return -1;
    if (is_folder && node.found && S_ISDIR(node.status.st_mode) &&
        strings_has(&plan->roots, entry->target))
        return copy_plan_make_folders(plan, tree, node.path, err);
    if (!is_folder && node.found && S_ISDIR(node.status.st_mode))
        return error_set(
            err, ERROR_INVALID,
            "'/%s' is a folder in the image and '%s' is none: it cannot take its place", node.path,
            entry->source);
    if (make_parents(plan, tree, node.path, err) < 0)
        return -1;
    return scan_copy_entry(entry, plan->source, tree, node.path, err);
}

/* Where the entries of one archive go. */
struct archive_place {
    struct copy_plan *plan;
    int tree;
    const char *target;
};

static int place_entry(void *context, const char *path, char **out, struct error *err)
{
    const struct archive_place *place = context;
    AUTO_FREE char *full = alloc_format("%s/%s", place->target, path);
    AUTO_MERGED_NODE struct merged_node node = { 0 };

    if (merged_find(place->plan->base, full, false, &node, err) < 0 ||
        make_parents(place->plan, place->tree, node.path, err) < 0)
        return -1;
    *out = STEAL_PTR(node.path);
    return 0;
}

static int write_archive(struct copy_plan *plan, const struct copy_archive *archive, int tree,
                         struct error *err)
{
    struct archive_place place = { plan, tree, archive->target };
    const struct unpack_options options = { .place = place_entry, .place_context = &place };
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    AUTO_CLOSE int fd = -1;
    char hex[HASH_SHA256_HEX_SIZE];

    if (copy_plan_make_folders(plan, tree, archive->target, err) < 0)
        return -1;
    fd = merged_open_file(plan->source, archive->source, err);
    reader = fd < 0 ? NULL : stream_reader_new(fd, LAYER_SIZE_MAX, err);
    if (!reader || unpack_archive(reader, tree, &options, hex, err) < 0)
        return error_wrap(err, "unpack '%s'", archive->source);
    return 0;
}

int copy_plan_write(struct copy_plan *plan, int tree, struct error *err)
{
    for (size_t i = 0; i < plan->scan.count; i++) {
        if (write_entry(plan, &plan->scan.entries[i], tree, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < plan->archive_count; i++) {
        if (write_archive(plan, &plan->archives[i], tree, err) < 0)
            return -1;
    }
    return 0;
}

int copy_plan_put_text(struct copy_plan *plan, int tree, const char *path, const char *content,
                       struct error *err)
{
    struct tree_entry entry = {
        .path = path,
        .mode = S_IFREG | 0644,
        .uid = plan->has_owner ? plan->uid : 0,
        .gid = plan->has_owner ? plan->gid : 0,
        .mtime = -1,
    };
    AUTO_CLOSE int fd = -1;

    if (plan->chmod && owner_apply_mode(plan->chmod, entry.mode, &entry.mode, err) < 0)
        return -1;
    if (make_parents(plan, tree, path, err) < 0 || tree_put(tree, &entry, &fd, err) < 0 ||
        file_write_all(fd, content, strlen(content), err) < 0)
        return -1;
    return tree_finish_file(fd, &entry, err);
}
