/* SPDX-License-Identifier: MIT */

/*
 * Lists of strings, and ordered lists of key and value
 *
 * Both own their strings and are kept ended by NULL, so that `items` can serve as an argv.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strings {
    char **items; /* ended by NULL; NULL while nothing was added */
    size_t count;
};

void strings_done(struct strings *strings);
void strings_add(struct strings *strings, const char *string);     /* copies */
void strings_take(struct strings *strings, char *string);          /* owns from now on */
void strings_copy(struct strings *to, const struct strings *from); /* `to` is replaced */
bool strings_has(const struct strings *strings, const char *string);
void strings_sort(struct strings *strings); /* by bytes */

/* In an environment ("KEY=value" items): the value of `key`, or NULL. */
const char *strings_find_env(const struct strings *env, const char *key);
/* Set `key` to `value`, replacing an item of the same key. */
void strings_set_env(struct strings *env, const char *key, const char *value);

#define AUTO_STRINGS __attribute__((cleanup(strings_done)))

struct strings_pair {
    char *key;
    char *value; /* may be NULL: a key without a value */
};

struct strings_map {
    struct strings_pair *pairs;
    size_t count;
};

void strings_map_done(struct strings_map *map);
void strings_map_set(struct strings_map *map, const char *key, const char *value); /* copies */
/* A further pair, also when the key is there; strings_map_find() gives the first. */
void strings_map_add(struct strings_map *map, const char *key, const char *value); /* copies */
void strings_map_copy(struct strings_map *to, const struct strings_map *from);
const struct strings_pair *strings_map_find(const struct strings_map *map, const char *key);
