/* SPDX-License-Identifier: MIT */

/*
 * Images and their histories as rows of a listing
 */

#include "cli/image_row.h"

#include <inttypes.h>
#include <string.h>

#include "cli/output.h"
#include "cli/replica_row.h"
#include "image/describe.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/parse.h"

#define SHORT_ID 12
#define SHORT_COMMAND 45
#define NONE "<none>"

const struct listing_column image_row_columns[] = {
    { "Repository", "REPOSITORY" },
    { "Tag", "TAG" },
    { "Digest", "DIGEST" },
    { "ID", "IMAGE ID" },
    { "CreatedSince", "CREATED" },
    { "CreatedAt", "CREATED AT" },
    { "Size", "SIZE" },
    { "VirtualSize", "SIZE" },
    { NULL, NULL },
};

const struct listing_column image_row_history_columns[] = {
    { "ID", "IMAGE" },
    { "CreatedSince", "CREATED" },
    { "CreatedAt", "CREATED AT" },
    { "CreatedBy", "CREATED BY" },
    { "Size", "SIZE" },
    { "Comment", "COMMENT" },
    { NULL, NULL },
};

void image_row_add_id(const char *id, bool no_trunc, struct text *out)
{
    const char *colon = strchr(id, ':');

    if (no_trunc || !colon)
        text_add(out, id);
    else
        text_add_format(out, "%.*s", SHORT_ID, colon + 1);
}

static void set_id(struct json *row, const char *id, bool no_trunc)
{
    AUTO_TEXT struct text text = { 0 };

    image_row_add_id(id, no_trunc, &text);
    json_set_text(row, "ID", text_get(&text));
}

/* "3 hours ago"; a time at the beginning of 1970 is that of a reproducible build. */
static void set_times(struct json *row, const char *created, const struct image_row_style *style)
{
    AUTO_TEXT struct text since = { 0 };
    int64_t wall_ms = 0;

    if (!created || !clock_parse_wall(created, &wall_ms)) {
        text_add(&since, "unknown");
    } else if (style->exact) {
        text_add(&since, created);
    } else if (wall_ms < DAY_MS) {
        text_add(&since, "n/a");
    } else {
        replica_row_age(MAX(style->wall_ms - wall_ms, INT64_C(0)), &since);
        text_add(&since, " ago");
    }
    json_set_text(row, "CreatedSince", text_get(&since));
    json_set_text(row, "CreatedAt", created ? created : "");
}

static void set_size(struct json *row, const char *key, uint64_t size_bytes,
                     const struct image_row_style *style)
{
    AUTO_FREE char *exact = alloc_format("%" PRIu64, size_bytes);
    char size[32];

    parse_format_bytes(size_bytes, size);
    json_set_text(row, key, style->exact ? exact : size);
}

struct json *image_row_new(const struct image *image, const char *name, uint64_t size_bytes,
                           const struct image_row_style *style)
{
    struct json *row = json_new_object();
    AUTO_FREE char *repository = NULL;
    AUTO_FREE char *tag = NULL;

    if (name)
        describe_split_name(name, &repository, &tag);
    json_set_text(row, "Repository", repository ? repository : NONE);
    json_set_text(row, "Tag", tag ? tag : NONE);
    json_set_text(row, "Digest", image->digest);
    set_id(row, image->id, style->no_trunc);
    set_times(row, image->created, style);
    set_size(row, "Size", size_bytes, style);
    set_size(row, "VirtualSize", size_bytes, style);
    return row;
}

static void set_command(struct json *row, const char *command, bool no_trunc)
{
    AUTO_TEXT struct text text = { 0 };
    size_t length = output_fit(command, SHORT_COMMAND - 1);

    text_add_bytes(&text, command, no_trunc ? strlen(command) : length);
    if (!no_trunc && command[length])
        text_add(&text, "…");
    /* A cell is one line. */
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\n' || text.data[i] == '\t')
            text.data[i] = ' ';
    }
    json_set_text(row, "CreatedBy", text_get(&text));
}

struct json *image_row_new_step(const struct json *step, const struct image_row_style *style)
{
    struct json *row = json_new_object();

    set_id(row, json_find_text(step, "Id", ""), style->no_trunc);
    set_times(row, json_find_text(step, "Created", NULL), style);
    set_command(row, json_find_text(step, "CreatedBy", ""), style->no_trunc);
    set_size(row, "Size", (uint64_t)json_find_int(step, "Size", 0), style);
    json_set_text(row, "Comment", json_find_text(step, "Comment", ""));
    return row;
}
