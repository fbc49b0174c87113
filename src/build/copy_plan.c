/* SPDX-License-Identifier: MIT */

/*
 * Which files one source of a COPY or ADD gives, and where in the image each goes
 */

#include "build/copy_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/copy_match.h"
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

#define PIVOT "/./"

void copy_plan_rules_done(struct copy_rules *rules)
{
    ignore_done(&rules->exclude);
    copy_links_done(&rules->links);
}

void copy_plan_done(struct copy_plan *plan)
{
    scan_done(&plan->scan);
    for (size_t i = 0; i < plan->archive_count; i++) {
        free(plan->archives[i].source);
        free(plan->archives[i].target);
    }
    free(plan->archives);
    strings_done(&plan->paths);
    strings_done(&plan->roots);
    free(plan->made);
}

static size_t count_parts(const char *path)
{
    size_t count = *path != '\0';

    for (; *path; path++)
        count += *path == '/';
    return count;
}

int copy_plan_match(struct copy_plan *plan, const char *word, struct error *err)
{
    bool parents = plan->rules->parents;
    const char *pivot = parents ? strstr(word, PIVOT) : NULL;

    if (pivot) {
        AUTO_FREE char *above = alloc_text_part(word, (size_t)(pivot - word));
        AUTO_FREE char *clean = copy_match_clean(above);

        plan->pivot = count_parts(clean);
    }
    return copy_match_add(plan->source, word, parents, &plan->paths, err);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int copy_plan_is_folder(const struct copy_rules *rules, const char *destination, bool *out,
                        struct error *err)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    const char *last = base_name(destination);

    if (merged_find(rules->base, destination, true, &node, err) < 0)
        return -1;
    *out = rules->parents || !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ||
           (node.found && S_ISDIR(node.status.st_mode));
    return 0;
}

/* What --exclude is matched with: the path below the source `root`. */
struct filtering {
    const struct copy_plan *plan;
    const char *root;
};

static bool filter(void *context, const char *path, bool is_folder, bool *enter)
{
    const struct filtering *filtering = context;
    const struct copy_plan *plan = filtering->plan;
    const struct ignore *exclude = &plan->rules->exclude;
    const char *below = path + strlen(filtering->root);
    bool enter_more = true;

    if (source_filter(plan->source, path, is_folder, enter))
        return true;
    if (plan->filter && plan->filter(plan->filter_context, path, is_folder, enter))
        return true;
    if (exclude->count == 0)
        return false;
    if (plan->rules->parents)
        below = path;
    else if (!*below)
        below = is_folder ? "" : base_name(path);
    below += *below == '/';
    if (!*below || !ignore_has(exclude, below))
        return false;
    enter_more = exclude->takes_back;
    *enter = is_folder && *enter && enter_more;
    return true;
}

static int check_archive(const struct copy_plan *plan, const struct merged_node *node,
                         bool *is_archive, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    *is_archive = false;
    if (!plan->unpacks || !S_ISREG(node->status.st_mode))
        return 0;
    fd = merged_open_file(plan->source->view, node->path, err);
    return fd < 0 ? -1 : unpack_is_archive(fd, is_archive, err);
}

static char *join(const char *folder, const char *name)
{
    return alloc_format("%s%s%s", folder, *folder && *name ? "/" : "", name);
}

/* `path` without its first `count` parts. */
static const char *skip_parts(const char *path, size_t count)
{
    for (; count > 0 && *path; count--) {
        path += strcspn(path, "/");
        path += *path == '/';
    }
    return path;
}

/* --parents: the folders above a source, with the attributes they have there. */
static int add_parents(struct copy_plan *plan, const char *path, const char *kept,
                       const char *target, struct error *err)
{
    size_t start = (size_t)(kept - path);

    for (const char *slash = strchr(kept, '/'); slash; slash = strchr(slash + 1, '/')) {
        AUTO_FREE char *source = alloc_text_part(path, (size_t)(slash - path));
        AUTO_FREE char *place = join(target, source + start);
        AUTO_MERGED_NODE struct merged_node node = { 0 };
        struct scan_entry *entry = NULL;

        if (merged_find(plan->source->view, source, true, &node, err) < 0)
            return -1;
        if (!node.found || strings_has(&plan->roots, place))
            continue;
        strings_add(&plan->roots, place);
        entry = ALLOC_APPEND(plan->scan.entries, plan->scan.count);
        entry->source = STEAL_PTR(node.path);
        entry->target = STEAL_PTR(place);
        entry->status = node.status;
    }
    return 0;
}

