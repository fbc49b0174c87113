/* SPDX-License-Identifier: MIT */

/*
 * Rules between the keys of a service, and spellings that no row can describe
 */

#include "stack/service_rules.h"

#include <stdlib.h>
#include <string.h>

#include "stack/node.h"
#include "stack/reading.h"
#include "stack/service.h"
#include "stack/service_words.h"
#include "util/alloc.h"
#include "util/macro.h"
#include "util/text.h"

#define SHARES_MAX 262144

/* `links: [db:alias]` says that `db` is started first. */
static void prepare_links(struct reading *reading, struct node *map)
{
    AUTO(node) struct node *links = node_take(map, "links");
    struct node *depends = node_find(map, "depends_on");

    if (!links || links->kind != NODE_LIST)
        return;
    if (!depends || depends->kind == NODE_NULL) {
        depends = node_new(NODE_LIST, &links->place);
        node_set(map, "depends_on", &links->place, depends);
    }
    for (size_t i = 0; i < links->count; i++) {
        struct node *link = links->children[i].value;
        char *colon = link->text ? strchr(link->text, ':') : NULL;

        if (colon) {
            reading_warn(reading, link,
                         "the other name in '%s' has no effect; write it as an "
                         "alias of the service's network",
                         link->text);
            *colon = '\0';
        }
        if (!link->text || (depends->kind == NODE_MAP && node_find(depends, link->text)))
            continue;
        if (depends->kind == NODE_LIST)
            node_append(depends, node_copy(link));
        else if (depends->kind == NODE_MAP)
            node_set(depends, link->text, &link->place, node_new(NODE_MAP, &link->place));
    }
}

/* Words that mean another policy, of which some say after which time. */
static void prepare_pull_policy(struct reading *reading, struct node *map)
{
    struct node *policy = node_find(map, "pull_policy");
    const char *text = policy && policy->kind == NODE_SCALAR ? policy->text : "";
    const char *after = strcmp(text, "daily") == 0         ? "1d"
                        : strcmp(text, "weekly") == 0      ? "1w"
                        : text_starts_with(text, "every_") ? text + strlen("every_")
                                                           : NULL;

    if (!after && strcmp(text, "if_not_present") != 0)
        return;
    if (after && node_find(map, "pull_refresh_after"))
        reading_error(reading, policy, "'%s' and 'pull_refresh_after' exclude each other", text);
    else if (after)
        node_set(map, "pull_refresh_after", &policy->place, node_new_scalar(&policy->place, after));
    free(policy->text);
    policy->text = alloc_text(after ? "refresh" : "missing");
}

/* `network_mode` has words that mean the default. */
void service_rules_prepare(struct reading *reading, struct node *map)
{
    struct node *mode = node_find(map, "network_mode");

    prepare_links(reading, map);
    prepare_pull_policy(reading, map);
    if (mode && mode->kind == NODE_SCALAR &&
        (strcmp(mode->text, "bridge") == 0 || strcmp(mode->text, "default") == 0)) {
        reading_warn(reading, mode, "'%s' means the network 'default' here", mode->text);
        node_free(node_take(map, "network_mode"));
    }
}

static void check_network(struct reading *reading, const struct node *map,
                          const struct service *service)
{
    const char *mode = service->network_mode;

    if (mode && strcmp(mode, "none") != 0 && strcmp(mode, "host") != 0 &&
        !text_starts_with(mode, "service:"))
        reading_error(reading, node_find(map, "network_mode"),
                      "'%s' is not supported; write none, host, service:NAME, or use 'networks'",
                      mode);
    if (mode && service->network_count > 0)
        reading_error(reading, node_find(map, "networks"),
                      "'networks' and 'network_mode' exclude each other; keep one");
}

static void check_pull(struct reading *reading, const struct node *map,
                       const struct service *service)
{
    if (service->pull_policy == SERVICE_PULL_BUILD && !service->build.present)
        reading_error(reading, node_find(map, "pull_policy"),
                      "'build' needs a build section in the service");
    if (service->pull_policy == SERVICE_PULL_REFRESH && service->pull_refresh_after_ms == 0)
        reading_error(reading, node_find(map, "pull_policy"),
                      "'refresh' needs 'pull_refresh_after'; write daily, weekly or every_12h");
}

/* What is shared with the machine cannot be so by one whose ids are others. */
static void check_namespaces(struct reading *reading, const struct node *map,
                             const struct service *service)
{
    const struct {
        const char *key, *mode;
    } spaces[] = { { "pid", service->pid }, { "ipc", service->ipc } };

    for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
        const char *mode = spaces[i].mode;

        if (!mode || strcmp(mode, "private") == 0)
            continue;
        if (strcmp(mode, "host") != 0)
            reading_error(reading, node_find(map, spaces[i].key),
                          "'%s: %s' is not supported; write host or private", spaces[i].key, mode);
        else if (service->user_namespace == SERVICE_USER_NAMESPACE_AUTO)
            reading_error(reading, node_find(map, spaces[i].key),
                          "'%s: host' and 'userns_mode: auto' exclude each other; keep one",
                          spaces[i].key);
    }
}

static void check_limits(struct reading *reading, const struct node *map,
                         const struct service *service)
{
    const struct node *swap = node_find(map, "memswap_limit");

    if (service->memory_and_swap_bytes > 0 && service->limits.memory_bytes == 0)
        reading_error(reading, swap, "'memswap_limit' needs 'mem_limit' besides");
    else if (service->memory_and_swap_bytes > 0 &&
             service->memory_and_swap_bytes < service->limits.memory_bytes)
        reading_error(reading, swap,
                      "'memswap_limit' is memory and swap together, and less than 'mem_limit'");
    if (service->limits.memory_bytes > 0 &&
        service->reservations.memory_bytes > service->limits.memory_bytes)
        reading_error(reading, map, "more memory is reserved than the limit of memory allows");
    if (service->cpu_shares == 1 || service->cpu_shares > SHARES_MAX)
        reading_error(reading, node_find(map, "cpu_shares"), "'cpu_shares' is not between 2 and %d",
                      SHARES_MAX);
    if (service->cpuset && (service->cpuset[0] == '\0' ||
                            service->cpuset[strspn(service->cpuset, "0123456789,-")] != '\0'))
        reading_error(reading, node_find(map, "cpuset"),
                      "'cpuset: %s' is no list of cores; write 0-2,4", service->cpuset);
}

void service_rules_check(struct reading *reading, const struct node *map, void *base)
{
    const struct service *service = base;

    check_network(reading, map, service);
    check_pull(reading, map, service);
    check_namespaces(reading, map, service);
    check_limits(reading, map, service);
    service_words_check(reading, map, service);
}
