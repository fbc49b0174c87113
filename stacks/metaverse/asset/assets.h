/* SPDX-License-Identifier: MIT */

/*
 * The assets of the metaverse
 *
 * What users build worlds from: a file, a picture of it, and what it is called. Lists are
 * bounded; `limit` and `after` page through them, and the header X-Next-After says where the
 * next page begins.
 */

#pragma once

#include "common/database.h"
#include "common/server.h"

extern const struct database_schema assets_schema;

server_fn assets_upload;
server_fn assets_search;
server_fn assets_info;
server_fn assets_down;
server_fn assets_thumbnail;

/* GET /v1/assets/ID/file: the bytes themselves, with an ETag. */
server_fn assets_file;
