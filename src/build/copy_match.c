/* SPDX-License-Identifier: MIT */

/*
 * The paths that a source of COPY or ADD stands for
 */

#include "build/copy_match.h"

#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define PATHS_MAX 100000U
#define DEPTH_MAX 400U

char *copy_match_clean(const char *path)
{
    AUTO_FREE char *copy = alloc_text(path);
    AUTO_TEXT struct text clean = { 0 };
    char *rest = NULL;

    text_add(&clean, "");
    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        const char *slash = strrchr(text_get(&clean), '/');

        if (strcmp(part, "..") == 0) {
            clean.length = slash ? (size_t)(slash - clean.data) : 0;
            clean.data[clean.length] = '\0';
        } else if (strcmp(part, ".") != 0) {
            text_add_format(&clean, "%s%s", clean.length > 0 ? "/" : "", part);
        }
    }
    return text_steal(&clean);
}

static bool is_excluded(struct source *source, const struct merged_node *node)
{
    bool is_folder = S_ISDIR(node->status.st_mode);
    bool enter = true;

    return source->ignore && *node->path && source_filter(source, node->path, is_folder, &enter) &&
           !(is_folder && enter);
}

int copy_match_find(struct source *source, const char *path, struct merged_node *node,
                    struct error *err)
{
    if (merged_find(source->view, path, true, node, err) < 0)
        return -1;
    if (!node->found)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    if (is_excluded(source, node))
        return error_set(err, ERROR_NOT_FOUND, "'%s' is excluded by the ignore file (%s)", path,
                         source->ignore_name ? source->ignore_name : "");
    return 0;
}

static int check_count(const struct strings *paths, struct error *err)
{
    if (paths->count <= PATHS_MAX)
        return 0;
    return error_set(err, ERROR_INVALID, "the pattern matches more than %u names", PATHS_MAX);
}

static char *join(const char *folder, const char *name)
{
    return alloc_format("%s%s%s", folder, *folder ? "/" : "", name);
}

/* Names below `folder` that match one part of a pattern. */
static int match_names(struct source *source, const char *folder, const char *part,
                       struct strings *out, struct error *err)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO_STRINGS struct strings names = { 0 };

    if (merged_find(source->view, folder, true, &node, err) < 0)
        return -1;
    if (!node.found || !S_ISDIR(node.status.st_mode))
        return 0;
    if (merged_list(source->view, node.path, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (ignore_match(part, names.items[i]))
            strings_take(out, join(folder, names.items[i]));
    }
    return check_count(out, err);
}

/* The folder and all folders below it; links to folders are none. */
static int match_deep(struct source *source, const char *folder, unsigned depth,
                      struct strings *out, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    if (depth > DEPTH_MAX)
        return error_set(err, ERROR_INVALID, "folders are nested deeper than %u", DEPTH_MAX);
    strings_add(out, folder);
    if (merged_list(source->view, folder, &names, err) < 0 || check_count(out, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_MERGED_NODE struct merged_node node = { 0 };
        AUTO_FREE char *path = join(folder, names.items[i]);

        if (merged_find(source->view, path, false, &node, err) < 0)
            return -1;
        if (node.found && S_ISDIR(node.status.st_mode) &&
            match_deep(source, path, depth + 1, out, err) < 0)
            return -1;
    }
    return 0;
}

static int match_part(struct source *source, const struct strings *folders, const char *part,
                      bool deep, struct strings *out, struct error *err)
{
    bool any_depth = deep && strcmp(part, "**") == 0;

    for (size_t i = 0; i < folders->count; i++) {
        if (any_depth ? match_deep(source, folders->items[i], 0, out, err) < 0
                      : match_names(source, folders->items[i], part, out, err) < 0)
            return -1;
    }
    return 0;
}

/* Those that the ignore file leaves. */
static int take_left(struct source *source, const struct strings *found, const char *word,
                     struct strings *out, struct error *err)
{
    size_t before = out->count;

    for (size_t i = 0; i < found->count; i++) {
        AUTO_MERGED_NODE struct merged_node node = { 0 };

        if (merged_find(source->view, found->items[i], true, &node, err) < 0)
            return -1;
        if (!node.found || !is_excluded(source, &node))
            strings_add(out, found->items[i]);
    }
    if (out->count > before)
        return 0;
    if (found->count > 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "all that matches '%s' is excluded by the ignore file (%s)", word,
                         source->ignore_name ? source->ignore_name : "");
    return error_set(err, ERROR_NOT_FOUND, "no file matches '%s'", word);
}

int copy_match_add(struct source *source, const char *word, bool deep, struct strings *out,
                   struct error *err)
{
    AUTO_FREE char *pattern = copy_match_clean(word);
    AUTO_STRINGS struct strings found = { 0 };
    char *rest = NULL;

    if (!ignore_is_pattern(pattern)) {
        strings_take(out, STEAL_PTR(pattern));
        return 0;
    }
    strings_add(&found, "");
    for (char *part = strtok_r(pattern, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        AUTO_STRINGS struct strings next = { 0 };

        if (match_part(source, &found, part, deep, &next, err) < 0)
            return -1;
        strings_copy(&found, &next);
    }
    return take_left(source, &found, word, out, err);
}
