/* SPDX-License-Identifier: MIT */

/*
 * What the commands of carte-oci have in common: the container that is meant, and the log that
 * engines read
 */

#pragma once

#include "oci/folder.h"
#include "oci/record.h"
#include "util/macro.h"

struct command_call;
struct command_globals;
struct error;

/* The folder of all containers: --root, else $CARTE_RUN/oci. The caller frees it. */
char *oci_call_root(const struct command_call *call) MUST_CHECK;

/*
 * Open the container that the first operand names; with `locked`, alone. ERROR_NOT_FOUND also
 * when a killed `create` has left a folder without a record.
 */
int oci_call_open(const struct command_call *call, bool locked, struct folder *folder,
                  struct record *record, struct error *err) MUST_CHECK;

/* Refuse what cannot be done as it is asked for. */
int oci_call_prepare(const struct command_globals *globals, struct error *err) MUST_CHECK;

/* Engines read the last line of --log, JSON or text: {"level":"error","msg":...,"time":...}. */
void oci_call_report(const struct command_globals *globals, const struct error *err);
void oci_call_warn(const struct command_globals *globals, const char *text);
