/* SPDX-License-Identifier: MIT */

/*
 * The image store of CARTE_ROOT
 */

#include "cli/open_store.h"

#include "util/cleanup.h"
#include "util/error.h"
#include "util/place.h"

struct store *open_store(struct error *err)
{
    AUTO_FREE char *root = place_in_root("images");
    struct store *store = store_open(root, err);

    if (!store)
        error_wrap(err, "open the image store");
    return store;
}
