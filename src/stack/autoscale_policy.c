/* SPDX-License-Identifier: MIT */

/*
 * Autoscaling policy of a service: its tables
 */

#include "stack/autoscale.h"

#include "stack/field.h"
#include "stack/reading.h"
#include "util/clock.h"

static const char *const metrics[] = { "cpu", "memory", NULL };
static const char *const selects[] = { "max", "min", "disabled", NULL };
static const char *const units[] = { "replicas", "percent", NULL };

static const struct field target_fields[] = {
    {
        .key = "type",
        MEMBER(CHOICE, struct autoscale_target, metric),
        .required = true,
        .choices = metrics,
        .doc = "What is measured: the share of the limit that the replicas use.",
    },
    {
        .key = "target",
        MEMBER(INT, struct autoscale_target, target_percent),
        .required = true,
        .min = 1,
        .max = 1000,
        .doc = "The percentage that the mean over the replicas is held at.",
    },
    {},
};

static const struct object target_object = {
    .name = "a metric",
    .doc = "One figure that the number of replicas follows.",
    .fields = target_fields,
    .size = sizeof(struct autoscale_target),
};

static void check_step(struct reading *reading, const struct node *map, void *base)
{
    const struct autoscale_step *step = base;

    if (step->from_percent >= step->to_percent)
        reading_error(reading, map, "'from' must be less than 'to'");
}

static const struct field out_fields[] = {
    {
        .key = "from",
        MEMBER(INT, struct autoscale_step, from_percent),
        .missing = INT64_MIN,
        .min = 0,
        .max = 1000000,
        .doc = "The step applies from this percentage on; none means from the lowest.",
    },
    {
        .key = "to",
        MEMBER(INT, struct autoscale_step, to_percent),
        .missing = INT64_MAX,
        .min = 0,
        .max = 1000000,
        .doc = "The step applies below this percentage; none means without an end.",
    },
    {
        .key = "add",
        MEMBER(INT, struct autoscale_step, change),
        .required = true,
        .min = 1,
        .max = 1000,
        .doc = "How many replicas are added.",
    },
    {},
};

static const struct object out_object = {
    .name = "a step out",
    .doc = "How many replicas to add while the metric is in a range.",
    .fields = out_fields,
    .size = sizeof(struct autoscale_step),
    .check = check_step,
};

static const struct field in_fields[] = {
    {
        .key = "from",
        MEMBER(INT, struct autoscale_step, from_percent),
        .missing = INT64_MIN,
        .min = 0,
        .max = 1000000,
        .doc = "The step applies from this percentage on; none means from the lowest.",
    },
    {
        .key = "to",
        MEMBER(INT, struct autoscale_step, to_percent),
        .missing = INT64_MAX,
        .min = 0,
        .max = 1000000,
        .doc = "The step applies below this percentage; none means without an end.",
    },
    {
        .key = "remove",
        MEMBER(INT, struct autoscale_step, change),
        .required = true,
        .negative = true,
        .min = 1,
        .max = 1000,
        .doc = "How many replicas are removed.",
    },
    {},
};

static const struct object in_object = {
    .name = "a step in",
    .doc = "How many replicas to remove while the metric is in a range.",
    .fields = in_fields,
    .size = sizeof(struct autoscale_step),
    .check = check_step,
};

static bool is_out(const void *element)
{
    return ((const struct autoscale_step *)element)->change > 0;
}

static bool is_in(const void *element)
{
    return !is_out(element);
}

static const struct field steps_fields[] = {
    {
        .key = "metric",
        MEMBER(CHOICE, struct autoscale_policy, step_metric),
        .fallback = "cpu",
        .choices = metrics,
        .doc = "What is measured: the share of the limit that the replicas use.",
    },
    {
        .key = "out",
        ELEMENTS(OBJECTS, struct autoscale_policy, steps, step_count, struct autoscale_step,
                 out_object),
        .belongs = is_out,
        .doc = "Steps that add replicas.",
    },
    {
        .key = "in",
        ELEMENTS(OBJECTS, struct autoscale_policy, steps, step_count, struct autoscale_step,
                 in_object),
        .belongs = is_in,
        .doc = "Steps that remove replicas.",
    },
    {},
};

static const struct object steps_object = {
    .name = "steps",
    .doc = "Step scaling, after the rules of ECS.",
    .fields = steps_fields,
};

static const struct field rate_fields[] = {
    {
        .key = "type",
        MEMBER(EITHER, struct autoscale_rate, percent),
        .required = true,
        .choices = units,
        .doc = "Whether `value` counts replicas or is a percentage of them.",
    },
    {
        .key = "value",
        MEMBER(INT, struct autoscale_rate, value),
        .required = true,
        .min = 1,
        .max = 100000,
        .doc = "The largest change within one period.",
    },
    {
        .key = "period",
        MEMBER(DURATION, struct autoscale_rate, period_ms),
        .fallback = "15s",
        .min = 100,
        .max = 30 * MINUTE_MS,
        .doc = "The time that `value` is counted over.",
    },
    {},
};

static const struct object rate_object = {
    .name = "a scaling policy",
    .doc = "How much the number of replicas may change within a time.",
    .fields = rate_fields,
    .size = sizeof(struct autoscale_rate),
};

