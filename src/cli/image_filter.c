/* SPDX-License-Identifier: MIT */

/*
 * Which images a command is about
 */

#include "cli/image_filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "image/describe.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

void image_filter_done(struct image_filter *filter)
{
    strings_done(&filter->references);
    strings_done(&filter->labels);
    strings_done(&filter->not_labels);
}

/* What the value of a word needs to be understood. */
struct parsing {
    struct image_filter *filter;
    struct store *store;
    int64_t wall_ms;
};

static int set_dangling(const struct parsing *parsing, const char *value, struct error *err)
{
    parsing->filter->has_dangling = true;
    if (strcmp(value, "1") == 0 || strcmp(value, "0") == 0) {
        parsing->filter->dangling = *value == '1';
        return 0;
    }
    return parse_bool(value, false, &parsing->filter->dangling, err);
}

static int add_reference(const struct parsing *parsing, const char *value, struct error *err)
{
    (void)err;
    strings_add(&parsing->filter->references, value);
    return 0;
}

static int add_label(const struct parsing *parsing, const char *value, struct error *err)
{
    (void)err;
    strings_add(&parsing->filter->labels, value);
    return 0;
}

static int add_not_label(const struct parsing *parsing, const char *value, struct error *err)
{
    (void)err;
    strings_add(&parsing->filter->not_labels, value);
    return 0;
}

static int64_t created_ms(const struct image *image)
{
    int64_t ms = 0;

    return image->created && clock_parse_wall(image->created, &ms) ? ms : 0;
}

static int find_created(const struct parsing *parsing, const char *value, int64_t *out,
                        struct error *err)
{
    AUTO(image) struct image *image = NULL;

    if (store_find_image(parsing->store, value, &image, err) < 0)
        return -1;
    if (!image)
        return error_set(err, ERROR_NOT_FOUND, "no such image: '%s'", value);
    *out = created_ms(image);
    return 0;
}

static int set_before(const struct parsing *parsing, const char *value, struct error *err)
{
    return find_created(parsing, value, &parsing->filter->before_ms, err);
}

static int set_since(const struct parsing *parsing, const char *value, struct error *err)
{
    return find_created(parsing, value, &parsing->filter->since_ms, err);
}

/* A time, or how long ago it was. */
static int set_until(const struct parsing *parsing, const char *value, struct error *err)
{
    struct error no_duration = { 0 };
    int64_t ms = 0;

    if (clock_parse_wall(value, &parsing->filter->before_ms))
        return 0;
    if (parse_duration_ms(value, &ms, &no_duration) < 0)
        return error_set(err, ERROR_INVALID,
                         "'%s' is neither a time nor a duration: write "
                         "2026-01-31T12:00:00 or 24h",
                         value);
    parsing->filter->before_ms = parsing->wall_ms - ms;
    return 0;
}

static const struct {
    const char *key;
    int (*set)(const struct parsing *parsing, const char *value, struct error *err);
} keys[] = {
    { "dangling=", set_dangling }, { "reference=", add_reference }, { "label=", add_label },
    { "label!=", add_not_label },  { "before=", set_before },       { "since=", set_since },
    { "until=", set_until },
};

static int parse_word(const struct parsing *parsing, const char *word, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!text_starts_with(word, keys[i].key))
            continue;
        if (keys[i].set(parsing, word + strlen(keys[i].key), err) < 0)
            return error_wrap(err, "--filter %s", word);
        return 0;
    }
    return error_set(err, ERROR_INVALID,
                     "--filter %s is not known: there are dangling=true, reference=PATTERN, "
                     "label=KEY=VALUE, before=IMAGE, since=IMAGE and until=TIME",
                     word);
}

int image_filter_parse(const struct strings *words, struct store *store, int64_t wall_ms,
                       struct image_filter *out, struct error *err)
{
    AUTO_IMAGE_FILTER struct image_filter filter = { 0 };
    const struct parsing parsing = { .filter = &filter, .store = store, .wall_ms = wall_ms };

    for (size_t i = 0; i < words->count; i++) {
        if (parse_word(&parsing, words->items[i], err) < 0)
            return -1;
    }
    *out = filter;
    filter = (struct image_filter){ 0 };
    return 0;
}

/* A pattern without a tag is about the repository. */
static bool matches_pattern(const char *pattern, const char *name)
{
    AUTO_FREE char *repository = NULL;
    AUTO_FREE char *tag = NULL;

    describe_split_name(name, &repository, &tag);
    return fnmatch(pattern, name, FNM_PATHNAME) == 0 ||
           fnmatch(pattern, repository, FNM_PATHNAME) == 0;
}

static bool matches_references(const struct strings *patterns, const char *name)
{
    for (size_t i = 0; name && i < patterns->count; i++) {
        if (matches_pattern(patterns->items[i], name))
            return true;
    }
    return patterns->count == 0;
}

static bool has_label(const struct image *image, const char *word)
{
    size_t length = strcspn(word, "=");
    AUTO_FREE char *key = alloc_text_part(word, length);
    const struct strings_pair *pair = strings_map_find(&image->config.labels, key);

    return pair && (!word[length] || text_equal(pair->value ? pair->value : "", word + length + 1));
}

bool image_filter_matches(const struct image_filter *filter, const struct image *image,
                          const char *name)
{
    if (filter->has_dangling && filter->dangling != (image->names.count == 0))
        return false;
    if (filter->before_ms && created_ms(image) >= filter->before_ms)
        return false;
    if (filter->since_ms && created_ms(image) <= filter->since_ms)
        return false;
    for (size_t i = 0; i < filter->labels.count; i++) {
        if (!has_label(image, filter->labels.items[i]))
            return false;
    }
    for (size_t i = 0; i < filter->not_labels.count; i++) {
        if (has_label(image, filter->not_labels.items[i]))
            return false;
    }
    return matches_references(&filter->references, name);
}
