/* SPDX-License-Identifier: MIT */

/*
 * The devices of this machine that a container is given
 *
 * A container has nodes of its own with the numbers that are found here at its start: what the
 * machine does to its /dev later, it does not to the container's.
 */

#include "supervise/devices.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "supervise/plan.h"
#include "util/alloc.h"
#include "util/error.h"

/* A terminal of a container's own, and the key to all of them, stand there already. */
static const char *const own_nodes[] = { "/dev/console", "/dev/ptmx" };

static bool is_device(mode_t mode)
{
    return S_ISCHR(mode) || S_ISBLK(mode);
}

static struct container_device *add(const struct stat *status, char *source, struct plan *plan)
{
    struct container_device *device = ALLOC_APPEND(plan->devices, plan->spec.device_count);

    strings_take(&plan->owned, source);
    device->source = device->path = source;
    device->type = S_ISBLK(status->st_mode) ? 'b' : 'c';
    device->major = major(status->st_rdev);
    device->minor = minor(status->st_rdev);
    device->mode = status->st_mode & 0777;
    device->uid = status->st_uid;
    device->gid = status->st_gid;
    return device;
}

static int add_named(const struct service_device *wanted, struct plan *plan, struct error *err)
{
    AUTO_FREE char *source = realpath(wanted->source, NULL);
    struct container_device *device = NULL;
    struct stat status;

    if (!source || lstat(source, &status) < 0)
        return error_set_errno(err, errno, "device '%s' of this machine", wanted->source);
    if (S_ISDIR(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' is a folder: name each device of it",
                         wanted->source);
    if (!is_device(status.st_mode))
        return error_set(err, ERROR_INVALID, "'%s' is no device: mount it as a volume",
                         wanted->source);
    device = add(&status, STEAL_PTR(source), plan);
    device->path = wanted->target;
    device->access = wanted->permissions;
    return 0;
}

/* Does the service name what is to be there itself? */
static bool is_taken(const struct plan *plan, size_t named, const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(own_nodes); i++)
        if (strcmp(own_nodes[i], path) == 0)
            return true;
    for (size_t i = 0; i < named; i++)
        if (strcmp(plan->devices[i].path, path) == 0)
            return true;
    return false;
}

/* Other file systems below /dev are left out, as are links; what goes away meanwhile is not there.
 */
static int add_all(struct plan *plan, struct error *err)
{
    char dev[] = "/dev";
    char *const roots[] = { dev, NULL };
    size_t named = plan->spec.device_count;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);

    if (!tree)
        return error_set_errno(err, errno, "read /dev");
    for (const FTSENT *entry = fts_read(tree); entry; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_DEFAULT && is_device(entry->fts_statp->st_mode) &&
            !is_taken(plan, named, entry->fts_path))
            add(entry->fts_statp, alloc_text(entry->fts_path), plan);
    }
    fts_close(tree);
    return 0;
}

int devices_add(const struct service *service, struct plan *plan, struct error *err)
{
    for (size_t i = 0; i < service->device_count; i++)
        if (add_named(&service->devices[i], plan, err) < 0)
            return error_wrap(err, "service '%s'", service->name);
    if (service->privileged && service->user_namespace == SERVICE_USER_NAMESPACE_HOST &&
        add_all(plan, err) < 0)
        return -1;
    plan->spec.devices = plan->devices;
    return 0;
}
