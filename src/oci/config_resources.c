/* SPDX-License-Identifier: MIT */

/*
 * `linux.resources` of config.json (config-linux.md, Control groups)
 */

#include "oci/config_resources.h"

#include <string.h>

#include "util/error.h"

#define FIGURE(key_, which) \
    .key = (key_),          \
    SHAPE_MAYBE(INT, struct config_resources, figures[which].value, figures[which].given)
#define DEVICE_NUMBER_MAX UINT32_MAX

static const struct shape_row device_rows[] = {
    { .key = "allow", SHAPE(BOOL, struct config_device_rule, allow), .required = true },
    { .key = "type", SHAPE(TEXT, struct config_device_rule, type) },
    { .key = "major",
      SHAPE_MAYBE(INT, struct config_device_rule, major.value, major.given),
      .min = -1,
      .max = DEVICE_NUMBER_MAX },
    { .key = "minor",
      SHAPE_MAYBE(INT, struct config_device_rule, minor.value, minor.given),
      .min = -1,
      .max = DEVICE_NUMBER_MAX },
    { .key = "access", SHAPE(TEXT, struct config_device_rule, access) },
    { 0 },
};

static int check_device(const void *base, struct error *err)
{
    const struct config_device_rule *rule = base;

    if (rule->type && (strlen(rule->type) != 1 || !strchr("abc", rule->type[0])))
        return error_set(err, ERROR_INVALID, "type: '%.16s' is not one of a, b, c", rule->type);
    if (rule->access && rule->access[strspn(rule->access, "rwm")] != '\0')
        return error_set(err, ERROR_INVALID, "access: '%.16s' is not made of r, w and m",
                         rule->access);
    return 0;
}

static const struct shape device_shape = { device_rows, sizeof(struct config_device_rule), 0,
                                           check_device };

static const struct shape_row memory_rows[] = {
    { FIGURE("limit", CONTAINER_MEMORY_LIMIT), .min = -1, .max = INT64_MAX },
    { FIGURE("reservation", CONTAINER_MEMORY_LOW), .min = -1, .max = INT64_MAX },
    { FIGURE("swap", CONTAINER_MEMORY_SWAP), .min = -1, .max = INT64_MAX },
    { FIGURE("swappiness", CONTAINER_MEMORY_SWAPPINESS), .max = 100 },
    { .key = "disableOOMKiller", SHAPE(BOOL, struct config_resources, no_oom_kill) },
    { .key = "kernel",
      SHAPE_MAYBE(INT, struct config_resources, kernel_memory.value, kernel_memory.given),
      .min = -1,
      .max = INT64_MAX },
    { .key = "kernelTCP",
      SHAPE_MAYBE(INT, struct config_resources, kernel_tcp_memory.value, kernel_tcp_memory.given),
      .min = -1,
      .max = INT64_MAX },
    { .key = "useHierarchy",
      SHAPE_MAYBE(BOOL, struct config_resources, use_hierarchy, has_use_hierarchy) },
    { .key = "checkBeforeUpdate", SHAPE(BOOL, struct config_resources, check_before_update) },
    { 0 },
};

/* Kernels have dropped these, and count them in the one limit of memory. */
static int check_memory(const void *base, struct error *err)
{
    const struct config_resources *resources = base;

    if (resources->kernel_memory.value > 0 || resources->kernel_tcp_memory.value > 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "%s: a limit of the kernel's memory is not supported: use memory.limit",
                         resources->kernel_memory.value > 0 ? "kernel" : "kernelTCP");
    if (resources->has_use_hierarchy && !resources->use_hierarchy)
        return error_set(err, ERROR_UNSUPPORTED,
                         "useHierarchy: limits always hold for the cgroups below: leave it out");
    return 0;
}

static const struct shape memory_shape = { memory_rows, 0, 0, check_memory };

