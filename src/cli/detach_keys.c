/* SPDX-License-Identifier: MIT */

/*
 * The keys that leave a container to itself
 */

#include "cli/detach_keys.h"

#include <string.h>

#include "util/error.h"

static bool parse_key(const char *word, size_t length, char *out)
{
    static const char prefix[] = "ctrl-";
    size_t prefix_length = strlen(prefix);
    char key = word[length - 1];

    *out = key;
    if (length == 1)
        return true;
    if (length != prefix_length + 1 || strncmp(word, prefix, prefix_length) != 0)
        return false;
    if (key >= 'a' && key <= 'z')
        *out = (char)(key - 'a' + 1);
    else if (key == '@' || (key >= '[' && key <= '_'))
        *out = (char)(key - '@');
    else
        return false;
    return true;
}

int detach_keys_parse(const char *text, struct detach_keys *out, struct error *err)
{
    const char *at = text;

    *out = (struct detach_keys){ 0 };
    while (*at) {
        size_t length = strcspn(at, ",");

        if (length == 0 || out->count == DETACH_KEYS_MAX ||
            !parse_key(at, length, &out->keys[out->count++]))
            return error_set(err, ERROR_INVALID,
                             "detach keys '%.80s': give at most %d characters or ctrl-CHARACTER "
                             "with a comma between, as in " DETACH_KEYS_DEFAULT,
                             text, DETACH_KEYS_MAX);
        at += length + (at[length] == ',');
    }
    return 0;
}

/* After a wrong key: how many of the last ones typed are the beginning of the row again? */
static size_t match_again(const struct detach_keys *keys, char key)
{
    for (size_t length = keys->matched; length > 0; length--) {
        size_t dropped = keys->matched - length + 1;

        if (keys->keys[length - 1] == key &&
            memcmp(keys->keys, keys->keys + dropped, length - 1) == 0)
            return length;
    }
    return 0;
}

bool detach_keys_filter(struct detach_keys *keys, const char *typed, size_t length,
                        struct text *out)
{
    for (size_t i = 0; i < length; i++) {
        size_t again;

        if (keys->count > 0 && typed[i] == keys->keys[keys->matched]) {
            if (++keys->matched == keys->count)
                return true;
            continue;
        }
        again = match_again(keys, typed[i]);
        text_add_bytes(out, keys->keys, keys->matched + (again == 0 ? 0 : 1) - again);
        if (again == 0)
            text_add_char(out, typed[i]);
        keys->matched = again;
    }
    return false;
}
