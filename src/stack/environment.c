/* SPDX-License-Identifier: MIT */

/*
 * The variables that a stack may use
 */

#include "stack/environment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "stack/dotenv.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

void environment_load(struct strings_map *out)
{
    for (char **item = environ; item && *item; item++) {
        const char *mark = strchr(*item, '=');
        AUTO_FREE char *key = NULL;

        if (!mark || mark == *item)
            continue;
        key = alloc_text_part(*item, (size_t)(mark - *item));
        strings_map_set(out, key, mark + 1);
    }
}

/* Read one file; false: it is not there. Other failures are reported. */
static bool read_file(struct reading *reading, const struct node *at, const char *path,
                      const struct dotenv_options *options, struct strings_map *out)
{
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };
    const char *name = NULL;

    if (file_read(AT_FDCWD, path, DOTENV_BYTES_MAX, &text, &err) < 0) {
        if (err.code != ERROR_NOT_FOUND)
            reading_error(reading, at, "%s", err.text);
        return err.code != ERROR_NOT_FOUND;
    }
    name = diagnostic_add_source(reading->diagnostics, path, text_get(&text), text.length);
    dotenv_read(name, text_get(&text), options, out, reading->diagnostics);
    return true;
}

/* Add the variables of `found` that are not there yet, and empty it. */
static void add_missing(struct strings_map *variables, struct strings_map *found)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->pairs[i].value && !strings_map_find(variables, found->pairs[i].key))
            strings_map_set(variables, found->pairs[i].key, found->pairs[i].value);
    }
    strings_map_done(found);
}

static void read_required(struct reading *reading, const struct node *at, const char *path,
                          const struct strings_map *variables, struct strings_map *out)
{
    struct dotenv_options how = { .variables = variables };

    if (!read_file(reading, at, path, &how, out))
        reading_error(reading, at, "the file of variables '%s' does not exist", path);
}

void environment_add_file(struct reading *reading, const struct node *at, const char *path,
                          bool required, struct strings_map *variables)
{
    struct dotenv_options how = { .variables = variables };
    struct strings_map found = { 0 };

    if (required)
        read_required(reading, at, path, variables, &found);
    else
        (void)read_file(reading, at, path, &how, &found);
    add_missing(variables, &found);
}

void environment_add_files(struct reading *reading, const struct stack_options *options,
                           struct strings_map *variables)
{
    struct strings_map found = { 0 };
    struct node nowhere = { 0 };

    for (size_t i = 0; i < options->env_files.count; i++)
        read_required(reading, &nowhere, options->env_files.items[i], variables, &found);
    add_missing(variables, &found);
    if (options->env_files.count == 0) {
        AUTO_FREE char *path = reading_resolve_path(reading, ".env");

        environment_add_file(reading, &nowhere, path, false, variables);
    }
}

/* A name without a value takes that of the environment, if there is one. */
static void pass_through(struct strings_map *map, const struct strings_map *variables)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct strings_pair *known =
            map->pairs[i].value ? NULL : strings_map_find(variables, map->pairs[i].key);

        if (known)
            map->pairs[i].value = alloc_text(known->value);
    }
}

static void free_env_files(struct service *service)
{
    for (size_t i = 0; i < service->env_file_count; i++)
        free(service->env_files[i].path);
    free(service->env_files);
    service->env_files = NULL;
    service->env_file_count = 0;
}

static void complete_service(struct reading *reading, const struct node *map,
                             struct service *service, const struct strings_map *variables)
{
    const struct node *list = node_find(map, "env_file");
    struct strings_map all = { 0 };

    for (size_t i = 0; i < service->env_file_count; i++) {
        const struct service_env_file *file = &service->env_files[i];
        struct dotenv_options how = { .variables = variables, .raw = file->raw };
        const struct node *at = list && i < list->count ? list->children[i].value : map;

        if (file->path && !read_file(reading, at, file->path, &how, &all) && file->required)
            reading_error(reading, at,
                          "the file of variables '%s' does not exist; add it, or "
                          "'required: false'",
                          file->path);
    }
    pass_through(&service->environment, variables);
    for (size_t i = 0; i < service->environment.count; i++)
        strings_map_set(&all, service->environment.pairs[i].key,
                        service->environment.pairs[i].value);
    strings_map_done(&service->environment);
    service->environment = all;
    pass_through(&service->build.args, variables);
    free_env_files(service);
}

void environment_complete(struct reading *reading, const struct node *root, struct stack *stack,
                          const struct strings_map *variables)
{
    const struct node *services = node_find(root, "services");

    for (size_t i = 0; i < stack->service_count; i++) {
        const struct node *map = node_find(services, stack->services[i].name);
        size_t mark = reading_enter(reading, "services");

        reading_enter(reading, stack->services[i].name);
        reading_enter(reading, "env_file");
        if (map)
            complete_service(reading, map, &stack->services[i], variables);
        reading_leave(reading, mark);
    }
}
