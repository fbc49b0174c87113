/* SPDX-License-Identifier: MIT */

/*
 * One document after the other is laid on the tree of the stack
 *
 * A file that is extended is read anew for each service that is wanted from it, and only that
 * service is followed further: two files may use each other's services without a circle.
 */

#include "stack/assemble.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/canonical.h"
#include "stack/environment.h"
#include "stack/interpolate.h"
#include "stack/locate.h"
#include "stack/merge.h"
#include "stack/tables.h"
#include "stack/yaml_reader.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define READS_MAX 256
#define CHAIN_MAX 32

static void apply(struct assemble_run *run, struct node *document, struct node *root,
                  const char *only);

void assemble_done(struct assemble_run *run)
{
    strings_map_done(&run->variables);
    strings_done(&run->unset);
    strings_done(&run->chain);
}

struct node *assemble_read(struct assemble_run *run, const char *path, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    bool standard = strcmp(path, "-") == 0;
    int result = standard ? file_read_fd(STDIN_FILENO, YAML_READER_BYTES_MAX, &text, err)
                          : file_read(AT_FDCWD, path, YAML_READER_BYTES_MAX, &text, err);
    AUTO(node) struct node *documents = NULL;
    const char *file = NULL;

    if (result < 0) {
        error_wrap(err, "read the stack file '%s'", path);
        return NULL;
    }
    file = diagnostic_add_source(run->reading->diagnostics, standard ? "standard input" : path,
                                 text_get(&text), text.length);
    documents = yaml_reader_read(file, text_get(&text), text.length, run->reading->diagnostics);
    for (size_t i = 0; documents && i < documents->count; i++) {
        const struct node *document = documents->children[i].value;

        if (document->kind == NODE_MAP)
            continue;
        reading_error(run->reading, document,
                      "%s stands at the top of the file, a mapping is expected",
                      node_describe(document));
        return NULL;
    }
    return STEAL_PTR(documents);
}

/* ---- other files ---- */

static bool enter_chain(struct assemble_run *run, const struct node *at, const char *link)
{
    AUTO_TEXT struct text all = { 0 };

    if (run->chain.count < CHAIN_MAX && run->reads < READS_MAX && !strings_has(&run->chain, link)) {
        strings_add(&run->chain, link);
        return true;
    }
    for (size_t i = 0; i < run->chain.count && i < 8; i++)
        text_add_format(&all, "%s -> ", run->chain.items[i]);
    if (strings_has(&run->chain, link))
        reading_error(run->reading, at, "this leads back to itself: %s%s", text_get(&all), link);
    else
        reading_error(run->reading, at, "too many files lead to each other; at most %d are read",
                      READS_MAX);
    return false;
}

static void leave_chain(struct assemble_run *run)
{
    free(run->chain.items[--run->chain.count]);
    run->chain.items[run->chain.count] = NULL;
}

/* Lay the file `path`, whose relative paths start from `directory`, on `root`. */
static void load_file(struct assemble_run *run, const struct node *at, const char *path,
                      const char *directory, const char *only, struct node *root)
{
    const char *before = run->reading->directory;
    struct error err = { 0 };
    AUTO(node) struct node *documents = NULL;

    run->reads++;
    documents = assemble_read(run, path, &err);
    if (!documents && err.code != ERROR_NONE)
        reading_error(run->reading, at, "%s", err.text);
    run->reading->directory = directory;
    for (size_t i = 0; documents && i < documents->count; i++)
        apply(run, documents->children[i].value, root, only);
    run->reading->directory = before;
}

/* ---- include ---- */

static void include_paths(struct assemble_run *run, const struct node *paths,
                          const char *project_directory, struct node *root)
{
    size_t count = paths->kind == NODE_LIST ? paths->count : 1;
    AUTO_FREE char *directory = alloc_text(project_directory);

    for (size_t i = 0; i < count; i++) {
        const struct node *item = paths->kind == NODE_LIST ? paths->children[i].value : paths;
        AUTO_FREE char *path = NULL;

        if (item->kind != NODE_SCALAR || strstr(item->text, "://")) {
            reading_error(run->reading, item, "a path of this machine is expected here");
            continue;
        }
        path = reading_resolve_path(run->reading, item->text);
        if (!directory)
            directory = locate_folder(path);
        if (!enter_chain(run, item, path))
            continue;
        load_file(run, item, path, directory, NULL, root);
        leave_chain(run);
    }
}

/* The variables that the included file sees besides ours. */
static void include_variables(struct assemble_run *run, const struct node *entry,
                              const char *directory)
{
    const struct node *files = node_find(entry, "env_file");
    size_t count = !files ? 0 : files->kind == NODE_LIST ? files->count : 1;
    const char *before = run->reading->directory;

    for (size_t i = 0; i < count; i++) {
        const struct node *item = files->kind == NODE_LIST ? files->children[i].value : files;
        AUTO_FREE char *path = item->text ? reading_resolve_path(run->reading, item->text) : NULL;

        if (path)
            environment_add_file(run->reading, item, path, true, &run->variables);
    }
    if (count > 0)
        return;
    run->reading->directory = directory;
    {
        AUTO_FREE char *path = reading_resolve_path(run->reading, ".env");

        environment_add_file(run->reading, entry, path, false, &run->variables);
    }
    run->reading->directory = before;
}

