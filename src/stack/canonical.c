/* SPDX-License-Identifier: MIT */

/*
 * Short spellings become long ones
 */

#include "stack/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"

/* Takes the value of a key and gives what stands there from now on; NULL: nothing. */
typedef struct node *canonical_fn(struct reading *reading, const struct field *field,
                                  struct node *node);

static void expected(struct reading *reading, const struct node *node, const char *what)
{
    reading_error(reading, node, "%s stands here, %s is expected", node_describe(node), what);
}

static struct node *rewrite_scalar(struct reading *reading, const struct field *field,
                                   struct node *node)
{
    AUTO(node) struct node *owner = node;

    if (node->kind != NODE_SCALAR && field->expand)
        return field->expand(reading, node);
    if (node->kind != NODE_SCALAR) {
        expected(reading, node, "a single value");
        return NULL;
    }
    if (field->kind == FIELD_PATH) {
        AUTO_FREE char *path = reading_resolve_path(reading, node->text);

        free(node->text);
        node->text = STEAL_PTR(path);
    }
    return STEAL_PTR(owner);
}

/* "KEY=VALUE" of a list into a mapping. */
static void add_pair(struct reading *reading, const struct field *field, struct node *map,
                     const struct node *item)
{
    const char *mark = strchr(item->text, '=');
    AUTO_FREE char *key = NULL;
    size_t length = 0;

    if (!mark && field->joint)
        mark = strchr(item->text, ':');
    length = mark ? (size_t)(mark - item->text) : strlen(item->text);
    key = alloc_text_part(item->text, length);
    if (length == 0 || key[length - 1] == ' ') {
        reading_error(reading, item, "'%s' has no name, or a blank, before the '='", item->text);
        return;
    }
    node_set(map, key, &item->place,
             mark ? node_new_scalar(&item->place, mark + 1) : node_new(NODE_NULL, &item->place));
    node_find(map, key)->interpolated = item->interpolated;
}

static struct node *rewrite_map(struct reading *reading, const struct field *field,
                                struct node *node)
{
    AUTO(node) struct node *owner = node;
    AUTO(node) struct node *map = NULL;

    if (node->kind == NODE_LIST) {
        map = node_new(NODE_MAP, &node->place);
    } else if (node->kind != NODE_MAP) {
        expected(reading, node, "a mapping, or a list of KEY=VALUE,");
        return NULL;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = node->children[i].value;
        size_t mark = node->kind == NODE_MAP ? reading_enter(reading, node->children[i].key)
                                             : reading_enter_item(reading, i);

        if (item->kind == NODE_LIST || item->kind == NODE_MAP)
            expected(reading, item, "a single value");
        else if (map && item->kind == NODE_NULL)
            expected(reading, item, "KEY=VALUE");
        else if (map)
            add_pair(reading, field, map, item);
        reading_leave(reading, mark);
    }
    return map ? STEAL_PTR(map) : STEAL_PTR(owner);
}

/* "key<joint>value" for each pair of a mapping, where a list is the long form. */
static struct node *join_pairs(const struct field *field, const struct node *map)
{
    struct node *list = node_new(NODE_LIST, &map->place);

    for (size_t i = 0; i < map->count; i++) {
        const struct node *value = map->children[i].value;
        size_t count = value->kind == NODE_LIST ? value->count : 1;

        for (size_t n = 0; n < count; n++) {
            const struct node *one = value->kind == NODE_LIST ? value->children[n].value : value;
            AUTO_FREE char *text = alloc_format("%s%c%s", map->children[i].key, field->joint,
                                                one->text ? one->text : "");

            node_append(list, node_new_scalar(&one->place, text));
        }
    }
    return list;
}

static struct node *rewrite_list(struct reading *reading, const struct field *field,
                                 struct node *node)
{
    AUTO(node) struct node *owner = node;
    AUTO(node) struct node *list = NULL;

    if (node->kind == NODE_MAP && field->joint) {
        list = join_pairs(field, node);
    } else if (node->kind == NODE_SCALAR) {
        list = node_new(NODE_LIST, &node->place);
        if (*node->text || !node->interpolated)
            node_append(list, STEAL_PTR(owner));
    } else if (node->kind != NODE_LIST) {
        expected(reading, node, "a list");
        return NULL;
    }
    if (list)
        return STEAL_PTR(list);
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = reading_enter_item(reading, i);

        if (node->children[i].value->kind != NODE_SCALAR)
            expected(reading, node->children[i].value, "a single value");
        reading_leave(reading, mark);
    }
    return STEAL_PTR(owner);
}

static struct node *rewrite_command(struct reading *reading, const struct field *field,
                                    struct node *node)
{
    AUTO(node) struct node *owner = node;
    AUTO(node) struct node *list = NULL;
    AUTO_STRINGS struct strings words = { 0 };
    struct error err = { 0 };

