/* SPDX-License-Identifier: MIT */

/*
 * The names that the front knows, and who may know them
 */

#include "supervise/front_names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "supervise/front_message.h"
#include "util/alloc.h"

struct names {
    struct dns_table table;
    uint32_t *askers; /* sorted when they count */
    size_t asker_count;
};

struct front_names_network {
    TAILQ_ENTRY(front_names_network) entry;
    struct front_names *all;
    bool internal, is_known;
    bool has_next;
    struct names now, next;
};

struct front_names {
    TAILQ_HEAD(, front_names_network) networks;
};

static void names_done(struct names *names)
{
    dns_table_done(&names->table);
    free(names->askers);
    *names = (struct names){ 0 };
}

struct front_names *front_names_new(void)
{
    struct front_names *names = alloc_new(struct front_names);

    TAILQ_INIT(&names->networks);
    return names;
}

void front_names_free(struct front_names *names)
{
    if (!names)
        return;
    while (!TAILQ_EMPTY(&names->networks))
        front_names_remove(TAILQ_FIRST(&names->networks));
    free(names);
}

struct front_names_network *front_names_add(struct front_names *names, bool internal)
{
    struct front_names_network *network = alloc_new(struct front_names_network);

    network->all = names;
    network->internal = internal;
    TAILQ_INSERT_TAIL(&names->networks, network, entry);
    return network;
}

void front_names_remove(struct front_names_network *network)
{
    if (!network)
        return;
    TAILQ_REMOVE(&network->all->networks, network, entry);
    names_done(&network->now);
    names_done(&network->next);
    free(network);
}

void front_names_begin(struct front_names_network *network, const struct front_message *message)
{
    struct dns_table *table = &network->next.table;

    names_done(&network->next);
    network->has_next = true;
    if (message->length < sizeof(table->suffix))
        memcpy(table->suffix, message->data, message->length);
}

static bool read_askers(struct names *names, const struct front_message *message)
{
    if (message->length % sizeof(*names->askers) != 0)
        return false;
    for (size_t at = 0; at < message->length; at += sizeof(*names->askers))
        memcpy(ALLOC_APPEND(names->askers, names->asker_count), message->data + at,
               sizeof(*names->askers));
    return true;
}

bool front_names_read(struct front_names_network *network, const struct front_message *message)
{
    if (message->type == FRONT_MESSAGE_ASKERS)
        return read_askers(&network->next, message);
    return front_message_read_names(message, &network->next.table);
}

static int compare_addresses(const void *left, const void *right)
{
    const uint32_t *a = left;
    const uint32_t *b = right;

    return (*a > *b) - (*a < *b);
}

void front_names_use(struct front_names *names)
{
    struct front_names_network *network;

    TAILQ_FOREACH(network, &names->networks, entry)
    {
        if (!network->has_next)
            continue;
        names_done(&network->now);
        network->now = network->next;
        network->next = (struct names){ 0 };
        network->has_next = false;
        network->is_known = true;
        if (network->now.asker_count > 0)
            qsort(network->now.askers, network->now.asker_count, sizeof(uint32_t),
                  compare_addresses);
    }
}

bool front_names_are_known(const struct front_names_network *network)
{
    return network->is_known;
}

static bool has_asker(const struct front_names_network *network, uint32_t asker)
{
    return network->now.asker_count > 0 &&
           bsearch(&asker, network->now.askers, network->now.asker_count, sizeof(asker),
                   compare_addresses);
}

bool front_names_look(const struct front_names_network *network, uint32_t asker,
                      struct dns_view *out)
{
    const struct front_names_network *other;
    bool may_leave = !network->internal;

    out->tables[0] = &network->now.table;
    out->count = 1;
    TAILQ_FOREACH(other, &network->all->networks, entry)
    {
        if (other == network || out->count == DNS_VIEW_TABLES_MAX || !has_asker(other, asker))
            continue;
        out->tables[out->count++] = &other->now.table;
        may_leave = may_leave || !other->internal;
    }
    return may_leave;
}