static const struct shape_row cpu_rows[] = {
    { FIGURE("shares", CONTAINER_CPU_SHARES), .max = INT64_MAX },
    { FIGURE("quota", CONTAINER_CPU_QUOTA), .min = -1, .max = INT64_MAX },
    { FIGURE("period", CONTAINER_CPU_PERIOD), .max = INT64_MAX },
    { FIGURE("burst", CONTAINER_CPU_BURST), .max = INT64_MAX },
    { FIGURE("realtimeRuntime", CONTAINER_CPU_RT_RUNTIME), .min = -1, .max = INT64_MAX },
    { FIGURE("realtimePeriod", CONTAINER_CPU_RT_PERIOD), .max = INT64_MAX },
    { FIGURE("idle", CONTAINER_CPU_IDLE), .max = 1 },
    { .key = "cpus", SHAPE(TEXT, struct config_resources, cpus) },
    { .key = "mems", SHAPE(TEXT, struct config_resources, memory_nodes) },
    { 0 },
};
static const struct shape cpu_shape = { cpu_rows, 0, 0, NULL };

static const struct shape_row pids_rows[] = {
    { FIGURE("limit", CONTAINER_PIDS), .min = -1, .max = INT64_MAX },
    { 0 },
};
static const struct shape pids_shape = { pids_rows, 0, 0, NULL };

#define BLOCK_DEVICE_ROWS                                                                 \
    { .key = "major",                                                                     \
      SHAPE(INT, struct config_block, major),                                             \
      .max = DEVICE_NUMBER_MAX,                                                           \
      .required = true },                                                                 \
    {                                                                                     \
        .key = "minor", SHAPE(INT, struct config_block, minor), .max = DEVICE_NUMBER_MAX, \
        .required = true                                                                  \
    }
static const struct shape_row weight_rows[] = {
    BLOCK_DEVICE_ROWS,
    { .key = "weight",
      SHAPE_MAYBE(INT, struct config_block, weight.value, weight.given),
      .max = UINT16_MAX },
    { .key = "leafWeight",
      SHAPE_MAYBE(INT, struct config_block, leaf_weight.value, leaf_weight.given),
      .max = UINT16_MAX },
    { 0 },
};

static int check_weight(const void *base, struct error *err)
{
    const struct config_block *block = base;

    if (!block->weight.given && !block->leaf_weight.given)
        return error_set(err, ERROR_INVALID, "weight or leafWeight is needed");
    return 0;
}

static const struct shape weight_shape = { weight_rows, sizeof(struct config_block), 0,
                                           check_weight };
static const struct shape_row rate_rows[] = {
    BLOCK_DEVICE_ROWS,
    { .key = "rate", SHAPE(UINT, struct config_block, rate), .required = true },
    { 0 },
};
static const struct shape rate_shape = { rate_rows, sizeof(struct config_block), 0, NULL };

#define BLOCKS(key_, kind_, shape_)                                                    \
    .key = (key_), SHAPE_ARRAY(OBJECTS, struct config_resources, blocks[kind_].blocks, \
                               blocks[kind_].count, struct config_block, shape_)
static const struct shape_row io_rows[] = {
    { FIGURE("weight", CONTAINER_IO_WEIGHT), .max = UINT16_MAX },
    { FIGURE("leafWeight", CONTAINER_IO_LEAF_WEIGHT), .max = UINT16_MAX },
    { BLOCKS("weightDevice", CONFIG_BLOCK_WEIGHT, weight_shape) },
    { BLOCKS("throttleReadBpsDevice", CONFIG_BLOCK_READ_BPS, rate_shape) },
    { BLOCKS("throttleWriteBpsDevice", CONFIG_BLOCK_WRITE_BPS, rate_shape) },
    { BLOCKS("throttleReadIOPSDevice", CONFIG_BLOCK_READ_IOPS, rate_shape) },
    { BLOCKS("throttleWriteIOPSDevice", CONFIG_BLOCK_WRITE_IOPS, rate_shape) },
    { 0 },
};
static const struct shape io_shape = { io_rows, 0, 0, NULL };

