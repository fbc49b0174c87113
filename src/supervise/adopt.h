/* SPDX-License-Identifier: MIT */

/*
 * Taking over from a supervisor that died
 *
 * Three sets: recorded and running is adopted, recorded and gone is handled as an exit, ours
 * and not recorded is removed.
 */

#pragma once

#include "util/macro.h"

struct crew;
struct error;

/* Read the records of the run folder; nothing happens on a first start. */
int adopt_all(struct crew *crew, struct error *err) MUST_CHECK;
