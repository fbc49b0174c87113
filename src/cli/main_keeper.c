/* SPDX-License-Identifier: MIT */

/*
 * carte-keeper RUN_FOLDER PROGRAM [ARGUMENT...]
 *
 * Started by carte-stack, not by people; see supervise/keeper.h. Statically linked, so that it
 * costs the memory of its own few pages and nothing else.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervise/keeper.h"

int main(int argc, char *argv[])
{
    if (argc < 3) {
        fprintf(stderr, "usage: carte-keeper RUN_FOLDER PROGRAM [ARGUMENT...]\n"
                        "It is started by carte-stack up and keeps the processes of a stack.\n");
        return 64;
    }
    /* What the calling shell left open must not live as long as the stack does. */
    close_range(STDERR_FILENO + 1, ~0U, 0);
    return keeper_run(argv[1], argv + 2);
}
