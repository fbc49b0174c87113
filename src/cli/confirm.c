/* SPDX-License-Identifier: MIT */

/*
 * Asking before much is removed
 */

#include "cli/confirm.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "util/error.h"

int confirm_removal(struct command_call *call, bool force, const char *what, bool *agreed_out,
                    struct error *err)
{
    char answer[8] = "";

    *agreed_out = true;
    if (force)
        return 0;
    if (!isatty(STDIN_FILENO))
        return command_refuse(call, err, "nobody can be asked whether to remove: give --force");
    output_message("warning", OUTPUT_YELLOW, "this removes %s", what);
    fputs("Go on? [y/N] ", stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        answer[0] = '\0';
    *agreed_out = answer[0] == 'y' || answer[0] == 'Y';
    return 0;
}
