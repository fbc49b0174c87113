/* SPDX-License-Identifier: MIT */

/*
 * `console`: the process between a container's terminal or pipes and whoever is attached
 */

#include "cli/cmd_console.h"

#include "cli/command.h"
#include "supervise/console_child.h"
#include "util/text.h"

static int console_run_command(struct command_call *call, struct error *err)
{
    const struct strings *words = call->operands;

    (void)err;
    call->exit_status = console_child_run(text_equal(words->items[0], "terminal"),
                                          words->count > 1 && text_equal(words->items[1], "wait"));
    return 0;
}

const struct command cmd_console = {
    .name = "console",
    .operands = "terminal|pipes [wait]",
    .summary = "Serve a container's console; started by the supervisor, not by people.",
    .operand_min = 1,
    .operand_max = 2,
    .hidden = true,
    .run = console_run_command,
};
