/* SPDX-License-Identifier: MIT */

/*
 * In the foreground: what `run` and `exec` of carte-oci do while the process lives
 */

#pragma once

#include <stdint.h>

#include "cli/relay.h"
#include "util/macro.h"

struct command_call;
struct container_process;
struct error;

struct oci_attend {
    struct relay_pipes pipes;
};

#define OCI_ATTEND_NONE           \
    {                             \
        .pipes = RELAY_PIPES_NONE \
    }
#define AUTO_OCI_ATTEND __attribute__((cleanup(oci_attend_close)))

/* Make the pipes whose ends the process gets as `stdio`. */
int oci_attend_open(struct oci_attend *out, int stdio[3], struct error *err) MUST_CHECK;
void oci_attend_close(struct oci_attend *attend);

/* Relay pipes or terminal until the process, our child, has ended; its exit status. */
int oci_attend_run(struct oci_attend *attend, const struct container_process *process,
                   int *status_out, struct error *err) MUST_CHECK;

/* Which exit status tells of a program that could not be executed. Returns -1. */
int oci_attend_blame(struct command_call *call, struct error *err);

/* How many descriptors behind the first three the process gets: those of LISTEN_FDS, and `more`. */
int oci_attend_fds(int64_t more, unsigned *listen_out, unsigned *all_out,
                   struct error *err) MUST_CHECK;
