/* SPDX-License-Identifier: MIT */

/*
 * YAML text becomes a tree
 */

#include "stack/yaml_reader.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "util/alloc.h"
#include "util/strings.h"

#define DEPTH_MAX 64
#define NODES_MAX 200000U    /* after aliases are put in */
#define TEXT_MAX (32U << 20) /* bytes of text, the same */
#define MAP_KEYS_MAX 10000U  /* of one mapping: keys are compared with each other */

struct anchor {
    char *name;
    struct node *node; /* a copy */
};

struct reader {
    yaml_parser_t parser;
    const char *file;
    struct diagnostics *diagnostics;
    struct anchor *anchors; /* of the present document */
    size_t anchor_count;
    size_t nodes, bytes;
    bool failed; /* a message was given after which nothing can be read */
};

static struct diagnostic_place place_of(const struct reader *reader, const yaml_mark_t *mark)
{
    return (struct diagnostic_place){
        .file = reader->file,
        .line = mark->line + 1,
        .column = mark->column + 1,
    };
}

static void fail(struct reader *reader, const struct diagnostic_place *place, const char *text)
{
    if (!reader->failed)
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, place, NULL, "%s", text);
    reader->failed = true;
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    struct diagnostic_place place = { 0 };
    const char *problem = NULL;

    if (reader->failed)
        return false;
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    place = place_of(reader, &reader->parser.problem_mark);
    problem = reader->parser.problem ? reader->parser.problem : "it cannot be read";
    diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &place, NULL, "not YAML: %s%s%s", problem,
                   reader->parser.context ? " " : "",
                   reader->parser.context ? reader->parser.context : "");
    reader->failed = true;
    return false;
}

/* Count what a new node, or the copy of one, costs; false when that is too much. */
static bool charge(struct reader *reader, const struct node *node,
                   const struct diagnostic_place *place)
{
    node_weigh(node, &reader->nodes, &reader->bytes);
    if (reader->nodes <= NODES_MAX && reader->bytes <= TEXT_MAX)
        return true;
    fail(reader, place, "the file holds more than 200000 values after aliases are put in");
    return false;
}

static void forget_anchors(struct reader *reader)
{
    for (size_t i = 0; i < reader->anchor_count; i++) {
        free(reader->anchors[i].name);
        node_free(reader->anchors[i].node);
    }
    free(reader->anchors);
    reader->anchors = NULL;
    reader->anchor_count = 0;
}

static void remember_anchor(struct reader *reader, const char *name, const struct node *node)
{
    struct anchor *anchor = NULL;

    if (!name || !charge(reader, node, &node->place))
        return;
    anchor = ALLOC_APPEND(reader->anchors, reader->anchor_count);
    anchor->name = alloc_text(name);
    anchor->node = node_copy(node);
    anchor->node->tag = NODE_PLAIN;
}

static struct node *read_alias(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct diagnostic_place place = place_of(reader, &event->start_mark);

    /* The last one of a name counts. */
    for (size_t i = reader->anchor_count; i-- > 0;) {
        const struct anchor *anchor = &reader->anchors[i];

        if (strcmp(anchor->name, name) != 0)
            continue;
        return charge(reader, anchor->node, &place) ? node_copy(anchor->node) : NULL;
    }
    diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &place, NULL,
                   "no anchor '&%s' stands before this alias", name);
    return node_new(NODE_NULL, &place);
}

static void apply_tag(struct reader *reader, struct node *node, const char *tag)
{
    static const char *const harmless[] = { "!",
                                            "tag:yaml.org,2002:str",
                                            "tag:yaml.org,2002:int",
                                            "tag:yaml.org,2002:float",
                                            "tag:yaml.org,2002:bool",
                                            "tag:yaml.org,2002:null",
                                            "tag:yaml.org,2002:seq",
                                            "tag:yaml.org,2002:map" };

    if (!tag)
        return;
    if (strcmp(tag, "!reset") == 0)
        node->tag = NODE_RESET;
    else if (strcmp(tag, "!override") == 0)
        node->tag = NODE_OVERRIDE;
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        if (strcmp(tag, harmless[i]) == 0)
            return;
    }
    if (node->tag == NODE_PLAIN)
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &node->place, NULL,
                       "the tag '%s' is not known; !reset and !override are", tag);
}

static bool is_null(const char *text)
{
    static const char *const spellings[] = { "", "~", "null", "Null", "NULL" };

    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
        if (strcmp(text, spellings[i]) == 0)
            return true;
    }
    return false;
}

static struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    struct diagnostic_place place = place_of(reader, &event->start_mark);
    const char *tag = (const char *)event->data.scalar.tag;
    struct node *node = NULL;

    if (strlen(text) != event->data.scalar.length) {
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &place, NULL,
                       "a value cannot hold a NUL byte");
    }
    if (!quoted && is_null(text) && !(tag && text_ends_with(tag, ":str"))) {
        node = node_new(NODE_NULL, &place);
    } else {
        node = node_new_scalar(&place, text);
        node->quoted = quoted;
    }
    apply_tag(reader, node, tag);
    return node;
}

static struct node *read_node(struct reader *reader, yaml_event_t *event, size_t depth);

static struct node *read_list(struct reader *reader, const yaml_event_t *start, size_t depth)
{
    struct diagnostic_place place = place_of(reader, &start->start_mark);
    struct node *list = node_new(NODE_LIST, &place);
    yaml_event_t event;

    apply_tag(reader, list, (const char *)start->data.sequence_start.tag);
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct node *item = end ? NULL : read_node(reader, &event, depth + 1);

        yaml_event_delete(&event);
        if (end)
            break;
        if (item)
            node_append(list, item);
    }
    return list;
}

