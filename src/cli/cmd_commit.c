/* SPDX-License-Identifier: MIT */

/*
 * `carte diff` and `carte commit`: what a container has changed
 */

#include "cli/cmd_commit.h"

#include "cli/command.h"
#include "cli/container_find.h"
#include "cli/container_layer.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "util/error.h"

static int diff_run(struct command_call *call, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };
    AUTO_CONTAINER_LAYER struct container_layer layer = { 0 };
    AUTO(store) struct store *store = open_store(err);
    AUTO_CHANGES struct changes changes = { 0 };
    AUTO_TEXT struct text lines = { 0 };
    struct changes_source source;

    if (!store || container_find(call->operands->items[0], &found, err) < 0 ||
        container_layer_load(&found, store, &layer, err) < 0)
        return -1;
    source = container_layer_changes(&layer);
    if (changes_find(&source, &changes, err) < 0)
        return -1;
    for (size_t i = 0; i < changes.count; i++) {
        text_add_format(&lines, "%c ", (char)changes.entries[i].kind);
        output_add_clean(&lines, changes.entries[i].path);
        text_add_char(&lines, '\n');
    }
    return output_result(text_get(&lines), err);
}

const struct command cmd_commit_diff = {
    .name = "diff",
    .operands = "CONTAINER",
    .summary = "List what a container has changed in its root file system.",
    .details = "A is new, C has changed, D is gone. What is mounted into it is left out.",
    .operand_min = 1,
    .operand_max = 1,
    .run = diff_run,
};