#define BEHAVIOR_ROWS(stabilization_)                                                          \
    {                                                                                          \
        .key = "stabilization",                                                                \
        MEMBER(DURATION, struct autoscale_behavior, stabilization_ms),                         \
        .fallback = (stabilization_),                                                          \
        .max = HOUR_MS,                                                                        \
        .doc = "The most cautious wish of this long counts, so that a short change does not.", \
    },                                                                                         \
        {                                                                                      \
            .key = "select",                                                                   \
            MEMBER(CHOICE, struct autoscale_behavior, select),                                 \
            .fallback = "max",                                                                 \
            .choices = selects,                                                                \
            .doc = "Which of several policies counts; `disabled` forbids this direction.",     \
        },                                                                                     \
        {                                                                                      \
            .key = "policies",                                                                 \
            .kind = FIELD_OBJECTS,                                                             \
            .object = &rate_object,                                                            \
            .offset = offsetof(struct autoscale_behavior, rates),                              \
            .has_companion = true,                                                             \
            .companion = offsetof(struct autoscale_behavior, rate_count),                      \
            .capacity = AUTOSCALE_RATES_MAX,                                                   \
            .doc = "Limits of the speed; those of the Kubernetes HPA when none is given.",     \
        },                                                                                     \
    {                                                                                          \
    }

static const struct field up_fields[] = { BEHAVIOR_ROWS("0s") };
static const struct field down_fields[] = { BEHAVIOR_ROWS("300s") };

static const struct object up_object = {
    .name = "scale_up",
    .doc = "How fast replicas may be added.",
    .fields = up_fields,
};

static const struct object down_object = {
    .name = "scale_down",
    .doc = "How fast replicas may be removed.",
    .fields = down_fields,
};

static const struct field behavior_fields[] = {
    {
        .key = "scale_up",
        EMBEDDED(struct autoscale_policy, up, struct autoscale_behavior, up_object),
        .doc = "How fast replicas may be added.",
    },
    {
        .key = "scale_down",
        EMBEDDED(struct autoscale_policy, down, struct autoscale_behavior, down_object),
        .doc = "How fast replicas may be removed.",
    },
    {},
};

static const struct object behavior_object = {
    .name = "behavior",
    .doc = "How fast the number of replicas may change in each direction.",
    .fields = behavior_fields,
};

static const struct field autoscale_fields[] = {
    {
        .key = "min",
        MEMBER(INT, struct autoscale_policy, min),
        .fallback = "1",
        .min = 1,
        .max = 1000,
        .doc = "There are never fewer replicas.",
    },
    {
        .key = "max",
        MEMBER(INT, struct autoscale_policy, max),
        .required = true,
        .min = 1,
        .max = 1000,
        .doc = "There are never more replicas.",
    },
    {
        .key = "metrics",
        ELEMENTS(OBJECTS, struct autoscale_policy, targets, target_count, struct autoscale_target,
                 target_object),
        .doc = "Target tracking, after the rules of the Kubernetes HPA; the largest wish counts.",
    },
    {
        .key = "steps",
        GROUP(steps_object),
        .doc = "Step scaling, after the rules of ECS.",
    },
    {
        .key = "period",
        MEMBER(DURATION, struct autoscale_policy, period_ms),
        .fallback = "15s",
        .min = 100,
        .max = HOUR_MS,
        .doc = "The time between two decisions.",
    },
    {
        .key = "cooldown",
        MEMBER(DURATION, struct autoscale_policy, cooldown_ms),
        .fallback = "60s",
        .max = HOUR_MS,
        .doc = "How long steps wait after a change, and the autoscaler after `scale`.",
    },
    {
        .key = "tolerance",
        MEMBER(MILLIS, struct autoscale_policy, tolerance_millis),
        .fallback = "0.1",
        .max = 1000,
        .doc = "A metric this near to its target, as a share of it, changes nothing.",
    },
    {
        .key = "behavior",
        GROUP(behavior_object),
        .doc = "How fast the number of replicas may change in each direction.",
    },
    {},
};

/* What the Kubernetes HPA does when no policy is written. */
static void default_rates(struct autoscale_policy *policy)
{
    if (policy->up.rate_count == 0) {
        policy->up.rates[0] = (struct autoscale_rate){ false, 4, 15 * SECOND_MS };
        policy->up.rates[1] = (struct autoscale_rate){ true, 100, 15 * SECOND_MS };
        policy->up.rate_count = 2;
    }
    if (policy->down.rate_count == 0) {
        policy->down.rates[0] = (struct autoscale_rate){ true, 100, 15 * SECOND_MS };
        policy->down.rate_count = 1;
    }
}

/* Steps of one direction may not claim the same figure. */
static void check_overlaps(struct reading *reading, const struct node *map,
                           const struct autoscale_policy *policy)
{
    for (size_t i = 0; i < policy->step_count; i++) {
        const struct autoscale_step *a = &policy->steps[i];

        for (size_t n = i + 1; n < policy->step_count; n++) {
            const struct autoscale_step *b = &policy->steps[n];

            if (a->from_percent < b->to_percent && b->from_percent < a->to_percent) {
                reading_error(reading, node_find(map, "steps"),
                              "two steps overlap; give each range of the metric one step");
                return;
            }
        }
    }
}

static void check_policy(struct reading *reading, const struct node *map, void *base)
{
    struct autoscale_policy *policy = base;

    default_rates(policy);
    if (policy->max > 0 && policy->min > policy->max)
        reading_error(reading, map, "'min' is greater than 'max'");
    if (policy->target_count == 0 && policy->step_count == 0)
        reading_error(reading, map, "nothing is measured; add 'metrics' or 'steps'");
    if (policy->target_count > 0 && policy->step_count > 0)
        reading_error(reading, map, "'metrics' and 'steps' exclude each other; keep one");
    if (policy->step_count > 0)
        check_overlaps(reading, map, policy);
}

const struct object autoscale_policy_object = {
    .name = "autoscale",
    .doc = "The number of replicas follows the load.",
    .fields = autoscale_fields,
    .check = check_policy,
};
