/* SPDX-License-Identifier: MIT */

/*
 * The `config` object: one row for each member, both ways
 */

#include "image/config_json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "util/alloc.h"
#include "util/json.h"
#include "util/text.h"

enum member_kind { MEMBER_TEXT, MEMBER_LIST, MEMBER_SET, MEMBER_MAP };

static const struct member {
    const char *key;
    enum member_kind kind;
    size_t offset;
} members[] = {
    { "User", MEMBER_TEXT, offsetof(struct image_config, user) },
    { "ExposedPorts", MEMBER_SET, offsetof(struct image_config, exposed) },
    { "Env", MEMBER_LIST, offsetof(struct image_config, env) },
    { "Entrypoint", MEMBER_LIST, offsetof(struct image_config, entrypoint) },
    { "Cmd", MEMBER_LIST, offsetof(struct image_config, cmd) },
    { "Volumes", MEMBER_SET, offsetof(struct image_config, volumes) },
    { "WorkingDir", MEMBER_TEXT, offsetof(struct image_config, working_dir) },
    { "Labels", MEMBER_MAP, offsetof(struct image_config, labels) },
    { "StopSignal", MEMBER_TEXT, offsetof(struct image_config, stop_signal) },
    { "OnBuild", MEMBER_LIST, offsetof(struct image_config, on_build) },
    { "Shell", MEMBER_LIST, offsetof(struct image_config, shell) },
};

#define MS_NS INT64_C(1000000)

static const struct health_member {
    const char *key;
    int64_t scale;
    size_t offset;
} health_members[] = {
    { "Interval", MS_NS, offsetof(struct image_config, health_interval_ms) },
    { "Timeout", MS_NS, offsetof(struct image_config, health_timeout_ms) },
    { "StartPeriod", MS_NS, offsetof(struct image_config, health_start_period_ms) },
    { "StartInterval", MS_NS, offsetof(struct image_config, health_start_interval_ms) },
    { "Retries", 1, offsetof(struct image_config, health_retries) },
};

/* Sets and maps are unordered in memory's terms, hence sorted on the way out. */
static struct json *format_list(const struct strings *list)
{
    struct json *json = json_new_array();

    for (size_t i = 0; i < list->count; i++)
        json_append_text(json, list->items[i]);
    return json;
}

static struct json *format_set(const struct strings *set)
{
    AUTO_STRINGS struct strings sorted = { 0 };
    struct json *json = json_new_object();

    strings_copy(&sorted, set);
    strings_sort(&sorted);
    for (size_t i = 0; i < sorted.count; i++) {
        if (i == 0 || strcmp(sorted.items[i], sorted.items[i - 1]) != 0)
            json_add(json, sorted.items[i], json_new_object());
    }
    return json;
}

static struct json *format_map(const struct strings_map *map)
{
    AUTO_STRINGS struct strings keys = { 0 };
    struct json *json = json_new_object();

    for (size_t i = 0; i < map->count; i++)
        strings_add(&keys, map->pairs[i].key);
    strings_sort(&keys);
    for (size_t i = 0; i < keys.count; i++) {
        const struct strings_pair *pair = strings_map_find(map, keys.items[i]);

        json_set_text(json, pair->key, pair->value ? pair->value : "");
    }
    return json;
}

static void format_member(struct json *json, const struct member *member,
                          const struct image_config *config)
{
    const void *at = member_at_const(config, member->offset);
    const char *text = member->kind == MEMBER_TEXT ? *(char *const *)at : NULL;
    const struct strings *list = at;
    const struct strings_map *map = at;

    if (member->kind == MEMBER_TEXT && !text_is_empty(text))
        json_set_text(json, member->key, text);
    else if (member->kind == MEMBER_LIST && list->count > 0)
        json_set(json, member->key, format_list(list));
    else if (member->kind == MEMBER_SET && list->count > 0)
        json_set(json, member->key, format_set(list));
    else if (member->kind == MEMBER_MAP && map->count > 0)
        json_set(json, member->key, format_map(map));
}

static struct json *format_health(const struct image_config *config)
{
    struct json *health = json_new_object();

    json_set(health, "Test", format_list(&config->health_test));
    for (size_t i = 0; i < ARRAY_SIZE(health_members); i++) {
        const struct health_member *member = &health_members[i];
        const int64_t *value = member_at_const(config, member->offset);

        if (*value > 0)
            json_set_int(health, member->key, *value * member->scale);
    }
    return health;
}

struct json *config_json_format(const struct image_config *config)
{
    struct json *json = json_new_object();

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        format_member(json, &members[i], config);
    if (config->health_test.count > 0)
        json_set(json, "Healthcheck", format_health(config));
    return json;
}

static void parse_member(const struct json *value, const struct member *member,
                         struct image_config *config)
{
    void *at = member_at(config, member->offset);

    if (member->kind == MEMBER_TEXT && json_is_text(value)) {
        char **text = at;

        free(*text);
        *text = alloc_text(json_get_text(value, ""));
        return;
    }
    for (const struct json *c = json_first(value); c; c = json_next(c)) {
        if (member->kind == MEMBER_LIST && json_is_text(c))
            strings_add(at, json_get_text(c, ""));
        else if (member->kind == MEMBER_SET && json_key(c))
            strings_add(at, json_key(c));
        else if (member->kind == MEMBER_MAP && json_key(c))
            strings_map_set(at, json_key(c), json_get_text(c, ""));
    }
}

void config_json_parse(const struct json *json, struct image_config *out)
{
    const struct json *health = json_find(json, "Healthcheck");
    const struct json *test = json_find(health, "Test");

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        parse_member(json_find(json, members[i].key), &members[i], out);
    for (const struct json *c = json_first(test); c; c = json_next(c))
        strings_add(&out->health_test, json_get_text(c, ""));
    for (size_t i = 0; i < ARRAY_SIZE(health_members); i++) {
        int64_t *value = member_at(out, health_members[i].offset);

        *value = json_find_int(health, health_members[i].key, 0) / health_members[i].scale;
    }
}

const char *config_json_architecture(void)
{
    static const struct {
        const char *machine, *name;
    } names[] = {
        { "x86_64", "amd64" },    { "aarch64", "arm64" }, { "riscv64", "riscv64" },
        { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
    };
    struct utsname system;

    if (uname(&system) < 0)
        return "unknown";
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(system.machine, names[i].machine) == 0)
            return names[i].name;
    }
    return "unknown";
}
