/* SPDX-License-Identifier: MIT */

/*
 * `linux.resources` of config.json, also what `update --resources` takes
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/shape.h"
#include "runtime/resources.h"
#include "util/strings.h"

struct config_figure {
    int64_t value;
    bool given;
};

struct config_device_rule {
    bool allow;
    const char *type, *access;
    struct config_figure major, minor;
};

struct config_block {
    int64_t major, minor;
    struct config_figure weight, leaf_weight;
    uint64_t rate;
};

struct config_block_list {
    struct config_block *blocks;
    size_t count;
};

enum config_block_kind {
    CONFIG_BLOCK_WEIGHT,
    CONFIG_BLOCK_READ_BPS,
    CONFIG_BLOCK_WRITE_BPS,
    CONFIG_BLOCK_READ_IOPS,
    CONFIG_BLOCK_WRITE_IOPS,
    CONFIG_BLOCK_COUNT,
};

struct config_rdma {
    const char *device;
    struct config_figure handles, objects;
};

struct config_resources {
    struct config_figure figures[CONTAINER_RESOURCE_COUNT];
    struct config_figure kernel_memory, kernel_tcp_memory;
    bool check_before_update, no_oom_kill;
    bool use_hierarchy, has_use_hierarchy;
    const char *cpus, *memory_nodes;
    struct config_device_rule *devices;
    size_t device_count;
    struct config_block_list blocks[CONFIG_BLOCK_COUNT];
    struct container_huge_pages *huge_pages;
    size_t huge_page_count;
    struct container_network_priority *priorities;
    size_t priority_count;
    struct config_rdma *rdma;
    size_t rdma_count;
    struct strings_map unified;
};

extern const struct shape config_resources_shape;
