/* SPDX-License-Identifier: MIT */

/*
 * `front`: the supervisor's unprivileged child
 */

#include "cli/cmd_front.h"

#include "cli/command.h"
#include "supervise/front_child.h"
#include "util/parse.h"

static int front_run(struct command_call *call, struct error *err)
{
    int64_t parent = 0;

    if (parse_int(call->operands->items[0], 1, INT32_MAX, &parent, err) < 0)
        return -1;
    front_child_run((int)parent);
}

const struct command cmd_front = {
    .name = "front",
    .operands = "PARENT",
    .summary = "Serve names for a supervisor; started by it, not by people.",
    .operand_min = 1,
    .operand_max = 1,
    .hidden = true,
    .run = front_run,
};
