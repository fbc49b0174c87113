/* SPDX-License-Identifier: MIT */

/*
 * `supervise`: the supervisor's own process, started by the keeper
 */

#include "cli/cmd_supervise.h"

#include "cli/command.h"
#include "cli/project.h"
#include "supervise/supervisor.h"
#include "util/error.h"

static int supervise_run(struct command_call *call, struct error *err)
{
    const char *project = call->operands->items[0];

    if (project_check_name(project, err) < 0)
        return -1;
    call->exit_status = supervisor_run(project);
    return 0;
}

const struct command cmd_supervise = {
    .name = "supervise",
    .operands = "PROJECT",
    .summary = "Supervise a stack; started by its keeper, not by people.",
    .operand_min = 1,
    .operand_max = 1,
    .hidden = true,
    .run = supervise_run,
};
