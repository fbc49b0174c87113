/* SPDX-License-Identifier: MIT */

/*
 * The unpacked layers that containers run from
 */

#include "cli/used_layers.h"

#include "cli/container_list.h"
#include "image/store.h"
#include "util/strings.h"

int used_layers_add(struct store *store, struct strings *out, struct error *err)
{
    AUTO_CONTAINER_LIST struct container_list containers = { 0 };

    if (container_list_load(&containers, err) < 0)
        return -1;
    for (size_t i = 0; i < containers.count; i++) {
        AUTO(image) struct image *image = NULL;

        if (store_find_image(store, containers.items[i].image, &image, err) < 0)
            return -1;
        for (size_t k = 0; image && k < image->layers.count; k++)
            strings_add(out, image->layers.items[k]);
    }
    return 0;
}