/* Put the keys of `merged`, a mapping or a list of them, into `map` where they are missing. */
static void merge_into(struct reader *reader, struct node *map, const struct node *merged)
{
    if (merged->kind == NODE_LIST) {
        for (size_t i = 0; i < merged->count && !reader->failed; i++) {
            const struct node *item = merged->children[i].value;

            if (item->kind == NODE_MAP)
                merge_into(reader, map, item);
            else
                diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &item->place, NULL,
                               "'<<' takes a mapping or a list of mappings, not %s",
                               node_describe(item));
        }
        return;
    }
    if (merged->kind != NODE_MAP) {
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &merged->place, NULL,
                       "'<<' takes a mapping or a list of mappings, not %s", node_describe(merged));
        return;
    }
    for (size_t i = 0; i < merged->count; i++) {
        const struct node_child *child = &merged->children[i];

        if (node_find_child(map, child->key) || !charge(reader, child->value, &child->place))
            continue;
        node_set(map, child->key, &child->place, node_copy(child->value));
    }
}

/* Store one pair, unless its key stands in the mapping already. */
static void add_pair(struct reader *reader, struct node *map, const struct node *key,
                     struct node *value)
{
    const struct node_child *twin = node_find_child(map, key->text ? key->text : "");

    if (twin)
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &key->place, key->text,
                       "the key stands here and in line %zu; keep one", twin->place.line);
    if (map->count >= MAP_KEYS_MAX)
        fail(reader, &key->place, "a mapping has more than 10000 keys");
    if (twin || reader->failed)
        node_free(value);
    else
        node_set(map, key->text ? key->text : "", &key->place, value);
}

/* Read one pair whose key has begun with `event`. */
static void read_pair(struct reader *reader, struct node *map, struct node *merges,
                      yaml_event_t *event, size_t depth)
{
    bool plain =
        event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    AUTO(node) struct node *key = read_node(reader, event, depth + 1);
    struct node *value = NULL;
    yaml_event_t next;

    if (!key || !next_event(reader, &next))
        return;
    value = read_node(reader, &next, depth + 1);
    yaml_event_delete(&next);
    if (!value)
        return;
    if (key->kind == NODE_LIST || key->kind == NODE_MAP) {
        diagnostic_add(reader->diagnostics, DIAGNOSTIC_ERROR, &key->place, NULL,
                       "a key must be a word, not %s", node_describe(key));
        node_free(value);
    } else if (plain && text_equal(key->text, "<<")) {
        node_append(merges, value);
    } else {
        add_pair(reader, map, key, value);
    }
}

static struct node *read_map(struct reader *reader, const yaml_event_t *start, size_t depth)
{
    struct diagnostic_place place = place_of(reader, &start->start_mark);
    struct node *map = node_new(NODE_MAP, &place);
    AUTO(node) struct node *merges = node_new(NODE_LIST, &place);
    yaml_event_t event;

    apply_tag(reader, map, (const char *)start->data.mapping_start.tag);
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_MAPPING_END_EVENT;

        if (!end)
            read_pair(reader, map, merges, &event, depth);
        yaml_event_delete(&event);
        if (end)
            break;
    }
    for (size_t i = 0; i < merges->count && !reader->failed; i++)
        merge_into(reader, map, merges->children[i].value);
    return map;
}

/* The node that begins with `event`; NULL only when reading cannot go on. */
static struct node *read_node(struct reader *reader, yaml_event_t *event, size_t depth)
{
    struct diagnostic_place place = place_of(reader, &event->start_mark);
    struct node *node = NULL;
    const char *anchor = NULL;

    if (depth > DEPTH_MAX) {
        fail(reader, &place, "the file is nested deeper than 64 levels");
        return NULL;
    }
    if (++reader->nodes > NODES_MAX) {
        fail(reader, &place, "the file holds more than 200000 values");
        return NULL;
    }
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event);
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = (const char *)event->data.scalar.anchor;
        node = read_scalar(reader, event);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = (const char *)event->data.sequence_start.anchor;
        node = read_list(reader, event, depth);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = (const char *)event->data.mapping_start.anchor;
        node = read_map(reader, event, depth);
    } else {
        fail(reader, &place, "not YAML: a value is missing here");
        return NULL;
    }
    remember_anchor(reader, anchor, node);
    return node;
}

static void read_stream(struct reader *reader, struct node *documents)
{
    yaml_event_t event;

    while (next_event(reader, &event)) {
        yaml_event_type_t type = event.type;
        struct node *node = NULL;

        if (type == YAML_DOCUMENT_END_EVENT)
            forget_anchors(reader);
        else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                 type != YAML_DOCUMENT_START_EVENT)
            node = read_node(reader, &event, 0);
        yaml_event_delete(&event);
        if (node && node->kind != NODE_NULL)
            node_append(documents, node);
        else
            node_free(node);
        if (type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT)
            break;
    }
}

struct node *yaml_reader_read(const char *file, const char *text, size_t length,
                              struct diagnostics *diagnostics)
{
    struct reader reader = { .file = file, .diagnostics = diagnostics };
    struct diagnostic_place top = { .file = file, .line = 1, .column = 1 };
    size_t errors = diagnostics->error_count;
    AUTO(node) struct node *documents = node_new(NODE_LIST, &top);

    if (length > YAML_READER_BYTES_MAX) {
        fail(&reader, &top, "the file is larger than 4 MiB");
        return NULL;
    }
    if (!yaml_parser_initialize(&reader.parser)) {
        fail(&reader, &top, "no memory to read the file");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    read_stream(&reader, documents);
    forget_anchors(&reader);
    yaml_parser_delete(&reader.parser);
    return diagnostics->error_count > errors ? NULL : STEAL_PTR(documents);
}
