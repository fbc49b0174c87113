/* SPDX-License-Identifier: MIT */

/*
 * What is mounted in a container besides its root: a part of struct container_spec
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct strings;

struct container_id_map {
    uint32_t inside, outside, count;
};

/* Of users and of groups. */
struct container_id_maps {
    const struct container_id_map *users, *groups;
    size_t user_count, group_count;
};

enum container_mount_kind {
    CONTAINER_MOUNT_BIND,
    CONTAINER_MOUNT_TMPFS,
    CONTAINER_MOUNT_TYPE,   /* a new file system of `type` */
    CONTAINER_MOUNT_CGROUP, /* the container's own part of the cgroups */
    CONTAINER_MOUNT_LAYERS, /* `source` in other layers; writing changes part->upper alone */
    CONTAINER_MOUNT_FILE,   /* a file with given bytes, which never lie on a disk */
    CONTAINER_MOUNT_CHANGE, /* what is mounted at `target` already gets `data` and attributes */
};

/* Of layers and files. */
struct container_mount_part {
    const char *upper;           /* an empty folder on the host, which is mounted over */
    const char *work;            /* layers: overlay's work folder beside `upper` */
    const struct strings *lower; /* layers: topmost first */
    const char *bytes;           /* file, size_bytes long */
    uid_t uid;                   /* file */
    gid_t gid;
};

/* Attributes of a mount, MOUNT_ATTR_...; an atime needs MOUNT_ATTR__ATIME in `clear`. */
struct container_mount_attributes {
    uint64_t set, clear;
};

struct container_mount {
    enum container_mount_kind kind;
    const char *type;    /* of the file system, with _TYPE */
    const char *source;  /* bind: path on the host; layers: in them; a folder or a file */
    const char *target;  /* path in the container; made if it is missing */
    bool read_only;      /* with all below it */
    uint64_t size_bytes; /* tmpfs; 0: half of the memory */
    uint32_t mode;       /* tmpfs; 0: 1777; file */
    const struct container_mount_part *part;

    bool shallow;     /* bind: without the mounts below the source */
    const char *data; /* options for the file system, separated by commas, or NULL */
    struct container_mount_attributes own, all; /* of the mount itself; with all below it */
    uint64_t propagation;          /* MS_SHARED, ...; with MS_REC for all below it; 0: private */
    bool copy_up;                  /* _TYPE tmpfs: begin with what the image has there */
    bool idmap, idmap_below;       /* bind: ids are shifted by `maps`; with all below it */
    struct container_id_maps maps; /* none: those of the container's user namespace */
};
