/* SPDX-License-Identifier: MIT */

/*
 * What a container has written, and the image that it lies on
 */

#include "cli/container_layer.h"

#include <stdlib.h>

#include "cli/container_find.h"
#include "supervise/id_range.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"

void container_layer_done(struct container_layer *layer)
{
    image_free(layer->image);
    free(layer->upper);
    free(layer->work);
    *layer = (struct container_layer){ 0 };
}

static char *data_folder(const struct container_find *found)
{
    return place_in_root("stacks/%s/replicas/%s", found->project,
                         json_find_text(found->replica, "id", ""));
}

int container_layer_find_ids(const struct container_find *found, struct id_shift *out,
                             struct error *err)
{
    AUTO_FREE char *folder = data_folder(found);

    return container_layer_find_ids_of(folder, out, err);
}

int container_layer_find_ids_of(const char *folder, struct id_shift *out, struct error *err)
{
    if (id_range_find(folder, &out->first, err) < 0)
        return -1;
    out->count = out->first ? ID_RANGE_SIZE : 0;
    return 0;
}

int container_layer_load(const struct container_find *found, struct store *store,
                         struct container_layer *out, struct error *err)
{
    AUTO_CONTAINER_LAYER struct container_layer layer = { 0 };
    AUTO_FREE char *folder = data_folder(found);
    const char *id = json_find_text(found->replica, "image_id", "");

    if (store_find_image(store, id, &layer.image, err) < 0)
        return -1;
    if (!layer.image)
        return error_set(err, ERROR_NOT_FOUND, "the image of container '%s' is gone",
                         json_find_text(found->replica, "name", ""));
    if (container_layer_find_ids_of(folder, &layer.ids, err) < 0)
        return -1;
    layer.upper = alloc_format("%s/upper", folder);
    layer.work = alloc_format("%s/work", folder);
    /* What was never started has written nothing. */
    if (file_make_folders(layer.upper, 0755, err) < 0 ||
        file_make_folders(layer.work, 0700, err) < 0)
        return -1;
    *out = layer;
    layer = (struct container_layer){ 0 };
    return 0;
}

struct changes_source container_layer_changes(const struct container_layer *layer)
{
    return (struct changes_source){
        .upper = layer->upper,
        .lower = &layer->image->layers,
        .ids = layer->ids,
    };
}
