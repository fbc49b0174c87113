/* SPDX-License-Identifier: MIT */

/*
 * The containers of all stacks
 */

#include "cli/container_list.h"

#include <stdlib.h>

#include "cli/remote.h"
#include "supervise/state.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/place.h"
#include "util/text.h"

void container_list_done(struct container_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].image);
        free(list->items[i].folder);
        free(list->items[i].upper);
    }
    free(list->items);
    *list = (struct container_list){ 0 };
}

static int add_project(struct container_list *list, const char *project, struct error *err)
{
    AUTO_FREE char *folder = place_in_run("stacks/%s/replicas", project);
    struct state_replica **replicas = NULL;
    size_t count = 0;

    if (state_load_replicas(folder, &replicas, &count, err) < 0)
        return error_wrap(err, "stack '%s'", project);
    for (size_t i = 0; i < count; i++) {
        const struct state_replica *replica = replicas[i];
        struct container_item *item = ALLOC_APPEND(list->items, list->count);

        item->name = alloc_text(replica->name);
        item->image = alloc_text(replica->image);
        item->folder = place_in_root("stacks/%s/replicas/%s", project, replica->id);
        item->upper = alloc_format("%s/upper", item->folder);
        item->is_running = replica->pid > 0;
        state_replica_free(replicas[i]);
    }
    free(replicas);
    return 0;
}

int container_list_load(struct container_list *out, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };

    if (remote_list_projects(&projects, err) < 0)
        return -1;
    for (size_t i = 0; i < projects.count; i++) {
        if (add_project(out, projects.items[i], err) < 0)
            return -1;
    }
    return 0;
}

const struct container_item *container_list_find(const struct container_list *list,
                                                 const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal(list->items[i].name, name))
            return &list->items[i];
    }
    return NULL;
}

const struct container_item *container_list_find_user(const struct container_list *list,
                                                      const char *image_id)
{
    const struct container_item *found = NULL;

    for (size_t i = 0; i < list->count; i++) {
        const struct container_item *item = &list->items[i];

        if (text_equal(item->image, image_id) && (!found || item->is_running))
            found = item;
    }
    return found;
}
