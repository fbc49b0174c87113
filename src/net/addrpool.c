/* SPDX-License-Identifier: MIT */

/*
 * Addresses handed out under a lock
 *
 * The lock is a file that root alone can open, so that no other user, and no container in the
 * host's network namespace, can hold it up; an abstract socket would be open to all of them.
 */

#include "net/addrpool.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/netlink.h"
#include "net/netlink_listeners.h"
#include "net/rules_list.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/parse.h"

#define LOCK_PATH "/run/carte-network-%llu.lock"
#define RETRY_MS 2
#define DEFAULT_SUBNETS "10.88.0.0/13"
#define PREFIX_MAX 30
/* A route shorter than this is a way to the world at large, not a network somebody uses. */
#define NETWORK_PREFIX_MIN 8

/* One for each network namespace, wherever CARTE_RUN is. */
static int open_lock(int *fd_out, struct error *err)
{
    struct stat namespace;
    char path[64];
    int fd = -1;

    if (stat("/proc/thread-self/ns/net", &namespace) < 0)
        return error_set_errno(err, errno, "look at the network namespace");
    (void)snprintf(path, sizeof(path), LOCK_PATH, (unsigned long long)namespace.st_ino);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    *fd_out = fd;
    return 0;
}

/* The holder's pid, which it has written there. */
static int read_holder(int fd)
{
    char text[16] = { 0 };

    return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static int wait_for_lock(int fd, int64_t timeout_ms, struct error *err)
{
    int64_t deadline = clock_now_ms() + timeout_ms;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return error_set_errno(err, errno, "lock the host's addresses");
        if (clock_now_ms() >= deadline)
            return error_set(err, ERROR_TIMEOUT,
                             "the host's addresses are locked by process %d; try again when it "
                             "has ended",
                             read_holder(fd));
        (void)poll(NULL, 0, RETRY_MS);
    }
    return 0;
}

int addrpool_lock(int64_t timeout_ms, int *fd_out, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    char pid[16];
    int length = 0;

    if (open_lock(&fd, err) < 0)
        return error_wrap(err, "lock the host's addresses");
    if (wait_for_lock(fd, timeout_ms, err) < 0)
        return -1;
    /* For messages only: a disk without space does no harm. */
    length = snprintf(pid, sizeof(pid), "%-10d\n", (int)getpid());
    (void)!pwrite(fd, pid, (size_t)length, 0);
    *fd_out = STEAL_FD(fd);
    return 0;
}

static uint32_t mask_of(uint8_t prefix)
{
    return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

int addrpool_parse_address(const char *text, uint32_t *out, struct error *err)
{
    const char *rest = text;
    uint32_t address = 0;

    for (int i = 0; i < 4; i++) {
        size_t digits = strspn(rest, "0123456789");
        unsigned long part = digits > 0 && digits <= 3 ? strtoul(rest, NULL, 10) : 256;

        if (part > 255 || (digits > 1 && *rest == '0') || rest[digits] != (i < 3 ? '.' : '\0'))
            return error_set(err, ERROR_INVALID,
                             "'%s' is not an IPv4 address; write four numbers as in 10.1.2.3",
                             text);
        address = address << 8 | (uint32_t)part;
        rest += digits + 1;
    }
    *out = address;
    return 0;
}

int addrpool_parse_subnet(const char *text, uint32_t *subnet_out, uint8_t *prefix_out,
                          struct error *err)
{
    const char *slash = strchr(text, '/');
    AUTO_FREE char *address_text = slash ? alloc_text_part(text, (size_t)(slash - text)) : NULL;
    uint32_t address = 0;
    int64_t prefix = 0;

    if (!slash)
        return error_set(err, ERROR_INVALID,
                         "'%s' has no prefix length; write a subnet as in 10.1.2.0/24", text);
    if (addrpool_parse_address(address_text, &address, err) < 0)
        return -1;
    if (parse_int(slash + 1, 1, PREFIX_MAX, &prefix, err) < 0)
        return error_wrap(err, "prefix length of '%s'", text);
    if (address & ~mask_of((uint8_t)prefix)) {
        char proper[16];

        addrpool_format_address(address & mask_of((uint8_t)prefix), proper);
        return error_set(err, ERROR_INVALID, "'%s' is an address inside of a subnet; write %s/%d",
                         text, proper, (int)prefix);
    }
    *subnet_out = address;
    *prefix_out = (uint8_t)prefix;
    return 0;
}

void addrpool_format_address(uint32_t address, char out[16])
{
    (void)snprintf(out, 16, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255,
                   (address >> 8) & 255, address & 255);
}

/* The first of `used` that overlaps, or NULL. */
static const struct netlink_subnet *find_overlap(const struct netlink_subnet *used, size_t count,
                                                 uint32_t subnet, uint8_t prefix)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t mask = mask_of(MIN(prefix, used[i].prefix));

        if (used[i].prefix >= NETWORK_PREFIX_MIN && (used[i].subnet & mask) == (subnet & mask))
            return &used[i];
    }
    return NULL;
}

