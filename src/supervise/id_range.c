/* SPDX-License-Identifier: MIT */

/*
 * Ranges of user and group ids for containers in user namespaces of their own
 *
 * They lie where no user, no /etc/subuid and no other container manager has its own by custom
 * (systemd's list of ids calls the place unused).
 */

#include "supervise/id_range.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/lease.h"
#include "util/place.h"
#include "util/strings.h"

#define FIRST UINT32_C(0x70010000)
#define LAST UINT32_C(0x7ffb0000)

static int take_free(int dirfd, const char *folder, uint32_t *out, struct error *err)
{
    for (uint32_t first = FIRST; first <= LAST; first += ID_RANGE_SIZE) {
        char name[16];

        snprintf(name, sizeof(name), "%" PRIu32, first);
        if (lease_take(dirfd, name, folder, err) == 0) {
            *out = first;
            return fsync(dirfd) < 0 ? error_set_errno(err, errno, "record a range of ids") : 0;
        }
        if (err->code != ERROR_EXISTS)
            return -1;
        error_clear(err);
    }
    return error_set(err, ERROR_SYSTEM, "no range of ids is free: all %u are in use",
                     (LAST - FIRST) / ID_RANGE_SIZE + 1);
}

/* The range that `folder` has; 0: none. */
static int find_taken(int dirfd, const char *folder, uint32_t *first_out, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };

    *first_out = 0;
    if (file_list(dirfd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        if (!lease_is_of(dirfd, names.items[i], folder))
            continue;
        *first_out = (uint32_t)strtoul(names.items[i], NULL, 10);
        break;
    }
    return 0;
}

int id_range_take(const char *folder, uint32_t *first_out, struct error *err)
{
    AUTO_FREE char *path = place_in_root("ids");
    AUTO_CLOSE int dirfd = -1;

    if (lease_open(path, &dirfd, err) < 0 || find_taken(dirfd, folder, first_out, err) < 0)
        return -1;
    return *first_out ? 0 : take_free(dirfd, folder, first_out, err);
}

int id_range_find(const char *folder, uint32_t *first_out, struct error *err)
{
    AUTO_FREE char *path = place_in_root("ids");
    AUTO_CLOSE int dirfd = -1;

    *first_out = 0;
    if (!file_exists(AT_FDCWD, path))
        return 0;
    return lease_open(path, &dirfd, err) < 0 ? -1 : find_taken(dirfd, folder, first_out, err);
}

int id_range_sweep(struct error *err)
{
    AUTO_FREE char *path = place_in_root("ids");
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_CLOSE int dirfd = -1;

    if (!file_exists(AT_FDCWD, path))
        return 0;
    if (lease_open(path, &dirfd, err) < 0 || file_list(dirfd, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++)
        (void)lease_is_held(dirfd, names.items[i]);
    return 0;
}
