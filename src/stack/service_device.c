/* SPDX-License-Identifier: MIT */

/*
 * Devices of a service: their table
 */

#include <string.h>

#include "stack/reading.h"
#include "stack/service_parts.h"
#include "stack/tables.h"
#include "util/macro.h"
#include "util/text.h"

static const struct field device_fields[] = {
    {
        .key = "source",
        MEMBER(STRING, struct service_device, source),
        .required = true,
        .doc = "The device node of this machine.",
    },
    {
        .key = "target",
        MEMBER(STRING, struct service_device, target),
        .doc = "The node in the container, below /dev; the same path if none is given.",
    },
    {
        .key = "permissions",
        MEMBER(STRING, struct service_device, permissions),
        .fallback = "rwm",
        .doc = "Some of `r` (read), `w` (write) and `m` (make nodes of it).",
    },
    {},
};

static void prepare_device(struct reading *reading, struct node *map)
{
    const char *source = node_find_text(map, "source");

    (void)reading;
    if (source && !node_find(map, "target"))
        node_set_text(map, "target", source);
}

/* Below /dev, and not in a file system of its own that lies there. */
static bool is_place(const char *target)
{
    static const char *const others[] = { "/dev/pts", "/dev/shm", "/dev/mqueue" };

    if (!text_starts_with(target, "/dev/") || target[strlen("/dev/")] == '\0' ||
        strstr(target, "/../") || text_ends_with(target, "/") || text_ends_with(target, "/.."))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        size_t length = strlen(others[i]);

        if (strncmp(target, others[i], length) == 0 &&
            (target[length] == '\0' || target[length] == '/'))
            return false;
    }
    return true;
}

static void check_device(struct reading *reading, const struct node *map, void *base)
{
    const struct service_device *device = base;
    const char *rights = device->permissions ? device->permissions : "";

    if (!device->source)
        return;
    if (device->source[0] != '/')
        reading_error(reading, map,
                      "device '%s' is no absolute path; write that of a node, as in /dev/fuse",
                      device->source);
    else if (!device->target || !is_place(device->target))
        reading_error(reading, map,
                      "device '%s' cannot be at '%s'; write a path below /dev, as in %s:/dev/NAME",
                      device->source, device->target ? device->target : "", device->source);
    if (*rights == '\0' || rights[strspn(rights, "rwm")] != '\0')
        reading_error(reading, map, "permissions '%s' of device '%s' are none; write some of rwm",
                      rights, device->source);
}

static const char *const device_identity[] = { "target", NULL };

const struct object service_device_object = {
    .name = "a device",
    .doc = "A device of this machine that the service may use.",
    .fields = device_fields,
    .size = sizeof(struct service_device),
    .identity = device_identity,
    .prepare = prepare_device,
    .check = check_device,
};