    if (node->kind != NODE_SCALAR)
        return rewrite_list(reading, field, STEAL_PTR(owner));
    if (parse_words(node->text, &words, &err) < 0) {
        reading_error(reading, node, "%s", err.text);
        return NULL;
    }
    list = node_new(NODE_LIST, &node->place);
    for (size_t i = 0; i < words.count; i++)
        node_append(list, node_new_scalar(&node->place, words.items[i]));
    return STEAL_PTR(list);
}

/* A string is a command for the shell. */
static struct node *rewrite_test(struct reading *reading, const struct field *field,
                                 struct node *node)
{
    struct node *list = NULL;

    if (node->kind != NODE_SCALAR)
        return rewrite_list(reading, field, node);
    list = node_new(NODE_LIST, &node->place);
    node_append(list, node_new_scalar(&node->place, "CMD-SHELL"));
    node_append(list, node);
    return list;
}

static struct node *rewrite_object(struct reading *reading, const struct field *field,
                                   struct node *node)
{
    AUTO(node) struct node *map = node;

    if (node->kind != NODE_MAP && field->expand) {
        struct node *expanded = field->expand(reading, node);

        node_free(map);
        map = expanded;
        if (!map)
            return NULL;
    }
    if (map->kind != NODE_MAP) {
        expected(reading, map, "a mapping");
        return NULL;
    }
    canonical_object(reading, field->object, map);
    return STEAL_PTR(map);
}

/* The items of a list, each of which may become several. */
static struct node *rewrite_objects(struct reading *reading, const struct field *field,
                                    struct node *node)
{
    AUTO(node) struct node *owner __attribute__((unused)) = node;
    AUTO(node) struct node *list = node_new(NODE_LIST, &node->place);
    size_t count = node->kind == NODE_LIST ? node->count : 1;

    if (node->kind != NODE_LIST && (node->kind != NODE_SCALAR || !field->expand_items)) {
        expected(reading, node, "a list");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *item = node->kind == NODE_LIST ? node->children[i].value : node;
        size_t mark = reading_enter_item(reading, i);

        if (item->kind == NODE_SCALAR && field->expand_items)
            field->expand_items(reading, item, list);
        else if (item->kind == NODE_MAP)
            node_append(list, node_copy(item));
        else
            expected(reading, item, "a mapping");
        reading_leave(reading, mark);
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t mark = reading_enter_item(reading, i);

        canonical_object(reading, field->object, list->children[i].value);
        reading_leave(reading, mark);
    }
    return STEAL_PTR(list);
}

/* A list of names as a mapping of objects with nothing in them. */
static struct node *name_items(struct reading *reading, const struct node *list)
{
    struct node *map = node_new(NODE_MAP, &list->place);

    for (size_t i = 0; i < list->count; i++) {
        const struct node *item = list->children[i].value;

        if (item->kind == NODE_SCALAR)
            node_set(map, item->text, &item->place, node_new(NODE_MAP, &item->place));
        else
            expected(reading, item, "a name");
    }
    return map;
}

static struct node *rewrite_named(struct reading *reading, const struct field *field,
                                  struct node *node)
{
    AUTO(node) struct node *map = node;

    if (node->kind == NODE_LIST) {
        map = name_items(reading, node);
        node_free(node);
    }
    if (map->kind != NODE_MAP) {
        expected(reading, map, "a mapping");
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        struct node_child *child = &map->children[i];
        size_t mark = reading_enter(reading, child->key);

        if (child->value->kind == NODE_NULL && child->value->tag == NODE_PLAIN)
            child->value->kind = NODE_MAP;
        if (child->value->tag != NODE_RESET)
            child->value = rewrite_object(reading, field, child->value);
        reading_leave(reading, mark);
        if (!child->value)
            node_remove_at(map, i--);
    }
    return STEAL_PTR(map);
}

static canonical_fn *const rewriters[FIELD_KIND_COUNT] = {
    [FIELD_LIST] = rewrite_list,       [FIELD_MAP] = rewrite_map,
    [FIELD_COMMAND] = rewrite_command, [FIELD_TEST] = rewrite_test,
    [FIELD_OBJECT] = rewrite_object,   [FIELD_ONLY] = rewrite_objects,
    [FIELD_OBJECTS] = rewrite_objects, [FIELD_NAMED] = rewrite_named,
};

static struct node *rewrite(struct reading *reading, const struct field *field, struct node *node)
{
    canonical_fn *rewriter = rewriters[field->kind] ? rewriters[field->kind] : rewrite_scalar;
    enum node_tag tag = node->tag;
    struct node *result = NULL;

    if (tag == NODE_RESET)
        return node;
    if (node->kind == NODE_NULL) {
        node_free(node);
        return NULL;
    }
    result = rewriter(reading, field, node);
    if (result)
        result->tag = tag;
    return result;
}

