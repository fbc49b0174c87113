/* SPDX-License-Identifier: MIT */

/*
 * What the processes of a cgroup may use: lists
 */

#include "runtime/cgroup_limit_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_file.h"
#include "runtime/resources.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

static bool is_v1(const struct cgroup *cgroup, enum cgroup_controller controller)
{
    return cgroup_get_version(cgroup, controller) == CGROUP_V1;
}

static int set_cores(const struct cgroup *cgroup, const struct container_resources *resources,
                     struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_CPUSET);

    if (resources->cpus && cgroup_file_write(dirfd, "cpuset.cpus", resources->cpus, err) < 0)
        return -1;
    if (resources->memory_nodes &&
        cgroup_file_write(dirfd, "cpuset.mems", resources->memory_nodes, err) < 0)
        return -1;
    return 0;
}

/* How each limit of a block device is written: on version 2 all of them go to io.max. */
static const struct throttle {
    size_t offset; /* in struct container_block_device */
    const char *v1_file, *v2_key;
} throttles[] = {
    { offsetof(struct container_block_device, read_bps), "blkio.throttle.read_bps_device", "rbps" },
    { offsetof(struct container_block_device, write_bps), "blkio.throttle.write_bps_device",
      "wbps" },
    { offsetof(struct container_block_device, read_iops), "blkio.throttle.read_iops_device",
      "riops" },
    { offsetof(struct container_block_device, write_iops), "blkio.throttle.write_iops_device",
      "wiops" },
};

static int throttle(const struct cgroup *cgroup, const struct container_block_device *device,
                    struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_IO);
    bool v1 = is_v1(cgroup, CGROUP_IO);

    for (size_t i = 0; i < ARRAY_SIZE(throttles); i++) {
        const uint64_t *value = member_at_const(device, throttles[i].offset);
        char text[64];

        if (*value == 0)
            continue;
        snprintf(text, sizeof(text), "%u:%u %s%s%" PRIu64, device->major, device->minor,
                 v1 ? "" : throttles[i].v2_key, v1 ? "" : "=", *value);
        if (cgroup_file_write(dirfd, v1 ? throttles[i].v1_file : "io.max", text, err) < 0)
            return -1;
    }
    return 0;
}

static int weigh(const struct cgroup *cgroup, const struct container_block_device *device,
                 struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_IO);
    bool v1 = is_v1(cgroup, CGROUP_IO);
    const char *bfq = v1 ? "blkio.bfq.weight_device" : "io.bfq.weight";
    const char *plain = v1 ? "blkio.weight_device" : "io.weight";
    bool has_bfq = dirfd >= 0 && file_exists(dirfd, bfq);
    uint64_t weight = device->weight;
    char text[64];

    if (!v1 && !has_bfq && weight)
        weight = 1 + (MAX(weight, 10) - 10) * 9999 / 990;
    snprintf(text, sizeof(text), "%u:%u %" PRIu64, device->major, device->minor, weight);
    if (weight && cgroup_file_write(dirfd, has_bfq ? bfq : plain, text, err) < 0)
        return -1;
    if (device->leaf_weight == 0)
        return 0;
    if (!v1)
        return error_set(err, ERROR_UNSUPPORTED, "version 2 of cgroups has no leaf weight");
    snprintf(text, sizeof(text), "%u:%u %" PRIu64, device->major, device->minor,
             device->leaf_weight);
    return cgroup_file_write(dirfd, "blkio.leaf_weight_device", text, err);
}

static int set_block_devices(const struct cgroup *cgroup,
                             const struct container_resources *resources, struct error *err)
{
    for (size_t i = 0; i < resources->block_device_count; i++) {
        const struct container_block_device *device = &resources->block_devices[i];

        if (weigh(cgroup, device, err) < 0 || throttle(cgroup, device, err) < 0)
            return error_wrap(err, "limit I/O of device %u:%u", device->major, device->minor);
    }
    return 0;
}

/* A size goes into a file name, so it may be nothing but "64KB", "2MB", "1GB". */
static bool is_page_size(const char *size)
{
    size_t digits = strspn(size, "0123456789");

    return digits > 0 && digits < 10 && strchr("KMG", size[digits]) && size[digits] != '\0' &&
           strcmp(size + digits + 1, "B") == 0;
}

/* Pages that are reserved count, too, where the kernel can limit them. */
static int set_huge_pages(const struct cgroup *cgroup, const struct container_resources *resources,
                          struct error *err)
{
    int dirfd = cgroup_get_folder(cgroup, CGROUP_HUGETLB);
    const char *end = is_v1(cgroup, CGROUP_HUGETLB) ? "limit_in_bytes" : "max";

