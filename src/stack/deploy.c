/* SPDX-License-Identifier: MIT */

/*
 * How a service is deployed: the tables below `deploy`
 */

#include <string.h>

#include "stack/reading.h"
#include "stack/service.h"
#include "stack/shorthand.h"
#include "stack/tables.h"
#include "util/clock.h"

static const char *const conditions[] = { "none", "on-failure", "any", NULL };
static const char *const failure_actions[] = { "pause", "continue", "rollback", NULL };
static const char *const orders[] = { "stop-first", "start-first", NULL };

/* What a replica may use, and what it counts on, differ in what is so without a word. */
#define LIMIT_ROWS(pids_fallback)                                                 \
    {                                                                             \
        .key = "cpus",                                                            \
        MEMBER(CPUS, struct service_limits, cpu_millis),                          \
        .doc = "Cores, as in `0.5`.",                                             \
    },                                                                            \
        {                                                                         \
            .key = "memory",                                                      \
            MEMBER(BYTES, struct service_limits, memory_bytes),                   \
            .doc = "Memory, as in `128M`.",                                       \
        },                                                                        \
        {                                                                         \
            .key = "pids",                                                        \
            MEMBER(COUNT, struct service_limits, pids),                           \
            .fallback = (pids_fallback),                                          \
            .doc = "Processes and threads; -1 or 0: as many as the machine has.", \
        },                                                                        \
        LATER("devices", "Devices that are set aside."),                          \
        LATER("generic_resources", "Other resources that are set aside."), {},

static const struct field limits_fields[] = { LIMIT_ROWS("512") };
static const struct field reservations_fields[] = { LIMIT_ROWS(NULL) };

static const struct object limits_object = {
    .name = "limits",
    .doc = "What each replica may use.",
    .fields = limits_fields,
};

static const struct object reservations_object = {
    .name = "reservations",
    .doc =
        "What each replica counts on; autoscaling measures against it before the limit. Memory is "
        "taken from others first: `memory.low` of cgroups v2, where the cgroups above keep some, "
        "too, and the soft limit of v1.",
    .fields = reservations_fields,
};

static const struct field resources_fields[] = {
    {
        .key = "limits",
        EMBEDDED(struct service, limits, struct service_limits, limits_object),
        .live = true,
        .doc = "What each replica may use at most.",
    },
    {
        .key = "reservations",
        EMBEDDED(struct service, reservations, struct service_limits, reservations_object),
        .live = true,
        .doc = "What each replica counts on.",
    },
    {},
};

static const struct object resources_object = {
    .name = "resources",
    .doc = "What each replica may use.",
    .fields = resources_fields,
};

static const struct field restart_fields[] = {
    {
        .key = "condition",
        MEMBER(CHOICE, struct service_restart_policy, condition),
        .fallback = "any",
        .choices = conditions,
        .doc = "Which exits lead to a restart.",
    },
    {
        .key = "delay",
        MEMBER(DURATION, struct service_restart_policy, delay_ms),
        .fallback = "100ms",
        .max = HOUR_MS,
        .doc = "The wait before the first restart; it doubles up to a cap.",
    },
    {
        .key = "max_attempts",
        MEMBER(INT, struct service_restart_policy, max_attempts),
        .fallback = "0",
        .max = 1000000,
        .doc = "How often a replica is restarted before it is given up; 0 is without an end.",
    },
    {
        .key = "window",
        MEMBER(DURATION, struct service_restart_policy, window_ms),
        .fallback = "10s",
        .max = DAY_MS,
        .doc = "A replica that ran this long counts as started, and the wait begins anew.",
    },
    {
        .key = "unless_stopped",
        MEMBER(BOOL, struct service_restart_policy, unless_stopped),
        .fallback = "false",
        .own = true,
        .doc = "A service that was stopped by hand stays so at boot.",
    },
    {},
};

