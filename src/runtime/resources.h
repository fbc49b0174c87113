/* SPDX-License-Identifier: MIT */

/*
 * What a container may use of the machine, in all detail; struct container_limits of spec.h is
 * the short form
 *
 * Figures are named after version 1 of cgroups where it has them; on version 2 they are
 * converted (resources.c). A figure that this host cannot set is an error, never silence.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strings_map;

enum container_resource {
    CONTAINER_CPU_SHARES, /* 2..262144, 1024 is usual; v2: as a weight */
    CONTAINER_CPU_QUOTA,  /* us per period */
    CONTAINER_CPU_PERIOD, /* us */
    CONTAINER_CPU_BURST,  /* us */
    CONTAINER_CPU_IDLE,   /* 0 or 1 */
    CONTAINER_CPU_RT_PERIOD,
    CONTAINER_CPU_RT_RUNTIME,     /* us; v1 only */
    CONTAINER_MEMORY_LIMIT,       /* bytes */
    CONTAINER_MEMORY_LOW,         /* bytes, the reservation */
    CONTAINER_MEMORY_SWAP,        /* bytes, memory and swap together */
    CONTAINER_MEMORY_SWAPPINESS,  /* 0..100; v1 only */
    CONTAINER_MEMORY_NO_OOM_KILL, /* 0 or 1; v1 only */
    CONTAINER_PIDS,
    CONTAINER_IO_WEIGHT,      /* 10..1000 */
    CONTAINER_IO_LEAF_WEIGHT, /* v1 only */
    CONTAINER_NETWORK_CLASS,  /* classid; v1 only */
    CONTAINER_RESOURCE_COUNT,
};

/* A limit or weight of one block device; 0: not given. */
struct container_block_device {
    uint32_t major, minor;
    uint64_t weight, leaf_weight;
    uint64_t read_bps, write_bps, read_iops, write_iops;
};

struct container_huge_pages {
    const char *size; /* "2MB" */
    uint64_t limit_bytes;
};

struct container_network_priority {
    const char *interface;
    uint32_t priority;
};

struct container_rdma {
    const char *device;
    int64_t handles, objects; /* -1: not given */
};

/* One rule of the device cgroup; a later one overrules those before. */
struct container_device_rule {
    bool allow;
    char type;            /* 'c', 'b', or 'a' for both */
    int64_t major, minor; /* -1: any */
    const char *access;   /* some of "rwm" */
};

struct container_resources {
    uint64_t given;                           /* bit n: values[n] counts */
    int64_t values[CONTAINER_RESOURCE_COUNT]; /* -1: without limit */
    bool check_before_update;        /* ERROR_INVALID for a memory limit below what is used now */
    const char *cpus, *memory_nodes; /* lists such as "0-2,4", or NULL */
    const struct container_block_device *block_devices;
    size_t block_device_count;
    const struct container_huge_pages *huge_pages;
    size_t huge_page_count;
    const struct container_network_priority *network_priorities; /* v1 only */
    size_t network_priority_count;
    const struct container_rdma *rdma;
    size_t rdma_count;
    const struct strings_map *unified; /* v2: file and text, written last */
    const struct container_device_rule *device_rules;
    size_t device_rule_count; /* 0 in an update: the rules stay */
};

/* Say that resource `which` is to be `value`. */
static inline void resources_set(struct container_resources *resources,
                                 enum container_resource which, int64_t value)
{
    resources->given |= UINT64_C(1) << which;
    resources->values[which] = value;
}

static inline bool resources_has(const struct container_resources *resources,
                                 enum container_resource which)
{
    return (resources->given >> which & 1) != 0;
}
