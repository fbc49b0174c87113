/* SPDX-License-Identifier: MIT */

/*
 * Progress of a command, on stderr
 */

#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"

/* The narrowest terminal that is drawn for. */
#define COLUMNS_MIN 20

static const struct {
    const char *sign, *colour;
} state_marks[] = {
    [PROGRESS_WORKING] = { "⠿", "\033[34m" },
    [PROGRESS_DONE] = { "✔", "\033[32m" },
    [PROGRESS_FAILED] = { "✘", "\033[31m" },
};

static void write_out(const struct text *text)
{
    struct error ignored = { 0 };

    /* Progress that nobody can read must not fail the command. */
    if (file_write_all(STDERR_FILENO, text_get(text), text->length, &ignored) < 0)
        error_clear(&ignored);
}

void progress_init(struct progress *progress, const char *choice, const char *title)
{
    *progress = (struct progress){ .mode = PROGRESS_LINES, .title = title };
    if (strcmp(choice, "quiet") == 0)
        progress->mode = PROGRESS_QUIET;
    else if (strcmp(choice, "tty") == 0 ||
             (strcmp(choice, "auto") == 0 && output_has_colour(STDERR_FILENO)))
        progress->mode = PROGRESS_BLOCK;
}

void progress_done(struct progress *progress)
{
    progress_rest(progress);
    for (size_t i = 0; i < progress->count; i++) {
        free(progress->items[i].name);
        free(progress->items[i].status);
    }
    free(progress->items);
    progress->items = NULL;
    progress->count = 0;
}

static struct progress_item *find_item(struct progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->count; i++) {
        if (strcmp(progress->items[i].name, name) == 0)
            return &progress->items[i];
    }
    return NULL;
}

void progress_update(struct progress *progress, const char *name, enum progress_state state,
                     const char *status)
{
    AUTO_TEXT struct text line = { 0 };
    struct progress_item *item = find_item(progress, name);
    int64_t now_ms = clock_now_ms();

    if (item && item->state == state && strcmp(item->status, status) == 0)
        return;
    if (!item) {
        item = ALLOC_APPEND(progress->items, progress->count);
        *item = (struct progress_item){ .name = output_clean(name), .since_ms = now_ms };
    }
    free(item->status);
    item->status = output_clean(status);
    item->state = state;
    item->until_ms = state == PROGRESS_WORKING ? 0 : now_ms;
    if (progress->mode == PROGRESS_LINES) {
        progress_format_line(item, &line);
        write_out(&line);
    } else if (progress->mode == PROGRESS_BLOCK) {
        progress_tick(progress);
    }
}

void progress_tick(struct progress *progress)
{
    AUTO_TEXT struct text out = { 0 };
    size_t columns, lines;

    if (progress->mode != PROGRESS_BLOCK || progress->count == 0)
        return;
    output_terminal_size(STDERR_FILENO, &columns, &lines);
    if (progress->drawn_lines > 0)
        text_add_format(&out, "\033[%zuA\r\033[J", progress->drawn_lines);
    progress->drawn_lines = progress_format_block(progress, clock_now_ms(), columns, lines, &out);
    write_out(&out);
}

void progress_rest(struct progress *progress)
{
    progress_tick(progress);
    progress->drawn_lines = 0;
}

void progress_format_line(const struct progress_item *item, struct text *out)
{
    text_add_format(out, "%s  %s\n", item->name, item->status);
}

static void add_block_line(const struct progress *progress, const struct progress_item *item,
                           int64_t now_ms, size_t columns, struct text *out)
{
    AUTO_TEXT struct text line = { 0 };
    int64_t until_ms = item->until_ms ? item->until_ms : now_ms;
    char seconds[32];
    size_t name_width = 0, room;

    for (size_t i = 0; i < progress->count; i++)
        name_width = MAX(name_width, output_width(progress->items[i].name));
    text_add(&line, item->name);
    for (size_t w = output_width(item->name); w < name_width + 2; w++)
        text_add_char(&line, ' ');
    text_add(&line, item->status);
    snprintf(seconds, sizeof(seconds), " %.1fs", (double)(until_ms - item->since_ms) / 1000.0);
    /* The sign and its blanks take three columns; the last one of the terminal stays empty. */
    room = columns - 4 - strlen(seconds);
    text_add_format(out, " %s%s\033[0m ", state_marks[item->state].colour,
                    state_marks[item->state].sign);
    text_add_bytes(out, text_get(&line), output_fit(text_get(&line), room));
    for (size_t w = output_width(text_get(&line)); w < room; w++)
        text_add_char(out, ' ');
    text_add_format(out, "%s\n", seconds);
}

size_t progress_format_block(const struct progress *progress, int64_t now_ms, size_t columns,
                             size_t lines, struct text *out)
{
    size_t room = lines > 3 ? lines - 3 : 1;
    size_t finished = 0, to_skip, drawn = 1;

    columns = MAX(columns, (size_t)COLUMNS_MIN);
    for (size_t i = 0; i < progress->count; i++)
        finished += progress->items[i].state == PROGRESS_DONE;
    text_add_format(out, "[+] %s %zu/%zu\n", progress->title, finished, progress->count);
    /* What does not fit is what is done: the user looks for what is not. */
    to_skip = progress->count > room ? progress->count - room : 0;
    for (size_t i = 0; i < progress->count && drawn <= room; i++) {
        if (to_skip > 0 && progress->items[i].state == PROGRESS_DONE) {
            to_skip--;
            continue;
        }
        add_block_line(progress, &progress->items[i], now_ms, columns, out);
        drawn++;
    }
    if (drawn - 1 < progress->count) {
        text_add_format(out, "   and %zu more\n", progress->count - (drawn - 1));
        drawn++;
    }
    return drawn;
}