/* The first free subnet of `prefix` bits inside of the pool; false if all is taken. */
static bool search_pool(uint32_t pool, uint8_t pool_prefix, uint8_t prefix,
                        const struct netlink_subnet *used, size_t count, uint32_t *out)
{
    uint64_t end = (uint64_t)pool + (UINT64_C(1) << (32 - pool_prefix));
    uint64_t step = UINT64_C(1) << (32 - prefix);
    uint64_t candidate = pool;

    while (prefix >= pool_prefix && candidate < end) {
        const struct netlink_subnet *taken = find_overlap(used, count, (uint32_t)candidate, prefix);
        uint64_t skip;

        if (!taken) {
            *out = (uint32_t)candidate;
            return true;
        }
        skip = taken->prefix < prefix ? UINT64_C(1) << (32 - taken->prefix) : step;
        candidate = (candidate & ~(skip - 1)) + skip;
    }
    return false;
}

static int search_pools(const char *pools, uint8_t prefix, const struct netlink_subnet *used,
                        size_t count, uint32_t *out, struct error *err)
{
    AUTO_FREE char *copy = alloc_text(pools);
    char *rest = copy;
    const char *word;

    while ((word = strsep(&rest, ", ")) != NULL) {
        uint32_t pool = 0;
        uint8_t pool_prefix = 0;

        if (*word == '\0')
            continue;
        if (addrpool_parse_subnet(word, &pool, &pool_prefix, err) < 0)
            return error_wrap(err, "CARTE_SUBNETS");
        if (search_pool(pool, pool_prefix, prefix, used, count, out))
            return 0;
    }
    return error_set(err, ERROR_NOT_FOUND,
                     "no subnet of %d bits is free in %s: addresses and routes of the host "
                     "overlap it; set CARTE_SUBNETS to other subnets, as in 172.30.0.0/16",
                     prefix, pools);
}

int addrpool_choose_subnet(uint8_t prefix, uint32_t *subnet_out, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    AUTO_FREE struct netlink_subnet *used = NULL;
    const char *pools = getenv("CARTE_SUBNETS");
    size_t count = 0;
    int result = netlink ? netlink_list_subnets(netlink, &used, &count, err) : -1;

    if (result == 0)
        result = search_pools(pools && *pools ? pools : DEFAULT_SUBNETS, prefix, used, count,
                              subnet_out, err);
    return result == 0 ? 0 : error_wrap(err, "choose a subnet");
}

int addrpool_check_subnet(uint32_t subnet, uint8_t prefix, struct error *err)
{
    AUTO(netlink) struct netlink *netlink = netlink_open(err);
    AUTO_FREE struct netlink_subnet *used = NULL;
    const struct netlink_subnet *taken = NULL;
    size_t count = 0;
    char text[16];
    char other[16];

    if (!netlink || netlink_list_subnets(netlink, &used, &count, err) < 0)
        return error_wrap(err, "look whether a subnet is free");
    taken = find_overlap(used, count, subnet, prefix);
    if (!taken)
        return 0;
    addrpool_format_address(subnet, text);
    addrpool_format_address(taken->subnet, other);
    return error_set(err, ERROR_EXISTS,
                     "the subnet %s/%d overlaps %s/%d, of an address or a route of this machine; "
                     "choose another",
                     text, prefix, other, taken->prefix);
}

static uint32_t size_of(const struct addrpool *pool)
{
    return UINT32_C(1) << (32 - pool->prefix);
}

