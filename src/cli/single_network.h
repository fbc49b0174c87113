/* SPDX-License-Identifier: MIT */

/*
 * --network and the options beside it, of `carte run` and `create`
 */

#pragma once

#include "cli/single_option.h"
#include "util/json.h"
#include "util/macro.h"

struct error;

/* The words of --network with the service's name for container:NAME, which is looked up. */
int single_network_resolve(const struct strings *words, struct strings *out,
                           struct error *err) MUST_CHECK;

/*
 * Pure: what the options come to in the service, and in the networks of its stack file.
 * ERROR_INVALID names the option.
 */
int single_network_set(const struct single_options *options, struct json *service,
                       struct json *networks, struct error *err) MUST_CHECK;