/* Source folders give their content, files themselves. */
static int add_source(struct copy_plan *plan, const char *path, const struct merged_node *target,
                      bool is_folder, struct error *err)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    const char *kept = skip_parts(path, plan->pivot);
    AUTO_FREE char *place = NULL;
    bool is_archive = false;

    if (copy_match_find(plan->source, path, &node, err) < 0 ||
        check_archive(plan, &node, &is_archive, err) < 0)
        return -1;
    if (is_archive) {
        struct copy_archive *archive = ALLOC_APPEND(plan->archives, plan->archive_count);

        archive->source = alloc_text(node.path);
        archive->target = alloc_text(target->path);
        return 0;
    }
    if (plan->rules->parents && add_parents(plan, path, kept, target->path, err) < 0)
        return -1;
    if (plan->rules->parents)
        place = join(target->path, kept);
    else if (is_folder && !S_ISDIR(node.status.st_mode))
        place = join(target->path, base_name(path));
    else
        place = alloc_text(target->path);
    if (S_ISDIR(node.status.st_mode))
        strings_add(&plan->roots, place);

    struct filtering filtering = { plan, node.path };
    const struct scan_source source = { plan->source->view, filter, &filtering };

    return scan_add(&plan->scan, &source, node.path, place, err);
}

/* Owners and modes as they are to be. A context's own folder has no meaning: it is plain. */
static int set_attributes(struct copy_plan *plan, struct error *err)
{
    const struct copy_rules *rules = plan->rules;

    for (size_t i = 0; i < plan->scan.count; i++) {
        struct scan_entry *entry = &plan->scan.entries[i];
        mode_t *mode = &entry->status.st_mode;

        if (plan->source->is_folder || rules->has_owner) {
            entry->status.st_uid = rules->has_owner ? rules->uid : 0;
            entry->status.st_gid = rules->has_owner ? rules->gid : 0;
        }
        if (!*entry->source)
            *mode = S_IFDIR | 0755;
        if (plan->plain_modes && !S_ISLNK(*mode))
            *mode = (*mode & S_IFMT) | (*mode & 0100 ? 0755 : 0644);
        if (plan->file_mode && S_ISREG(*mode))
            *mode = S_IFREG | plan->file_mode;
        if (rules->chmod && !S_ISLNK(*mode) && owner_apply_mode(rules->chmod, *mode, mode, err) < 0)
            return -1;
    }
    return 0;
}

int copy_plan_add(struct copy_plan *plan, const char *destination, bool is_folder,
                  struct error *err)
{
    AUTO_MERGED_NODE struct merged_node target = { 0 };

    if (merged_find(plan->rules->base, destination, true, &target, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->paths.count; i++) {
        if (add_source(plan, plan->paths.items[i], &target, is_folder, err) < 0)
            return -1;
    }
    return set_attributes(plan, err);
}

static void hash_links(const struct scan *scan, struct copy_links *links, struct hash_sha256 *hash)
{
    for (size_t i = 0; i < scan->count; i++) {
        const struct scan_entry *entry = &scan->entries[i];
        const char *before = copy_links_find(links, &entry->status, entry->target);

        if (!before)
            continue;
        hash_sha256_update_text(hash, before);
        hash_sha256_update_text(hash, entry->target);
    }
}

int copy_plan_hash(const struct copy_plan *plan, struct copy_links *links, struct hash_sha256 *hash,
                   struct error *err)
{
    struct scan archives = { 0 };
    int result = 0;

