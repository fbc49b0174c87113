/* SPDX-License-Identifier: MIT */

/*
 * The devices of this machine that a container is given
 */

#pragma once

#include "util/macro.h"

struct error;
struct plan;
struct service;

/*
 * Look up the devices of the service, and of a privileged one those below /dev of this machine, and
 * add them to the plan. One with a user namespace of its own is given none but those it names.
 * ERROR_INVALID: what is named is no device.
 */
int devices_add(const struct service *service, struct plan *plan, struct error *err) MUST_CHECK;
