/* SPDX-License-Identifier: MIT */

/*
 * Which cgroup hierarchies this host has
 *
 * A host has one hierarchy of version 2, several of version 1, or both at once ("hybrid"). A
 * controller belongs to exactly one of them; code above asks for the owner of a controller
 * and never for the version of the host.
 */

#pragma once

#include <stddef.h>

#include "util/macro.h"

struct error;

enum cgroup_version {
    CGROUP_V1,
    CGROUP_V2,
    CGROUP_VERSION_COUNT,
};

enum cgroup_controller {
    CGROUP_CPU,
    CGROUP_CPUACCT,
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_DEVICES,
    CGROUP_FREEZER,
    CGROUP_FIRST_OPTIONAL, /* those from here on are used only where they are asked for */
    CGROUP_CPUSET = CGROUP_FIRST_OPTIONAL,
    CGROUP_IO,
    CGROUP_HUGETLB,
    CGROUP_NETWORK_CLASS,
    CGROUP_NETWORK_PRIORITY,
    CGROUP_RDMA,
    CGROUP_CONTROLLER_COUNT,
};

#define CGROUP_HIERARCHY_MAX 16

struct cgroup_hierarchy {
    enum cgroup_version version;
    int rootfd;     /* of the mount point; -1 in a layout that was only parsed */
    char path[256]; /* the mount point */
    char name[64];  /* of its folder, as a container shall see it */
    unsigned owned; /* bit n: it owns controller n */
};

struct cgroup_layout {
    struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHY_MAX];
    size_t count;
    int owner[CGROUP_CONTROLLER_COUNT]; /* index of a hierarchy, or -1: not on this host */
    int unified;                        /* index of the one of version 2, or -1 */
};

/*
 * Pure: from the text of /proc/self/mountinfo. Version 1 hierarchies without a controller of
 * ours are left out; those of version 2 own only what `v2_controllers` (the content of
 * cgroup.controllers) names, besides what every cgroup of version 2 can do.
 */
void cgroup_layout_parse(const char *mountinfo, const char *v2_controllers,
                         struct cgroup_layout *out);

/* The name of a controller in that version; NULL: it has none. */
const char *cgroup_layout_get_name(enum cgroup_controller controller, enum cgroup_version version);

/* The layout of this host, read once. ERROR_UNSUPPORTED: it has no cgroups. */
int cgroup_layout_get(const struct cgroup_layout **out, struct error *err) MUST_CHECK;
