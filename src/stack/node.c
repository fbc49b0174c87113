/* SPDX-License-Identifier: MIT */

/*
 * What a YAML file says, with the place of every word
 */

#include "stack/node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct node *node_new(enum node_kind kind, const struct diagnostic_place *place)
{
    struct node *node = alloc_new(struct node);

    node->kind = kind;
    node->place = *place;
    return node;
}

struct node *node_new_scalar(const struct diagnostic_place *place, const char *text)
{
    struct node *node = node_new(NODE_SCALAR, place);

    node->text = alloc_text(text);
    return node;
}

struct node *node_copy(const struct node *node)
{
    struct node *copy = node_new(node->kind, &node->place);

    copy->tag = node->tag;
    copy->interpolated = node->interpolated;
    copy->quoted = node->quoted;
    copy->path = alloc_text(node->path);
    copy->text = alloc_text(node->text);
    for (size_t i = 0; i < node->count; i++) {
        struct node_child *child = ALLOC_APPEND(copy->children, copy->count);

        child->key = alloc_text(node->children[i].key);
        child->place = node->children[i].place;
        child->value = node_copy(node->children[i].value);
    }
    return copy;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        free(node->children[i].key);
        node_free(node->children[i].value);
    }
    free(node->children);
    free(node->path);
    free(node->text);
    free(node);
}

void node_append(struct node *list, struct node *value)
{
    struct node_child *child = NULL;

    assert(list->kind == NODE_LIST);
    child = ALLOC_APPEND(list->children, list->count);
    child->place = value->place;
    child->value = value;
}

struct node_child *node_find_child(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->children[i].key, key) == 0)
            return &map->children[i];
    }
    return NULL;
}

void node_set(struct node *map, const char *key, const struct diagnostic_place *place,
              struct node *value)
{
    struct node_child *child = NULL;

    assert(map->kind == NODE_MAP);
    child = node_find_child(map, key);
    if (!child) {
        child = ALLOC_APPEND(map->children, map->count);
        child->key = alloc_text(key);
    }
    node_free(child->value);
    child->place = *place;
    child->value = value;
}

void node_set_text(struct node *map, const char *key, const char *text)
{
    node_set(map, key, &map->place, node_new_scalar(&map->place, text));
}

struct node *node_find(const struct node *map, const char *key)
{
    struct node_child *child = node_find_child(map, key);

    return child ? child->value : NULL;
}

const char *node_find_text(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node && node->kind == NODE_SCALAR ? node->text : NULL;
}

void node_remove_at(struct node *node, size_t index)
{
    struct node_child *child = &node->children[index];

    free(child->key);
    node_free(child->value);
    memmove(child, child + 1, (node->count - index - 1) * sizeof(*child));
    node->count--;
}

struct node *node_take(struct node *map, const char *key)
{
    struct node_child *child = node_find_child(map, key);
    struct node *value = NULL;

    if (!child)
        return NULL;
    value = STEAL_PTR(child->value);
    node_remove_at(map, (size_t)(child - map->children));
    return value;
}

void node_weigh(const struct node *node, size_t *nodes, size_t *bytes)
{
    (*nodes)++;
    *bytes += node->text ? strlen(node->text) : 0;
    for (size_t i = 0; i < node->count; i++) {
        *bytes += node->children[i].key ? strlen(node->children[i].key) : 0;
        node_weigh(node->children[i].value, nodes, bytes);
    }
}

const char *node_describe(const struct node *node)
{
    static const char *const names[] = {
        [NODE_NULL] = "nothing",
        [NODE_SCALAR] = "a single value",
        [NODE_LIST] = "a list",
        [NODE_MAP] = "a mapping",
    };

    return names[node->kind];
}
