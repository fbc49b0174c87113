/* SPDX-License-Identifier: MIT */

/*
 * User namespaces: what an id inside is outside
 */

#include "runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/mount_spec.h"
#include "runtime/process.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define MAPS_MAX 340 /* of the kernel */

static bool overlap(uint32_t a, uint32_t b, uint32_t a_count, uint32_t b_count)
{
    return (uint64_t)a < (uint64_t)b + b_count && (uint64_t)b < (uint64_t)a + a_count;
}

static int check_one_kind(const char *kind, const struct container_id_map *maps, size_t count,
                          struct error *err)
{
    if (count > MAPS_MAX)
        return error_set(err, ERROR_INVALID, "%zu maps of %s ids are too many: at most %d", count,
                         kind, MAPS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct container_id_map *map = &maps[i];

        if (map->count == 0 || (uint64_t)map->inside + map->count > UINT32_MAX ||
            (uint64_t)map->outside + map->count > UINT32_MAX)
            return error_set(err, ERROR_INVALID,
                             "the map of %s ids %" PRIu32 " to %" PRIu32 " for %" PRIu32
                             " is empty or too long",
                             kind, map->inside, map->outside, map->count);
        for (size_t j = 0; j < i; j++) {
            if (overlap(map->inside, maps[j].inside, map->count, maps[j].count) ||
                overlap(map->outside, maps[j].outside, map->count, maps[j].count))
                return error_set(err, ERROR_INVALID, "two maps of %s ids overlap", kind);
        }
    }
    return 0;
}

int idmap_check(const struct container_id_maps *maps, struct error *err)
{
    if (check_one_kind("user", maps->users, maps->user_count, err) < 0 ||
        check_one_kind("group", maps->groups, maps->group_count, err) < 0)
        return -1;
    if ((maps->user_count == 0) != (maps->group_count == 0))
        return error_set(err, ERROR_INVALID, "give maps of both user and group ids");
    return 0;
}

static int write_map(pid_t pid, const char *file, const struct container_id_map *maps, size_t count,
                     struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    char path[64];

    for (size_t i = 0; i < count; i++)
        text_add_format(&text, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", maps[i].inside,
                        maps[i].outside, maps[i].count);
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    if (file_write_control(AT_FDCWD, path, text_get(&text), err) < 0)
        return error_wrap(err, "map the ids of a user namespace");
    return 0;
}

int idmap_write(pid_t pid, const struct container_id_maps *maps, struct error *err)
{
    if (write_map(pid, "uid_map", maps->users, maps->user_count, err) < 0)
        return -1;
    return write_map(pid, "gid_map", maps->groups, maps->group_count, err);
}

static int open_of(pid_t pid, const struct container_id_maps *maps, int *out, struct error *err)
{
    char path[64];

    if (idmap_write(pid, maps, err) < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    *out = open(path, O_RDONLY | O_CLOEXEC);
    return *out < 0 ? error_set_errno(err, errno, "open '%s'", path) : 0;
}

int idmap_open(const struct container_id_maps *maps, int *out, struct error *err)
{
    AUTO_CLOSE int pidfd = -1;
    int result = -1;
    pid_t pid = -1;

    if (idmap_check(maps, err) < 0)
        return -1;
    pid = process_fork(CLONE_NEWUSER, -1, false, &pidfd, err);
    if (pid < 0)
        return -1;
    if (pid == 0) {
        for (;;)
            pause();
    }
    result = open_of(pid, maps, out, err);
    process_end(pidfd, true);
    return result;
}

int64_t idmap_find_outside(const struct container_id_map *maps, size_t count, uint32_t inside)
{
    for (size_t i = 0; i < count; i++) {
        if (inside >= maps[i].inside && inside - maps[i].inside < maps[i].count)
            return (int64_t)maps[i].outside + (inside - maps[i].inside);
    }
    return -1;
}
