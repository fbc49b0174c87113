/* SPDX-License-Identifier: MIT */

/*
 * Bytes on their way, in the progress of a command
 *
 *     struct progress progress;
 *     struct transfer transfer = { .progress = &progress };
 *     progress_init(&progress, call->globals->progress, "Loading");
 *     const struct image_progress told = transfer_progress(&transfer);
 *
 * On a terminal each part is a line with how much of it has come, drawn again some times a
 * second; elsewhere a part is one line when it is done.
 */

#pragma once

#include <stdint.h>

#include "cli/progress.h"
#include "image/image.h"

struct transfer {
    struct progress *progress;
    int64_t drawn_ms; /* when the block was last drawn */
};

struct image_progress transfer_progress(struct transfer *transfer);

/* Pure: "Layer 5f70bf18a086" for a digest, "Archive" for another word. */
void transfer_format_name(const char *what, struct text *out);

/* Pure: "12 MiB / 200 MiB", without a total "12 MiB". */
void transfer_format_status(uint64_t done_bytes, uint64_t total_bytes, struct text *out);
