/* SPDX-License-Identifier: MIT */

/*
 * Bytes on their way, in the progress of a command
 */

#include "cli/transfer.h"

#include <ctype.h>
#include <string.h>

#include "util/clock.h"
#include "util/parse.h"

#define REDRAW_MS 100
#define SHORT_DIGEST 12

void transfer_format_name(const char *what, struct text *out)
{
    const char *colon = strchr(what, ':');

    if (colon)
        text_add_format(out, "Layer %.*s", SHORT_DIGEST, colon + 1);
    else
        text_add_format(out, "%c%s", toupper((unsigned char)what[0]), *what ? what + 1 : "");
}

void transfer_format_status(uint64_t done_bytes, uint64_t total_bytes, struct text *out)
{
    char done[32], total[32];

    parse_format_bytes(done_bytes, done);
    parse_format_bytes(total_bytes, total);
    text_add(out, done);
    if (total_bytes > done_bytes)
        text_add_format(out, " / %s", total);
}

static void tell(void *context, const char *what, uint64_t done_bytes, uint64_t total_bytes)
{
    struct transfer *transfer = context;
    bool is_done = done_bytes == total_bytes;
    int64_t now_ms = clock_now_ms();
    AUTO_TEXT struct text name = { 0 };
    AUTO_TEXT struct text status = { 0 };

    if (!is_done &&
        (transfer->progress->mode != PROGRESS_BLOCK || now_ms - transfer->drawn_ms < REDRAW_MS))
        return;
    transfer->drawn_ms = now_ms;
    transfer_format_name(what, &name);
    transfer_format_status(done_bytes, total_bytes, &status);
    progress_update(transfer->progress, text_get(&name), is_done ? PROGRESS_DONE : PROGRESS_WORKING,
                    text_get(&status));
}

struct image_progress transfer_progress(struct transfer *transfer)
{
    return (struct image_progress){ .tell = tell, .context = transfer };
}
