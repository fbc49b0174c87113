/* SPDX-License-Identifier: MIT */

/*
 * Several files become one
 */

#include "stack/merge.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* Whether two elements of a list are the same thing. */
static bool is_same(const struct object *object, const struct node *a, const struct node *b)
{
    if (!object->identity)
        return false;
    for (size_t i = 0; object->identity[i]; i++) {
        const char *left = node_find_text(a, object->identity[i]);
        const char *right = node_find_text(b, object->identity[i]);

        if (!text_equal(left, right))
            return false;
    }
    return true;
}

static struct node *copy_plain(const struct node *node)
{
    struct node *copy = node_copy(node);

    copy->tag = NODE_PLAIN;
    return copy;
}

static void append_objects(const struct object *object, struct node *base, const struct node *over)
{
    size_t before = base->count;

    for (size_t i = 0; i < over->count; i++) {
        const struct node *item = over->children[i].value;
        size_t n = 0;

        while (n < before && !is_same(object, base->children[n].value, item))
            n++;
        if (n == before) {
            node_append(base, copy_plain(item));
            continue;
        }
        node_free(base->children[n].value);
        base->children[n].value = copy_plain(item);
    }
}

static bool has_text(const struct node *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal(list->children[i].value->text, text))
            return true;
    }
    return false;
}

static void append_strings(struct node *base, const struct node *over)
{
    for (size_t i = 0; i < over->count; i++) {
        const struct node *item = over->children[i].value;

        if (!has_text(base, item->text))
            node_append(base, copy_plain(item));
    }
}

static void merge_children(const struct object *object, const struct field *all, struct node *base,
                           const struct node *over);

/* Merge `over` on `base`, of one kind; false: it replaces it instead. */
static bool merge_value(const struct field *field, struct node *base, const struct node *over)
{
    if (over->tag == NODE_OVERRIDE || base->kind != over->kind || !field)
        return false;
    if (field->kind == FIELD_MAP)
        merge_children(NULL, NULL, base, over);
    else if (field->kind == FIELD_OBJECT)
        merge_children(field->object, NULL, base, over);
    else if (field->kind == FIELD_NAMED)
        merge_children(NULL, field, base, over);
    else if (field->kind == FIELD_OBJECTS)
        append_objects(field->object, base, over);
    else if (field->kind == FIELD_LIST)
        append_strings(base, over);
    else
        return false;
    return true;
}

/* The row of a key: of `object`; or that of `all`, which holds objects by name; or none. */
static bool merge_child(const struct object *object, const struct field *all,
                        const struct node_child *child, struct node *under)
{
    if (all && under->kind == NODE_MAP && child->value->kind == NODE_MAP &&
        child->value->tag != NODE_OVERRIDE) {
        merge_object(all->object, under, child->value);
        return true;
    }
    return object && merge_value(field_find(object, child->key), under, child->value);
}

static void merge_children(const struct object *object, const struct field *all, struct node *base,
                           const struct node *over)
{
    for (size_t i = 0; i < over->count; i++) {
        const struct node_child *child = &over->children[i];
        struct node *under = node_find(base, child->key);

        if (child->value->tag == NODE_RESET)
            node_free(node_take(base, child->key));
        else if (!under || !merge_child(object, all, child, under))
            node_set(base, child->key, &child->place, copy_plain(child->value));
    }
}

void merge_object(const struct object *object, struct node *base, const struct node *over)
{
    merge_children(object, NULL, base, over);
}