static void include_one(struct assemble_run *run, const struct node *entry, struct node *root)
{
    const struct node *paths = entry->kind == NODE_MAP ? node_find(entry, "path") : entry;
    const struct node *first =
        paths && paths->kind == NODE_LIST && paths->count > 0 ? paths->children[0].value : paths;
    const char *given = node_find_text(entry, "project_directory");
    AUTO_FREE char *directory = given ? reading_resolve_path(run->reading, given) : NULL;
    AUTO_FREE char *folder = NULL;
    struct strings_map before = { 0 };

    if (!first || first->kind != NODE_SCALAR) {
        reading_error(run->reading, entry, "'path' is missing; name the file to include");
        return;
    }
    if (!directory) {
        AUTO_FREE char *path = reading_resolve_path(run->reading, first->text);

        folder = locate_folder(path);
    }
    strings_map_copy(&before, &run->variables);
    include_variables(run, entry, directory ? directory : folder);
    include_paths(run, paths, directory, root);
    strings_map_done(&run->variables);
    run->variables = before;
}

static void apply_includes(struct assemble_run *run, const struct node *include, struct node *root)
{
    size_t mark = reading_enter(run->reading, "include");

    if (include->kind != NODE_LIST)
        reading_error(run->reading, include, "%s stands here, a list is expected",
                      node_describe(include));
    reading_leave(run->reading, mark);
    for (size_t i = 0; include->kind == NODE_LIST && i < include->count; i++)
        include_one(run, include->children[i].value, root);
}

/* ---- extends ---- */

/* The wishes of the services of a document, by name; they are taken out of it. */
static struct node *take_extends(struct node *document)
{
    struct node *services = node_find(document, "services");
    struct node *all = node_new(NODE_MAP, &document->place);

    for (size_t i = 0; services && services->kind == NODE_MAP && i < services->count; i++) {
        struct node_child *child = &services->children[i];
        struct node *wish =
            child->value->kind == NODE_MAP ? node_take(child->value, "extends") : NULL;

        if (wish)
            node_set(all, child->key, &wish->place, wish);
    }
    return all;
}

struct extending {
    const struct node *wishes;
    struct node *services; /* of the document in hand */
    const struct node *root;
};

static void extend_service(struct assemble_run *run, const struct extending *extending,
                           const char *name);

/* A copy of the service that is extended, whole; NULL after a message. */
static struct node *find_base(struct assemble_run *run, const struct extending *extending,
                              const struct node *wish)
{
    const char *name = wish->kind == NODE_SCALAR ? wish->text : node_find_text(wish, "service");
    const char *file = node_find_text(wish, "file");
    AUTO(node) struct node *root = node_new(NODE_MAP, &wish->place);
    const struct node *found = NULL;

    if (!name) {
        reading_error(run->reading, wish, "'service' is missing; name the service to extend");
        return NULL;
    }
    if (file) {
        AUTO_FREE char *path = reading_resolve_path(run->reading, file);
        AUTO_FREE char *directory = locate_folder(path);

        load_file(run, wish, path, directory, name, root);
        found = node_find(node_find(root, "services"), name);
    } else {
        if (node_find(extending->services, name))
            extend_service(run, extending, name);
        found = node_find(extending->services, name);
        if (!found)
            found = node_find(node_find(extending->root, "services"), name);
    }
    if (!found)
        reading_error(run->reading, wish, "there is no service '%s' to extend%s%s", name,
                      file ? " in " : "", file ? file : "");
    return found ? node_copy(found) : NULL;
}

/* Lay the service `name` on what it extends, if it does. */
static void extend_service(struct assemble_run *run, const struct extending *extending,
                           const char *name)
{
    struct node *wish = node_find(extending->wishes, name);
    struct node_child *child = node_find_child(extending->services, name);
    AUTO(node) struct node *base = NULL;
    AUTO_FREE char *link = NULL;
    size_t mark = 0;

    if (!wish || !child || wish->kind == NODE_NULL)
        return;
    link = alloc_format("%s#%s", wish->place.file ? wish->place.file : "", name);
    mark = reading_enter(run->reading, "services");
    reading_enter(run->reading, name);
    reading_enter(run->reading, "extends");
    if (enter_chain(run, wish, link)) {
        base = find_base(run, extending, wish);
        leave_chain(run);
    }
    reading_leave(run->reading, mark);
    wish->kind = NODE_NULL; /* done, whichever way it went */
    if (!base)
        return;
    merge_object(&service_object, base, child->value);
    base->place = child->value->place;
    node_free(child->value);
    child->value = STEAL_PTR(base);
}

static void apply_extends(struct assemble_run *run, const struct extending *extending,
                          const char *only)
{
    if (!extending->services)
        return;
    for (size_t i = 0; i < extending->wishes->count; i++) {
        const char *name = extending->wishes->children[i].key;

        if (!only || strcmp(only, name) == 0)
            extend_service(run, extending, name);
    }
}

/* ---- the whole ---- */

static void apply(struct assemble_run *run, struct node *document, struct node *root,
                  const char *only)
{
    struct interpolate_scope scope = { &run->variables, &run->unset, run->budget };
    const struct node *version = node_find(document, "version");
    AUTO(node) struct node *include = NULL;
    AUTO(node) struct node *wishes = NULL;
    struct extending extending = { .root = root };
    struct text path = run->reading->path;

    if (!run->reading->resolved)
        interpolate_tree(document, &scope, run->reading->diagnostics);
    run->budget = scope.budget;
    /* The paths of this document begin at its top. */
    run->reading->path = (struct text){ 0 };
    if (version)
        reading_warn(run->reading, version, "'version' has no meaning any more; remove it");
    include = node_take(document, "include");
    if (include && include->kind != NODE_NULL)
        apply_includes(run, include, root);
    wishes = take_extends(document);
    canonical_object(run->reading, &top_level_object, document);
    extending.wishes = wishes;
    extending.services = node_find(document, "services");
    apply_extends(run, &extending, only);
    merge_object(&top_level_object, root, document);
    text_done(&run->reading->path);
    run->reading->path = path;
}

void assemble_apply(struct assemble_run *run, struct node *document, struct node *root)
{
    apply(run, document, root, NULL);
}
