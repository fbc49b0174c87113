/* SPDX-License-Identifier: MIT */

/*
 * The maps of the metaverse
 *
 * A map is saved in numbered chunks of JSON that the client shapes as it likes. A chunk is
 * kept and given back byte for byte; only what a query needs is read out of it.
 */

#pragma once

#include "common/database.h"
#include "common/server.h"

extern const struct database_schema maps_schema;

server_fn maps_save;
server_fn maps_load;
server_fn maps_list;
server_fn maps_time;
