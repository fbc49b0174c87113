/* SPDX-License-Identifier: MIT */

/*
 * Folders that outlive builds: RUN --mount=type=cache
 *
 *     mounts/<digest of id>.<n>/   id     what it is called, for people
 *                                  data/  what a step sees
 *
 * They are no part of any image. Who uses one holds the store's lock of builds, so that no prune
 * takes it away, and the lock of the folder, shared or alone.
 */

#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "util/macro.h"

struct error;
struct session;

enum cache_mount_sharing {
    CACHE_MOUNT_SHARED,  /* several steps at once */
    CACHE_MOUNT_LOCKED,  /* one step at a time, the next one waits */
    CACHE_MOUNT_PRIVATE, /* one step at a time, the next one gets another folder */
};

struct cache_mount_request {
    const char *id;
    enum cache_mount_sharing sharing;
    mode_t mode; /* these three of a folder that is made */
    uid_t uid;
    gid_t gid;
    int (*fill)(void *context, const char *folder, struct error *err); /* a new one; or NULL */
    void *fill_context;
};

struct cache_mount {
    int lock;   /* held until it is closed */
    char *path; /* of the folder, on the host */
};

void cache_mount_done(struct cache_mount *mount);

/* Find the folder or make it, and wait for its lock. `store_path` is where `store_fd` lies. */
int cache_mount_open(int store_fd, const char *store_path, struct session *session,
                     const struct cache_mount_request *request, struct cache_mount *out,
                     struct error *err) MUST_CHECK;

struct cache_mount_item {
    char *id;
    uint64_t size_bytes; /* on disk */
};

struct cache_mount_list {
    struct cache_mount_item *items;
    size_t count;
};

void cache_mount_list_done(struct cache_mount_list *list);
#define AUTO_CACHE_MOUNT_LIST __attribute__((cleanup(cache_mount_list_done)))
int cache_mount_list(int store_fd, struct cache_mount_list *out, struct error *err) MUST_CHECK;
