/* SPDX-License-Identifier: MIT */

/*
 * Has the console of a replica shown all that the replica wrote?
 */

#include "supervise/replica_console.h"

#include <unistd.h>

#include "supervise/crew.h"
#include "supervise/replica.h"

void replica_console_leave(struct replica *replica)
{
    if (!replica->console_event)
        return;
    close(event_get_fd(replica->console_event));
    event_free(replica->console_event);
    replica->console_event = NULL;
}

static void on_end(evutil_socket_t fd, short what, void *context)
{
    struct replica *replica = context;

    (void)fd;
    (void)what;
    replica_console_leave(replica);
    crew_touch(replica->crew);
}

void replica_console_watch(struct replica *replica, int pidfd)
{
    replica_console_leave(replica);
    replica->console_event = event_new(replica->crew->base, pidfd, EV_READ, on_end, replica);
    event_add(replica->console_event, NULL);
}

bool replica_console_is_alive(const struct replica *replica)
{
    return replica->console_event != NULL;
}
