/* SPDX-License-Identifier: MIT */

/*
 * What is known of a network, with docker's keys
 */

#pragma once

#include "cli/listing.h"
#include "supervise/shared_network.h"
#include "util/json.h"
#include "util/macro.h"

struct error;

/* A row of `carte network ls`, whose columns are these. */
extern const struct listing_column describe_network_columns[];
struct json *describe_network_row(const struct shared_network *network) MUST_CHECK;

/* An object of `carte network inspect`. The containers are those that the records know of. */
int describe_network(const struct shared_network *network, struct json **out,
                     struct error *err) MUST_CHECK;