    for (size_t i = 0; i < resources->huge_page_count; i++) {
        const struct container_huge_pages *pages = &resources->huge_pages[i];
        char file[64], text[32];

        if (!is_page_size(pages->size))
            return error_set(err, ERROR_INVALID, "'%.32s' is no size of huge pages: write 2MB",
                             pages->size);
        snprintf(file, sizeof(file), "hugetlb.%s.%s", pages->size, end);
        snprintf(text, sizeof(text), "%" PRIu64, pages->limit_bytes);
        if (cgroup_file_write(dirfd, file, text, err) < 0)
            return error_wrap(err, "limit huge pages");
        snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", pages->size, end);
        if (file_exists(dirfd, file) && cgroup_file_write(dirfd, file, text, err) < 0)
            return error_wrap(err, "limit huge pages");
    }
    return 0;
}

static int set_network_priorities(const struct cgroup *cgroup,
                                  const struct container_resources *resources, struct error *err)
{
    for (size_t i = 0; i < resources->network_priority_count; i++) {
        const struct container_network_priority *priority = &resources->network_priorities[i];
        char text[64];

        if (!is_v1(cgroup, CGROUP_NETWORK_PRIORITY))
            return error_set(err, ERROR_UNSUPPORTED,
                             "version 2 of cgroups has no network priorities");
        snprintf(text, sizeof(text), "%.32s %" PRIu32, priority->interface, priority->priority);
        if (cgroup_file_write(cgroup_get_folder(cgroup, CGROUP_NETWORK_PRIORITY),
                              "net_prio.ifpriomap", text, err) < 0)
            return error_wrap(err, "set the priority of interface '%.32s'", priority->interface);
    }
    return 0;
}

static void add_rdma(struct text *text, const char *key, int64_t value)
{
    if (value >= 0)
        text_add_format(text, " %s=%" PRId64, key, value);
}

static int set_rdma(const struct cgroup *cgroup, const struct container_resources *resources,
                    struct error *err)
{
    for (size_t i = 0; i < resources->rdma_count; i++) {
        const struct container_rdma *rdma = &resources->rdma[i];
        AUTO_TEXT struct text text = { 0 };

        text_add_format(&text, "%.64s", rdma->device);
        add_rdma(&text, "hca_handle", rdma->handles);
        add_rdma(&text, "hca_object", rdma->objects);
        if (cgroup_file_write(cgroup_get_folder(cgroup, CGROUP_RDMA), "rdma.max", text_get(&text),
                              err) < 0)
            return error_wrap(err, "limit RDMA device '%.64s'", rdma->device);
    }
    return 0;
}

static int set_unified(const struct cgroup *cgroup, const struct container_resources *resources,
                       struct error *err)
{
    int dirfd = cgroup_get_unified(cgroup);

    for (size_t i = 0; resources->unified && i < resources->unified->count; i++) {
        const struct strings_pair *pair = &resources->unified->pairs[i];

        if (strchr(pair->key, '/') || !strchr(pair->key, '.') || pair->key[0] == '.')
            return error_set(err, ERROR_INVALID, "'%.64s' is no file of a cgroup", pair->key);
        if (cgroup_file_write(dirfd, pair->key, pair->value ? pair->value : "", err) < 0)
            return error_wrap(err, "set '%.64s' of cgroups version 2", pair->key);
    }
    return 0;
}

int cgroup_limit_list_apply(const struct cgroup *cgroup,
                            const struct container_resources *resources, struct error *err)
{
    if (set_cores(cgroup, resources, err) < 0 || set_block_devices(cgroup, resources, err) < 0 ||
        set_huge_pages(cgroup, resources, err) < 0 ||
        set_network_priorities(cgroup, resources, err) < 0 || set_rdma(cgroup, resources, err) < 0)
        return -1;
    return set_unified(cgroup, resources, err);
}

/* What a key of version 2 belongs to is the word before its first dot. */
static unsigned find_unified(const struct strings_map *unified)
{
    unsigned wanted = 0;

    for (size_t i = 0; unified && i < unified->count; i++) {
        for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
            const char *name = cgroup_layout_get_name((enum cgroup_controller)c, CGROUP_V2);
            size_t length = strcspn(unified->pairs[i].key, ".");

            if (name && strlen(name) == length && strncmp(unified->pairs[i].key, name, length) == 0)
                wanted |= 1U << c;
        }
    }
    return wanted;
}

unsigned cgroup_limit_list_find_controllers(const struct container_resources *resources)
{
    unsigned wanted = find_unified(resources->unified);

    wanted |= resources->cpus || resources->memory_nodes ? 1U << CGROUP_CPUSET : 0U;
    wanted |= resources->block_device_count ? 1U << CGROUP_IO : 0U;
    wanted |= resources->huge_page_count ? 1U << CGROUP_HUGETLB : 0U;
    wanted |= resources->network_priority_count ? 1U << CGROUP_NETWORK_PRIORITY : 0U;
    return wanted | (resources->rdma_count ? 1U << CGROUP_RDMA : 0U);
}