static void report_unknown(struct reading *reading, const struct object *object,
                           const struct node_child *child)
{
    const char *words[128] = { 0 };
    size_t count = 0;
    const char *near = NULL;
    struct node at = { .place = child->place };

    for (const struct field *f = object->fields; f->key && count + 1 < ARRAY_SIZE(words); f++)
        words[count++] = f->key;
    near = text_nearest(child->key, words);
    if (reading->loose)
        reading_warn(reading, &at, "%s has no such key; it is ignored", object->name);
    else if (near)
        reading_error(reading, &at, "%s has no such key; did you mean '%s'?", object->name, near);
    else
        reading_error(reading, &at, "%s has no such key; remove it, or write x-%s to keep it",
                      object->name, child->key);
}

/* Whether two spellings of one setting say the same. */
static bool says_the_same(const struct node *a, const struct node *b)
{
    return a->kind == NODE_SCALAR && b->kind == NODE_SCALAR && strcmp(a->text, b->text) == 0;
}

/* Put `value` under the path `moves_to` of `map`, making the mappings on the way. */
static void move(struct reading *reading, const struct field *field, struct node *map,
                 struct node *value)
{
    AUTO(node) struct node *owner = value;
    AUTO_FREE char *path = alloc_text(field->moves_to);
    struct node *target = map;
    char *key = path;

    for (char *dot = strchr(key, '.'); dot; key = dot + 1, dot = strchr(key, '.')) {
        struct node *next = NULL;

        *dot = '\0';
        next = node_find(target, key);
        if (!next || next->kind == NODE_NULL) {
            next = node_new(NODE_MAP, &value->place);
            node_set(target, key, &value->place, next);
        }
        if (next->kind != NODE_MAP)
            return; /* reported when that key is read */
        target = next;
    }
    free(value->path);
    value->path = alloc_text(text_get(&reading->path));
    if (!node_find(target, key))
        node_set(target, key, &value->place, STEAL_PTR(owner));
    else if (!field->gives_way && !says_the_same(node_find(target, key), value))
        reading_error(reading, value, "'%s' and '%s' differ; keep one of them", field->key,
                      field->moves_to);
}

/* Another spelling of a list: its items are expanded and appended to the other's. */
static void move_items(struct reading *reading, const struct field *field, struct node *map,
                       const struct node *value)
{
    struct node *list = node_find(map, field->moves_to);
    size_t count = value->kind == NODE_LIST ? value->count : 1;

    if (!list || list->kind == NODE_NULL) {
        list = node_new(NODE_LIST, &value->place);
        node_set(map, field->moves_to, &value->place, list);
    }
    if (list->kind != NODE_LIST)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *item = value->kind == NODE_LIST ? value->children[i].value : value;

        if (item->kind == NODE_SCALAR)
            field->expand_items(reading, item, list);
        else
            expected(reading, item, "a single value");
    }
}

/* Keys with another name, before anything else is looked at. */
static void move_keys(struct reading *reading, const struct object *object, struct node *map)
{
    for (const struct field *field = object->fields; field->key; field++) {
        AUTO(node) struct node *value = NULL;
        size_t mark = 0;

        if (field->kind != FIELD_MOVED)
            continue;
        value = node_take(map, field->key);
        if (!value || value->kind == NODE_NULL)
            continue;
        mark = reading_enter(reading, field->key);
        if (field->expand_items)
            move_items(reading, field, map, value);
        else
            move(reading, field, map, STEAL_PTR(value));
        reading_leave(reading, mark);
    }
}

/* Bring one key into its long form; false: it is to be removed. */
static bool rewrite_child(struct reading *reading, const struct object *object, struct node *map,
                          struct node_child *child)
{
    const struct field *field = field_find(object, child->key);

    if (!field) {
        if (!text_starts_with(child->key, "x-"))
            report_unknown(reading, object, child);
        return false;
    }
    if (field->kind == FIELD_LATER) {
        struct node at = { .place = child->place };

        reading_warn(reading, &at, "this key is known, but has no effect yet");
    }
    if (field->kind == FIELD_LATER || field->kind == FIELD_QUIET)
        return false;
    if (strcmp(field->key, child->key) != 0) {
        if (node_find(map, field->key))
            reading_error(reading, child->value, "'%s' stands here as well; keep one of them",
                          field->key);
        free(child->key);
        child->key = alloc_text(field->key);
    }
    child->value = rewrite(reading, field, child->value);
    return child->value != NULL;
}

void canonical_object(struct reading *reading, const struct object *object, struct node *map)
{
    if (object->prepare)
        object->prepare(reading, map);
    move_keys(reading, object, map);
    for (size_t i = 0; i < map->count;) {
        size_t mark = reading_enter(reading, map->children[i].key);
        bool keep = rewrite_child(reading, object, map, &map->children[i]);

        reading_leave(reading, mark);
        if (keep)
            i++;
        else
            node_remove_at(map, i);
    }
}
