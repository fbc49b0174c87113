/* SPDX-License-Identifier: MIT */

/*
 * Replicas in the network namespace of another
 */

#include "supervise/replica_host.h"

#include <fcntl.h>
#include <stdlib.h>

#include "supervise/crew.h"
#include "supervise/replica.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static char *path_of(const struct replica *replica)
{
    return alloc_format("%s/netns/%s", replica->crew->run_folder, replica->record->id);
}

const struct replica *replica_host_find(const struct crew *crew, const struct replica *replica)
{
    const char *joined = stack_find_joined(replica->service);

    for (size_t i = 0; joined && i < crew->replica_count; i++) {
        const struct replica *other = crew->replicas[i];
        AUTO_FREE char *path = path_of(other);

        if (text_equal(other->record->service, joined) && !other->record->leaving &&
            file_exists(AT_FDCWD, path))
            return other;
    }
    return NULL;
}

int replica_host_take(struct replica *replica, struct error *err)
{
    const struct replica *host = NULL;

    if (!stack_find_joined(replica->service))
        return 0;
    host = replica_host_find(replica->crew, replica);
    if (!host)
        return error_set(err, ERROR_NOT_FOUND, "service '%s', whose network it joins, is not there",
                         stack_find_joined(replica->service));
    /* Its files name the host's addresses. */
    replica->is_prepared = false;
    free(replica->record->host);
    replica->record->host = alloc_text(host->record->id);
    replica_save(replica);
    return 0;
}

static const struct replica *find_by_id(const struct crew *crew, const char *id)
{
    for (size_t i = 0; id && i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->id, id))
            return crew->replicas[i];
    return NULL;
}

const struct replica *replica_host_get(const struct replica *replica)
{
    const struct replica *host = find_by_id(replica->crew, replica->record->host);

    return host ? host : replica;
}

char *replica_host_netns(const struct replica *replica)
{
    return path_of(replica_host_get(replica));
}

bool replica_host_has_guests(const struct crew *crew, const struct replica *replica)
{
    for (size_t i = 0; i < crew->replica_count; i++)
        if (text_equal(crew->replicas[i]->record->host, replica->record->id) &&
            (crew->replicas[i]->pidfd >= 0 ||
             replica_rules_is_alive(crew->replicas[i]->record->state)))
            return true;
    return false;
}

void replica_host_follow(struct crew *crew)
{
    for (size_t i = 0; i < crew->replica_count; i++) {
        struct replica *replica = crew->replicas[i];
        const struct replica *host = find_by_id(crew, replica->record->host);

        if (replica->record->state == REPLICA_RUNNING && !crew->ending && host &&
            host->record->leaving)
            replica_handle(replica, REPLICA_WANTED_AGAIN);
    }
}
