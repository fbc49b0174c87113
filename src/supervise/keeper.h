/* SPDX-License-Identifier: MIT */

/*
 * The keeper: parent of a stack's processes
 *
 * It does three things: it is the parent of the containers and of the supervisor, it records
 * how each child ended (exits.h) and then reaps it, and it starts the supervisor again when
 * that dies. It has no socket, no parser and no reason to change, and while it waits it costs
 * a few pages of memory.
 *
 * One keeper serves one stack: it holds a lock on the file keeper.lock of the stack's run
 * folder, and a second one ends at once. When the keeper is killed, containers and supervisor
 * run on; the supervisor starts a new keeper and ends, so that the new keeper's supervisor
 * adopts what runs.
 */

#pragma once

/* Exit statuses of a supervisor that is not to be started again. */
enum keeper_status {
    KEEPER_DONE = 0,     /* the stack was taken down */
    KEEPER_REFUSED = 78, /* it cannot be run; the file `failed` of the run folder says why */
};

/*
 * Keep `argv`, the command line of the supervisor, with the run folder `folder` until it ends
 * with one of the statuses above. Returns the exit status of the process.
 */
int keeper_run(const char *folder, char *const argv[]);