static const struct object restart_object = {
    .name = "restart_policy",
    .doc = "What happens when a replica exits.",
    .fields = restart_fields,
    .size = sizeof(struct service_restart_policy),
};

static const struct field update_fields[] = {
    {
        .key = "parallelism",
        MEMBER(INT, struct service_update, parallelism),
        .fallback = "1",
        .max = 1000,
        .doc = "How many replicas are replaced at a time; 0 is all at once.",
    },
    {
        .key = "delay",
        MEMBER(DURATION, struct service_update, delay_ms),
        .fallback = "0s",
        .max = DAY_MS,
        .doc = "The wait between two groups of replicas.",
    },
    {
        .key = "failure_action",
        MEMBER(CHOICE, struct service_update, failure_action),
        .fallback = "pause",
        .choices = failure_actions,
        .doc = "What happens when a new replica fails.",
    },
    {
        .key = "monitor",
        MEMBER(DURATION, struct service_update, monitor_ms),
        .fallback = "5s",
        .max = HOUR_MS,
        .doc = "How long a new replica is watched for failure.",
    },
    {
        .key = "max_failure_ratio",
        MEMBER(MILLIS, struct service_update, max_failure_millis),
        .fallback = "0",
        .max = 1000,
        .doc = "The share of new replicas that may fail.",
    },
    {
        .key = "order",
        MEMBER(CHOICE, struct service_update, order),
        .fallback = "start-first",
        .choices = orders,
        .doc = "Whether the new replica starts before the old one stops; the Compose "
               "Specification's default is `stop-first`.",
    },
    {},
};

static const struct object update_object = {
    .name = "update_config",
    .doc = "How replicas are replaced when their definition changes.",
    .fields = update_fields,
};

static const struct object rollback_object = {
    .name = "rollback_config",
    .doc = "How replicas are replaced when an update is taken back.",
    .fields = update_fields,
};

static void prepare_deploy(struct reading *reading, struct node *map)
{
    const struct node *mode = node_find(map, "mode");

    if (!mode || mode->kind != NODE_SCALAR || strcmp(mode->text, "replicated") == 0)
        return;
    if (strcmp(mode->text, "global") == 0)
        node_set(map, "replicas", &mode->place, node_new_scalar(&mode->place, "1"));
    else
        reading_error(reading, mode, "'%s' is not replicated or global", mode->text);
}

static const struct field deploy_fields[] = {
    {
        .key = "replicas",
        MEMBER(INT, struct service, replicas),
        .fallback = "1",
        .live = true,
        .max = 1000,
        .doc = "How many replicas are started; autoscaling moves on from there.",
    },
    {
        .key = "resources",
        GROUP(resources_object),
        .doc = "What each replica may use.",
    },
    {
        .key = "restart_policy",
        EMBEDDED(struct service, restart, struct service_restart_policy, restart_object),
        .fallback = "no",
        .live = true,
        .expand = shorthand_restart,
        .doc = "What happens when a replica exits; also as one word, like `restart`.",
    },
    {
        .key = "update_config",
        EMBEDDED(struct service, update, struct service_update, update_object),
        .live = true,
        .doc = "How replicas are replaced when their definition changes.",
    },
    {
        .key = "rollback_config",
        EMBEDDED(struct service, rollback, struct service_update, rollback_object),
        .live = true,
        .doc = "How replicas are replaced when an update is taken back.",
    },
    {
        .key = "mode",
        .kind = FIELD_QUIET,
        .doc = "`replicated`, or `global`, which is one replica on one machine.",
    },
    {
        .key = "endpoint_mode",
        .kind = FIELD_QUIET,
        .doc = "A service has a virtual address and a name for all its replicas, whatever stands "
               "here.",
    },
    LATER("labels", "Labels of the service."),
    LATER("placement", "Machines to run on; there is one machine."),
    {},
};

const struct object deploy_object = {
    .name = "deploy",
    .doc = "How the service is deployed.",
    .fields = deploy_fields,
    .prepare = prepare_deploy,
};