static const struct shape_row huge_page_rows[] = {
    { .key = "pageSize", SHAPE(TEXT, struct container_huge_pages, size), .required = true },
    { .key = "limit", SHAPE(UINT, struct container_huge_pages, limit_bytes), .required = true },
    { 0 },
};
/* The size becomes a part of a file's name. */
static int check_huge_pages(const void *base, struct error *err)
{
    const char *size = ((const struct container_huge_pages *)base)->size;
    size_t digits = strspn(size, "0123456789");

    if (digits > 0 && digits < 8 &&
        (strcmp(size + digits, "KB") == 0 || strcmp(size + digits, "MB") == 0 ||
         strcmp(size + digits, "GB") == 0))
        return 0;
    return error_set(err, ERROR_INVALID, "pageSize: '%.16s' is not like 64KB, 2MB or 1GB", size);
}
static const struct shape huge_page_shape = { huge_page_rows, sizeof(struct container_huge_pages),
                                              0, check_huge_pages };

static const struct shape_row priority_rows[] = {
    { .key = "name", SHAPE(TEXT, struct container_network_priority, interface), .required = true },
    { .key = "priority", SHAPE(ID, struct container_network_priority, priority), .required = true },
    { 0 },
};
static const struct shape priority_shape = { priority_rows,
                                             sizeof(struct container_network_priority), 0, NULL };
static const struct shape_row network_rows[] = {
    { FIGURE("classID", CONTAINER_NETWORK_CLASS), .max = UINT32_MAX },
    { .key = "priorities",
      SHAPE_ARRAY(OBJECTS, struct config_resources, priorities, priority_count,
                  struct container_network_priority, priority_shape) },
    { 0 },
};
static const struct shape network_shape = { network_rows, 0, 0, NULL };

static const struct shape_row rdma_rows[] = {
    { .key = "hcaHandles",
      SHAPE_MAYBE(INT, struct config_rdma, handles.value, handles.given),
      .max = UINT32_MAX },
    { .key = "hcaObjects",
      SHAPE_MAYBE(INT, struct config_rdma, objects.value, objects.given),
      .max = UINT32_MAX },
    { 0 },
};

static int check_rdma(const void *base, struct error *err)
{
    const struct config_rdma *rdma = base;

    if (!rdma->handles.given && !rdma->objects.given)
        return error_set(err, ERROR_INVALID, "hcaHandles or hcaObjects is needed");
    return 0;
}

static const struct shape rdma_shape = { rdma_rows, sizeof(struct config_rdma),
                                         offsetof(struct config_rdma, device), check_rdma };

static const struct shape_row rows[] = {
    { .key = "devices",
      SHAPE_ARRAY(OBJECTS, struct config_resources, devices, device_count,
                  struct config_device_rule, device_shape) },
    { .key = "memory", SHAPE_GROUP(memory_shape) },
    { .key = "cpu", SHAPE_GROUP(cpu_shape) },
    { .key = "pids", SHAPE_GROUP(pids_shape) },
    { .key = "blockIO", SHAPE_GROUP(io_shape) },
    { .key = "hugepageLimits",
      SHAPE_ARRAY(OBJECTS, struct config_resources, huge_pages, huge_page_count,
                  struct container_huge_pages, huge_page_shape) },
    { .key = "network", SHAPE_GROUP(network_shape) },
    { .key = "rdma",
      SHAPE_ARRAY(NAMED, struct config_resources, rdma, rdma_count, struct config_rdma,
                  rdma_shape) },
    { .key = "unified", SHAPE(MAP, struct config_resources, unified) },
    { 0 },
};

/* Keys of `unified` are names of files in the cgroup's folder. */
static int check(const void *base, struct error *err)
{
    const struct config_resources *resources = base;

    for (size_t i = 0; i < resources->unified.count; i++) {
        const char *key = resources->unified.pairs[i].key;

        if (!*key || strchr(key, '/') || !strchr(key, '.') || key[0] == '.')
            return error_set(err, ERROR_INVALID, "unified: '%.64s' is no name of a cgroup's file",
                             key);
    }
    return 0;
}

const struct shape config_resources_shape = { rows, sizeof(struct config_resources), 0, check };