static bool is_used(const struct addrpool *pool, uint32_t offset)
{
    return pool->used[offset / 8] & (1U << (offset % 8));
}

static void set_used(struct addrpool *pool, uint32_t offset, bool used)
{
    uint8_t bit = (uint8_t)(1U << (offset % 8));
    uint8_t *byte = &pool->used[offset / 8];

    *byte = (uint8_t)(used ? *byte | bit : *byte & ~bit);
}

int addrpool_parse_gateway(const char *text, uint32_t subnet, uint8_t prefix, uint32_t *out,
                           struct error *err)
{
    const struct addrpool pool = { .subnet = subnet, .prefix = prefix };
    uint32_t address = 0;
    char name[16];

    if (addrpool_parse_address(text, &address, err) < 0)
        return -1;
    if (address - subnet == 0 || address - subnet >= size_of(&pool) - 1) {
        addrpool_format_address(subnet, name);
        return error_set(err, ERROR_INVALID,
                         "the gateway %s is not a usable address of the subnet %s/%d", text, name,
                         prefix);
    }
    *out = address;
    return 0;
}

void addrpool_init(struct addrpool *pool, uint32_t subnet, uint8_t prefix, uint32_t gateway)
{
    *pool = (struct addrpool){ .subnet = subnet, .prefix = prefix, .gateway = gateway };
    pool->used = alloc_zeroed((size_of(pool) + 7) / 8, 1);
    pool->last = subnet + 1;
    set_used(pool, 0, true);
    set_used(pool, gateway - subnet, true);
    set_used(pool, size_of(pool) - 1, true);
}

void addrpool_done(struct addrpool *pool)
{
    free(pool->used);
    *pool = (struct addrpool){ 0 };
}

int addrpool_take(struct addrpool *pool, uint32_t *out, struct error *err)
{
    uint32_t size = size_of(pool);
    uint32_t start = pool->last - pool->subnet;
    char text[16];

    for (uint32_t i = 1; i <= size; i++) {
        uint32_t offset = (start + i) % size;

        if (is_used(pool, offset))
            continue;
        set_used(pool, offset, true);
        pool->last = pool->subnet + offset;
        *out = pool->last;
        return 0;
    }
    addrpool_format_address(pool->subnet, text);
    return error_set(err, ERROR_NOT_FOUND,
                     "all addresses of %s/%d are in use; give the network a larger subnet", text,
                     pool->prefix);
}

int addrpool_take_given(struct addrpool *pool, uint32_t address, struct error *err)
{
    uint32_t offset = address - pool->subnet;
    char text[16];
    char subnet[16];

    addrpool_format_address(address, text);
    addrpool_format_address(pool->subnet, subnet);
    if (offset >= size_of(pool) || offset == 0 || offset == size_of(pool) - 1)
        return error_set(err, ERROR_INVALID, "%s is not a usable address of %s/%d", text, subnet,
                         pool->prefix);
    if (is_used(pool, offset))
        return error_set(err, ERROR_EXISTS, "%s is taken; choose another address of %s/%d", text,
                         subnet, pool->prefix);
    set_used(pool, offset, true);
    return 0;
}

void addrpool_release(struct addrpool *pool, uint32_t address)
{
    uint32_t offset = address - pool->subnet;

    if (offset > 0 && offset < size_of(pool) - 1 && address != pool->gateway)
        set_used(pool, offset, false);
}

bool addrpool_is_port_free_for(const char *table, int protocol, uint32_t host_address,
                               uint16_t port)
{
    AUTO_FREE struct rules_list_port *published = NULL;
    struct error err = { 0 };
    size_t count = 0;
    bool found = false;

    /* What cannot be read cannot be called taken; binding or the rules will tell. */
    if (netlink_listeners_find(protocol, host_address, port, &found, &err) < 0 || found)
        return !found;
    if (rules_list_published(&published, &count, &err) < 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (published[i].protocol == protocol && published[i].port == port &&
            (published[i].host_address == 0 || host_address == 0 ||
             published[i].host_address == host_address) &&
            !(table && strcmp(published[i].table, table) == 0))
            return false;
    return true;
}

bool addrpool_is_port_free(int protocol, uint32_t host_address, uint16_t port)
{
    return addrpool_is_port_free_for(NULL, protocol, host_address, port);
}
