/* SPDX-License-Identifier: MIT */

/*
 * What a YAML file says, with the place of every word
 *
 * A tree of scalars, lists and mappings that keep their order. A scalar keeps its text as it
 * stands in the file, so that `1.10`, `0755` and `yes` reach an environment unchanged; what
 * the text means is decided by the row of the table that reads it. The file names in the
 * places are borrowed from struct diagnostics.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/macro.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

enum node_tag { NODE_PLAIN, NODE_RESET, NODE_OVERRIDE };

struct node_child {
    char *key; /* NULL in a list */
    struct diagnostic_place place;
    struct node *value;
};

struct node {
    enum node_kind kind;
    enum node_tag tag;
    bool interpolated; /* a variable was put in */
    bool quoted;
    struct diagnostic_place place;
    char *path; /* where it stood before it was moved, or NULL */
    char *text; /* of a scalar */
    struct node_child *children;
    size_t count;
};

struct node *node_new(enum node_kind kind, const struct diagnostic_place *place) MUST_CHECK;
struct node *node_new_scalar(const struct diagnostic_place *place, const char *text) MUST_CHECK;
struct node *node_copy(const struct node *node) MUST_CHECK;
void node_free(struct node *node);
DEFINE_CLEANUP(node)

/* Append to a list; `value` belongs to it from then on. */
void node_append(struct node *list, struct node *value);

/* Set `key` of a mapping, replacing what stood there; `value` belongs to it from then on. */
void node_set(struct node *map, const char *key, const struct diagnostic_place *place,
              struct node *value);

/* Set `key` to a scalar at the place of the mapping, for expanded short forms. */
void node_set_text(struct node *map, const char *key, const char *text);

struct node_child *node_find_child(const struct node *map, const char *key);
struct node *node_find(const struct node *map, const char *key);     /* NULL also for no mapping */
const char *node_find_text(const struct node *map, const char *key); /* of a scalar, or NULL */

/* Remove `key` of a mapping and give its value to the caller, or NULL. */
struct node *node_take(struct node *map, const char *key) MUST_CHECK;
void node_remove_at(struct node *node, size_t index);

/* How many nodes, and how many bytes of text, a tree holds. */
void node_weigh(const struct node *node, size_t *nodes, size_t *bytes);

/* "a mapping", for messages. */
const char *node_describe(const struct node *node);