    if (scan_hash(&plan->scan, plan->source->view, plan->source->digests, true, hash, err) < 0)
        return -1;
    hash_links(&plan->scan, links, hash);
    for (size_t i = 0; i < plan->archive_count && result == 0; i++) {
        const struct scan_source source = { .view = plan->source->view };

        result =
            scan_add(&archives, &source, plan->archives[i].source, plan->archives[i].target, err);
    }
    for (size_t i = 0; i < archives.count; i++)
        archives.entries[i].status.st_mode = S_IFREG;
    if (result == 0)
        result = scan_hash(&archives, plan->source->view, plan->source->digests, false, hash, err);
    scan_done(&archives);
    return result;
}

static int make_folder(const struct copy_plan *plan, int tree, const char *path, struct error *err)
{
    struct tree_entry entry = { .path = path, .mode = S_IFDIR | 0755, .mtime = -1 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    int fd = -1;

    if (merged_find(plan->rules->base, path, false, &node, err) < 0)
        return -1;
    if (node.found && !S_ISDIR(node.status.st_mode))
        return error_set(err, ERROR_INVALID, "'/%s' is no folder in the image", path);
    entry.uid = node.found ? node.status.st_uid : plan->rules->has_owner ? plan->rules->uid : 0;
    entry.gid = node.found ? node.status.st_gid : plan->rules->has_owner ? plan->rules->gid : 0;
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

static int put_link(int tree, const char *path, const char *target, struct error *err)
{
    const char *name = NULL;
    bool linked = false;
    AUTO_CLOSE int parent = tree_open_parent(tree, path, &name, &linked, err);

    return parent < 0 ? -1 : tree_put_link(parent, name, tree, target, err);
}

static int write_entry(struct copy_plan *plan, const struct scan_entry *entry, int tree,
                       struct error *err)
{
    bool is_folder = S_ISDIR(entry->status.st_mode);
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    const char *before = NULL;
    struct stat there;

    if (merged_find(plan->rules->base, entry->target, is_folder, &node, err) < 0)
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
    /* What is written over may have been the first of several names. */
    if (plan->rules->links.tree && !is_folder && tree_find(tree, node.path, &there))
        copy_links_done(&plan->rules->links);
    before = copy_links_find(&plan->rules->links, &entry->status, node.path);
    if (before)
        return put_link(tree, node.path, before, err);
    return scan_copy_entry(entry, plan->source->view, tree, node.path, err);
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

    if (merged_find(place->plan->rules->base, full, false, &node, err) < 0 ||
        make_parents(place->plan, place->tree, node.path, err) < 0)
        return -1;
    *out = STEAL_PTR(node.path);
    return 0;
}

static int write_archive(struct copy_plan *plan, const struct copy_archive *archive, int tree,
                         struct error *err)
{
    struct archive_place place = { plan, tree, archive->target };
    const struct unpack_options options = {
        .place = place_entry,
        .place_context = &place,
        .has_owner = plan->rules->has_owner,
        .uid = plan->rules->uid,
        .gid = plan->rules->gid,
    };
    AUTO(stream_reader) struct stream_reader *reader = NULL;
    AUTO_CLOSE int fd = -1;
    char hex[HASH_SHA256_HEX_SIZE];

    if (copy_plan_make_folders(plan, tree, archive->target, err) < 0)
        return -1;
    fd = merged_open_file(plan->source->view, archive->source, err);
    reader = fd < 0 ? NULL : stream_reader_new(fd, LAYER_SIZE_MAX, err);
    if (!reader || unpack_archive(reader, tree, &options, hex, err) < 0)
        return error_wrap(err, "unpack '%s'", archive->source);
    copy_links_done(&plan->rules->links);
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
        .uid = plan->rules->has_owner ? plan->rules->uid : 0,
        .gid = plan->rules->has_owner ? plan->rules->gid : 0,
        .mtime = -1,
    };
    AUTO_CLOSE int fd = -1;

    if (plan->rules->chmod &&
        owner_apply_mode(plan->rules->chmod, entry.mode, &entry.mode, err) < 0)
        return -1;
    if (make_parents(plan, tree, path, err) < 0 || tree_put(tree, &entry, &fd, err) < 0 ||
        file_write_all(fd, content, strlen(content), err) < 0)
        return -1;
    return tree_finish_file(fd, &entry, err);
}
