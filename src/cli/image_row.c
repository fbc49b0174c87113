/* SPDX-License-Identifier: MIT */

/*
 * Images as `carte images` and `carte inspect` show them
 */

#include "cli/image_row.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/replica_row.h"
#include "cli/table.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/parse.h"

#define SHORT_ID 12

static const char *const headings[] = { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL };

void image_row_split_name(const char *name, char **repository_out, char **tag_out)
{
    const char *slash = strrchr(name, '/');
    const char *colon = strrchr(slash ? slash : name, ':');

    *repository_out = colon ? alloc_text_part(name, (size_t)(colon - name)) : alloc_text(name);
    *tag_out = alloc_text(colon ? colon + 1 : "latest");
}

static const char *without_algorithm(const char *id)
{
    const char *colon = strchr(id, ':');

    return colon ? colon + 1 : id;
}

/* "3 hours ago"; a time at the beginning of 1970 is that of a reproducible build. */
static void add_created(const char *created, int64_t wall_ms, struct text *out)
{
    struct tm when = { 0 };
    time_t seconds;

    if (!created || !strptime(created, "%Y-%m-%dT%H:%M:%S", &when)) {
        text_add(out, "unknown");
        return;
    }
    seconds = timegm(&when);
    if (seconds < 86400) {
        text_add(out, "n/a");
        return;
    }
    replica_row_age(MAX(wall_ms - (int64_t)seconds * 1000, INT64_C(0)), out);
    text_add(out, " ago");
}

static void add_row(const struct image *image, const char *name, int64_t wall_ms,
                    struct table *table)
{
    AUTO_FREE char *repository = NULL;
    AUTO_FREE char *tag = NULL;
    AUTO_TEXT struct text created = { 0 };
    char size[32], id[SHORT_ID + 1];

    image_row_split_name(name ? name : "<none>:<none>", &repository, &tag);
    add_created(image->created, wall_ms, &created);
    parse_format_bytes(image->size_bytes, size);
    snprintf(id, sizeof(id), "%.*s", SHORT_ID, without_algorithm(image->id));
    table_add(table, repository);
    table_add(table, tag);
    table_add(table, id);
    table_add(table, text_get(&created));
    table_add(table, size);
}

void image_row_format_table(struct image *const *images, size_t count, int64_t wall_ms,
                            struct text *out)
{
    struct table table = { .headings = headings };

    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < images[i]->names.count; n++)
            add_row(images[i], images[i]->names.items[n], wall_ms, &table);
        if (images[i]->names.count == 0)
            add_row(images[i], NULL, wall_ms, &table);
    }
    table_format(&table, out);
    table_done(&table);
}

static struct json *new_list(const struct strings *strings)
{
    struct json *array = json_new_array();

    for (size_t i = 0; i < strings->count; i++)
        json_append_text(array, strings->items[i]);
    return array;
}

static struct json *new_map(const struct strings_map *map)
{
    struct json *object = json_new_object();

    for (size_t i = 0; i < map->count; i++)
        json_set_text(object, map->pairs[i].key, map->pairs[i].value);
    return object;
}

void image_row_format_json(struct image *const *images, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(json) struct json *row = json_new_object();
        AUTO_FREE char *line = NULL;

        json_set_text(row, "ID", images[i]->id);
        json_set(row, "Names", new_list(&images[i]->names));
        json_set_text(row, "Created", images[i]->created);
        json_set_int(row, "Size", (int64_t)images[i]->size_bytes);
        line = json_print(row, false);
        text_add_format(out, "%s\n", line);
    }
}

void image_row_format_ids(struct image *const *images, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++)
        text_add_format(out, "%s\n", images[i]->id);
}

static struct json *describe_config(const struct image_config *config)
{
    struct json *object = json_new_object();

    json_set_text(object, "User", config->user ? config->user : "");
    json_set_text(object, "WorkingDir", config->working_dir ? config->working_dir : "");
    json_set(object, "Env", new_list(&config->env));
    json_set(object, "Entrypoint", new_list(&config->entrypoint));
    json_set(object, "Cmd", new_list(&config->cmd));
    json_set(object, "Volumes", new_list(&config->volumes));
    json_set(object, "ExposedPorts", new_list(&config->exposed));
    json_set(object, "Labels", new_map(&config->labels));
    json_set(object, "Healthcheck", new_list(&config->health_test));
    json_set_text(object, "StopSignal", config->stop_signal ? config->stop_signal : "");
    return object;
}

struct json *image_row_describe(const struct image *image)
{
    struct json *object = json_new_object();
    struct json *root = json_new_object();

    json_set_text(object, "Id", image->id);
    json_set_text(object, "Digest", image->digest);
    json_set(object, "RepoTags", new_list(&image->names));
    json_set_text(object, "Created", image->created);
    json_set_int(object, "Size", (int64_t)image->size_bytes);
    json_set(object, "Config", describe_config(&image->config));
    json_set_text(root, "Type", "layers");
    json_set(root, "Layers", new_list(&image->diff_ids));
    json_set(object, "RootFS", root);
    return object;
}
