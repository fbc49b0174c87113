/* SPDX-License-Identifier: MIT */

/*
 * Labels on the command line
 */

#include "cli/label_filter.h"

#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

void label_filter_read_labels(const struct strings *words, struct strings_map *out)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        size_t length = strcspn(word, "=");
        AUTO_FREE char *key = alloc_text_part(word, length);

        strings_map_set(out, key, word[length] ? word + length + 1 : "");
    }
}

static int parse_dangling(const char *value, struct label_filter *out, struct error *err)
{
    out->has_dangling = true;
    out->dangling = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    if (!out->dangling && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        return error_set(err, ERROR_INVALID, "filter 'dangling=%s': write true or false", value);
    return 0;
}

int label_filter_parse(const struct strings *words, struct label_filter *out, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];

        if (text_starts_with(word, "name="))
            strings_add(&out->names, word + strlen("name="));
        else if (text_starts_with(word, "label="))
            strings_add(&out->labels, word + strlen("label="));
        else if (!text_starts_with(word, "dangling="))
            return error_set(err, ERROR_INVALID,
                             "filter '%s' is not understood; write name=PART, label=KEY=VALUE or "
                             "dangling=true",
                             word);
        else if (parse_dangling(word + strlen("dangling="), out, err) < 0)
            return -1;
    }
    return 0;
}

void label_filter_done(struct label_filter *filter)
{
    strings_done(&filter->names);
    strings_done(&filter->labels);
}

static bool has_label(const struct strings_map *labels, const char *wanted)
{
    size_t length = strcspn(wanted, "=");
    AUTO_FREE char *key = alloc_text_part(wanted, length);
    const struct strings_pair *pair = strings_map_find(labels, key);

    return pair && (!wanted[length] || text_equal(pair->value, wanted + length + 1));
}

bool label_filter_matches(const struct label_filter *filter, const char *name,
                          const struct strings_map *labels, bool is_used)
{
    bool is_named = filter->names.count == 0;

    for (size_t i = 0; i < filter->names.count; i++)
        is_named = is_named || strstr(name, filter->names.items[i]);
    for (size_t i = 0; i < filter->labels.count; i++)
        if (!has_label(labels, filter->labels.items[i]))
            return false;
    return is_named && (!filter->has_dangling || filter->dangling != is_used);
}
