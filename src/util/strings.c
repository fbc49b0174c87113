/* SPDX-License-Identifier: MIT */

/*
 * Lists of strings, and ordered lists of key and value
 */

#include "util/strings.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

void strings_done(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct strings){ 0 };
}

void strings_take(struct strings *strings, char *string)
{
    /* One more than the count is kept for the NULL at the end. */
    if (!strings->items)
        strings->items = alloc_array(char *, 1);
    strings->items = alloc_grow(strings->items, strings->count + 1, sizeof(*strings->items));
    strings->items[strings->count++] = string;
    strings->items[strings->count] = NULL;
}

void strings_add(struct strings *strings, const char *string)
{
    strings_take(strings, alloc_text(string));
}

void strings_copy(struct strings *to, const struct strings *from)
{
    struct strings copy = { 0 };

    for (size_t i = 0; i < from->count; i++)
        strings_add(&copy, from->items[i]);
    strings_done(to);
    *to = copy;
}

bool strings_has(const struct strings *strings, const char *string)
{
    for (size_t i = 0; i < strings->count; i++) {
        if (strcmp(strings->items[i], string) == 0)
            return true;
    }
    return false;
}

static int compare_items(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strings_sort(struct strings *strings)
{
    if (strings->count > 1)
        qsort(strings->items, strings->count, sizeof(*strings->items), compare_items);
}

static char **find_env_item(const struct strings *env, const char *key)
{
    size_t length = strlen(key);

    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], key, length) == 0 && env->items[i][length] == '=')
            return &env->items[i];
    }
    return NULL;
}

const char *strings_find_env(const struct strings *env, const char *key)
{
    char **item = find_env_item(env, key);

    return item ? *item + strlen(key) + 1 : NULL;
}

void strings_set_env(struct strings *env, const char *key, const char *value)
{
    char **item = find_env_item(env, key);
    char *text = alloc_format("%s=%s", key, value);

    if (!item) {
        strings_take(env, text);
        return;
    }
    free(*item);
    *item = text;
}

void strings_map_done(struct strings_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->pairs[i].key);
        free(map->pairs[i].value);
    }
    free(map->pairs);
    *map = (struct strings_map){ 0 };
}

static struct strings_pair *find_pair(const struct strings_map *map, const char *key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->pairs[i].key, key) == 0)
            return &map->pairs[i];
    }
    return NULL;
}

void strings_map_add(struct strings_map *map, const char *key, const char *value)
{
    struct strings_pair *pair = ALLOC_APPEND(map->pairs, map->count);

    pair->key = alloc_text(key);
    pair->value = alloc_text(value);
}

void strings_map_set(struct strings_map *map, const char *key, const char *value)
{
    struct strings_pair *pair = find_pair(map, key);
    char *copy = NULL;

    if (!pair) {
        strings_map_add(map, key, value);
        return;
    }
    copy = alloc_text(value);
    free(pair->value);
    pair->value = copy;
}

void strings_map_copy(struct strings_map *to, const struct strings_map *from)
{
    struct strings_map copy = { 0 };

    for (size_t i = 0; i < from->count; i++)
        strings_map_add(&copy, from->pairs[i].key, from->pairs[i].value);
    strings_map_done(to);
    *to = copy;
}

const struct strings_pair *strings_map_find(const struct strings_map *map, const char *key)
{
    return find_pair(map, key);
}
