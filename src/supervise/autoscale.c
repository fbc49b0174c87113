/* SPDX-License-Identifier: MIT */

/*
 * How many replicas there should be
 *
 * All arithmetic is on integers: a ratio is use over wanted use, both in thousandths of a
 * percent summed over replicas, and is compared by multiplying out. So 1.1 is 1.1.
 */

#include "supervise/autoscale.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/macro.h"

static const char *const metric_names[AUTOSCALE_METRIC_COUNT] = {
    [AUTOSCALE_CPU] = "cpu",
    [AUTOSCALE_MEMORY] = "memory",
};

/* What the replicas say about one metric. */
struct group {
    int64_t sum;     /* of use, thousandths of a percent */
    int64_t ready;   /* replicas with a sample that counts */
    int64_t ignored; /* pending, or too young to be judged */
    int64_t missing; /* without a sample */
};

/* One side's opinion. */
struct opinion {
    bool known;
    int64_t desired;
    char reason[160];
};

static void say(char *reason, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static void say(char *reason, size_t size, const char *format, ...)
{
    size_t used = strlen(reason);
    va_list args;

    va_start(args, format);
    vsnprintf(reason + used, size - used, format, args);
    va_end(args);
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

/* May the cpu use of a replica that starts up not be taken for its load? */
static bool is_young(const struct autoscale_replica *replica, int64_t now_ms)
{
    if (now_ms < replica->started_ms + AUTOSCALE_CPU_INITIALIZATION_MS) {
        return !replica->ready ||
               replica->sampled_ms < replica->ready_changed_ms + replica->window_ms;
    }
    return !replica->ready &&
           replica->started_ms + AUTOSCALE_READINESS_DELAY_MS > replica->ready_changed_ms;
}

static struct group group_replicas(const struct autoscale_input *input,
                                   enum autoscale_metric metric)
{
    struct group group = { 0 };

    for (size_t i = 0; i < input->replica_count; i++) {
        const struct autoscale_replica *replica = &input->replicas[i];
        int64_t use = replica->percent_millis[metric];

        if (!replica->running) {
            group.ignored++;
        } else if (use == AUTOSCALE_NO_SAMPLE) {
            group.missing++;
        } else if (metric == AUTOSCALE_CPU && is_young(replica, input->now_ms)) {
            group.ignored++;
        } else {
            group.sum += use;
            group.ready++;
        }
    }
    return group;
}

/* Is sum / wanted within the tolerance around 1? */
static bool is_tolerated(int64_t sum, int64_t wanted, int64_t tolerance_millis)
{
    return llabs(sum - wanted) * 1000 <= tolerance_millis * wanted;
}

/*
 * The count by one metric, as the HPA computes it. First the ready replicas alone are asked;
 * if others exist, they are then counted against the direction of the change, and a change
 * that does not hold with them is not made.
 */
static int64_t count_by_metric(const struct autoscale_policy *policy, struct group group,
                               int64_t target, int64_t current)
{
    int64_t wanted = target * 1000 * group.ready;
    bool up = group.sum > wanted;
    bool rebalance = group.ignored > 0 && up;
    int64_t desired = 0;

    if (!rebalance && group.missing == 0) {
        if (is_tolerated(group.sum, wanted, policy->tolerance_millis))
            return current;
        return divide_up(group.sum * group.ready, wanted);
    }
    if (group.sum < wanted)
        group.sum += group.missing * MAX(target, INT64_C(100)) * 1000;
    group.ready += group.missing + (rebalance ? group.ignored : 0);
    wanted = target * 1000 * group.ready;
    if (is_tolerated(group.sum, wanted, policy->tolerance_millis) || up != (group.sum > wanted))
        return current;
    desired = divide_up(group.sum * group.ready, wanted);
    return up == (desired > current) ? desired : current;
}

static void describe(const struct group *group, const struct autoscale_target *target,
                     int64_t desired, struct opinion *out)
{
    int64_t mean = group->sum / group->ready;

    out->reason[0] = '\0';
    say(out->reason, sizeof(out->reason), "%s %lld.%lld%% of target %lld%% over %lld ready",
        metric_names[target->metric], (long long)(mean / 1000), (long long)(mean % 1000 / 100),
        (long long)target->target_percent, (long long)group->ready);
    if (group->ignored > 0)
        say(out->reason, sizeof(out->reason), ", %lld starting", (long long)group->ignored);
    if (group->missing > 0)
        say(out->reason, sizeof(out->reason), ", %lld without sample", (long long)group->missing);
    say(out->reason, sizeof(out->reason), ": %lld", (long long)desired);
}

/* The largest count of all targets; when some cannot be measured, only a larger one counts. */
static void ask_targets(const struct autoscale_policy *policy, const struct autoscale_input *input,
                        struct opinion *out)
{
    size_t failed = 0;

    for (size_t i = 0; i < policy->target_count; i++) {
        const struct autoscale_target *target = &policy->targets[i];
        struct group group = group_replicas(input, target->metric);
        int64_t desired = 0;

        if (group.ready == 0 || target->target_percent <= 0) {
            failed++;
            continue;
        }
        desired = count_by_metric(policy, group, target->target_percent, input->current);
        if (!out->known || desired > out->desired) {
            out->desired = desired;
            describe(&group, target, desired, out);
        }
        out->known = true;
    }
    if (failed > 0 && out->known && out->desired < input->current)
        out->known = false;
}

static bool is_step_met(const struct autoscale_step *step, int64_t use)
{
    /* Above the threshold the lower bound is inclusive, below it the upper one. */
    bool above = step->from_percent == INT64_MIN || use >= step->from_percent * 1000;
    bool below = step->to_percent == INT64_MAX || use < step->to_percent * 1000;

    if (step->change >= 0)
        return above && below;
    above = step->from_percent == INT64_MIN || use > step->from_percent * 1000;
    below = step->to_percent == INT64_MAX || use <= step->to_percent * 1000;
    return above && below;
}

static bool is_cooling(bool happened, int64_t at_ms, const struct autoscale_policy *policy,
                       int64_t now_ms)
{
    return happened && now_ms < at_ms + policy->cooldown_ms;
}

/* The change a step asks for, after the cooldowns: 0 for none. */
static int64_t cool_down(const struct autoscale_policy *policy,
                         const struct autoscale_history *history, int64_t change, int64_t now_ms)
{
    bool out = is_cooling(history->has_out, history->out_ms, policy, now_ms);
    bool in = is_cooling(history->has_in, history->in_ms, policy, now_ms);

    if (change > 0)
        return out ? MAX(change - history->out_added, INT64_C(0)) : change;
    return out || in ? 0 : change;
}

/* The mean of all replicas with a sample chooses the step. */
static void ask_steps(const struct autoscale_policy *policy, const struct autoscale_input *input,
                      const struct autoscale_history *history, struct opinion *out,
                      int64_t *change_out)
{
    int64_t sum = 0;
    int64_t count = 0;
    int64_t asked = 0;

    for (size_t i = 0; i < input->replica_count; i++) {
        int64_t use = input->replicas[i].percent_millis[policy->step_metric];

        if (!input->replicas[i].running || use == AUTOSCALE_NO_SAMPLE)
            continue;
        sum += use;
        count++;
    }
    if (policy->step_count == 0 || count == 0)
        return;
    for (size_t i = 0; i < policy->step_count && asked == 0; i++) {
        if (is_step_met(&policy->steps[i], sum / count))
            asked = policy->steps[i].change;
    }
    *change_out = cool_down(policy, history, asked, input->now_ms);
    out->known = true;
    out->desired = input->current + *change_out;
    say(out->reason, sizeof(out->reason), "%s %lld.%lld%%: step %+lld",
        metric_names[policy->step_metric], (long long)(sum / count / 1000),
        (long long)(sum / count % 1000 / 100), (long long)asked);
    if (*change_out != asked)
        say(out->reason, sizeof(out->reason), ", cooling down: %+lld", (long long)*change_out);
}

/* Up: the least recommendation of its window; down: the greatest. */
static int64_t stabilise(const struct autoscale_policy *policy, const struct autoscale_input *input,
                         const struct autoscale_history *history, int64_t desired)
{
    int64_t up = desired;
    int64_t down = desired;

    for (size_t i = 0; i < history->recommendation_count; i++) {
        const struct autoscale_entry *entry = &history->recommendations[i];

        if (entry->at_ms > input->now_ms - policy->up.stabilization_ms)
            up = MIN(up, entry->value);
        if (entry->at_ms > input->now_ms - policy->down.stabilization_ms)
            down = MAX(down, entry->value);
    }
    return MIN(MAX(input->current, up), down);
}

/* The count at the beginning of the period, from the changes since. */
static int64_t count_before(const struct autoscale_input *input,
                            const struct autoscale_history *history, int64_t period_ms)
{
    int64_t count = input->current;

    for (size_t i = 0; i < history->change_count; i++) {
        if (history->changes[i].at_ms > input->now_ms - period_ms)
            count -= history->changes[i].value;
    }
    return count;
}

static int64_t limit_one_rate(const struct autoscale_rate *rate,
                              const struct autoscale_input *input,
                              const struct autoscale_history *history, int64_t sign)
{
    int64_t start = count_before(input, history, rate->period_ms);

    if (!rate->percent)
        return start + sign * rate->value;
    if (sign > 0)
        return divide_up(start * (100 + rate->value), 100);
    return start * (100 - MIN(rate->value, INT64_C(100))) / 100;
}

/* The furthest count that the rates allow in the direction of `sign`. */
static int64_t limit_rate(const struct autoscale_behavior *behavior,
                          const struct autoscale_input *input,
                          const struct autoscale_history *history, int64_t sign)
{
    bool widest = behavior->select == AUTOSCALE_SELECT_MAX;
    int64_t best = 0;

    if (behavior->select == AUTOSCALE_SELECT_DISABLED)
        return input->current;
    if (behavior->rate_count == 0)
        return sign > 0 ? INT64_MAX : 0;
    for (size_t i = 0; i < behavior->rate_count; i++) {
        int64_t limit = limit_one_rate(&behavior->rates[i], input, history, sign);

        if (i == 0 || widest == (sign * limit > sign * best)) {
            best = limit;
        }
    }
    /* Changes of the other direction in the period do not turn the direction. */
    return sign > 0 ? MAX(best, input->current) : MIN(best, input->current);
}

static int64_t limit_rates(const struct autoscale_policy *policy,
                           const struct autoscale_input *input,
                           const struct autoscale_history *history, int64_t desired)
{
    if (desired > input->current)
        return MIN(desired, limit_rate(&policy->up, input, history, 1));
    if (desired < input->current)
        return MAX(desired, limit_rate(&policy->down, input, history, -1));
    return desired;
}

/* Bring out->desired within what the user and the machine allow, and say so. */
static void clamp(const struct autoscale_policy *policy, const struct autoscale_input *input,
                  struct autoscale_decision *out)
{
    int64_t room = MAX(input->host_max, input->current);

    if (out->desired > room) {
        out->desired = room;
        say(out->reason, sizeof(out->reason), "; the machine has room for %lld", (long long)room);
    }
    if (out->desired > policy->max) {
        out->desired = policy->max;
        say(out->reason, sizeof(out->reason), "; max %lld", (long long)policy->max);
    }
    if (out->desired < policy->min) {
        out->desired = policy->min;
        say(out->reason, sizeof(out->reason), "; min %lld", (long long)policy->min);
    }
}

/* What forbids a decision at this time; false: nothing. */
static bool is_held(const struct autoscale_policy *policy, const struct autoscale_input *input,
                    const struct autoscale_history *history, struct autoscale_decision *out)
{
    if (input->current == 0 && policy->min > 0) {
        say(out->reason, sizeof(out->reason), "stopped: not scaled");
        return true;
    }
    if (is_cooling(history->has_manual, history->manual_ms, policy, input->now_ms)) {
        say(out->reason, sizeof(out->reason), "set by hand: held for the cooldown");
        return true;
    }
    return false;
}

static void follow_targets(const struct autoscale_policy *policy,
                           const struct autoscale_input *input,
                           const struct autoscale_history *history, struct opinion *targets,
                           struct autoscale_decision *out)
{
    int64_t stable = stabilise(policy, input, history, targets->desired);
    int64_t limited = limit_rates(policy, input, history, stable);

    out->has_recommendation = true;
    out->recommendation = targets->desired;
    if (stable != targets->desired)
        say(targets->reason, sizeof(targets->reason), "; stabilised: %lld", (long long)stable);
    if (limited != stable)
        say(targets->reason, sizeof(targets->reason), "; rate: %lld", (long long)limited);
    targets->desired = limited;
}

void autoscale_decide(const struct autoscale_policy *policy, const struct autoscale_input *input,
                      const struct autoscale_history *history, struct autoscale_decision *out)
{
    struct opinion targets = { 0 };
    struct opinion steps = { 0 };
    const struct opinion *chosen = &targets;

    *out = (struct autoscale_decision){ .desired = input->current };
    if (is_held(policy, input, history, out))
        return;
    ask_targets(policy, input, &targets);
    ask_steps(policy, input, history, &steps, &out->step_change);
    if (targets.known)
        follow_targets(policy, input, history, &targets, out);
    if (steps.known && (!targets.known || steps.desired > targets.desired))
        chosen = &steps;
    if (chosen == &targets && out->step_change != 0 && targets.desired != steps.desired)
        out->step_change = 0;
    if (chosen->known)
        out->desired = chosen->desired;
    say(out->reason, sizeof(out->reason), "%s", chosen->known ? chosen->reason : "no sample yet");
    clamp(policy, input, out);
}

/* Drop the entries that are older than `window_ms` and append one. */
static struct autoscale_entry *remember(struct autoscale_entry *entries, size_t *count,
                                        int64_t window_ms, struct autoscale_entry entry)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (entries[i].at_ms > entry.at_ms - window_ms)
            entries[kept++] = entries[i];
    }
    *count = kept;
    *ALLOC_APPEND(entries, *count) = entry;
    return entries;
}

static int64_t longest_period(const struct autoscale_policy *policy)
{
    const struct autoscale_behavior *behaviors[] = { &policy->up, &policy->down };
    int64_t longest_ms = 0;

    for (size_t i = 0; i < ARRAY_SIZE(behaviors); i++) {
        for (size_t k = 0; k < behaviors[i]->rate_count; k++)
            longest_ms = MAX(longest_ms, behaviors[i]->rates[k].period_ms);
    }
    return longest_ms;
}

static void record_change(struct autoscale_history *history, int64_t longest_ms, int64_t now_ms,
                          int64_t change)
{
    const struct autoscale_entry entry = { now_ms, change };

    if (change != 0)
        history->changes = remember(history->changes, &history->change_count, longest_ms, entry);
}

static void record_step(struct autoscale_history *history, const struct autoscale_policy *policy,
                        int64_t now_ms, int64_t change)
{
    if (change > 0) {
        bool cooling = is_cooling(history->has_out, history->out_ms, policy, now_ms);

        history->out_added = (cooling ? history->out_added : 0) + change;
        history->has_out = true;
        history->out_ms = now_ms;
    } else if (change < 0) {
        history->has_in = true;
        history->in_ms = now_ms;
    }
}

void autoscale_record(struct autoscale_history *history, const struct autoscale_policy *policy,
                      const struct autoscale_input *input,
                      const struct autoscale_decision *decision)
{
    int64_t window_ms = MAX(policy->up.stabilization_ms, policy->down.stabilization_ms);
    int64_t change = decision->desired - input->current;

    if (decision->has_recommendation && window_ms > 0) {
        history->recommendations =
            remember(history->recommendations, &history->recommendation_count, window_ms,
                     (struct autoscale_entry){ input->now_ms, decision->recommendation });
    }
    record_change(history, longest_period(policy), input->now_ms, change);
    if (decision->step_change != 0)
        record_step(history, policy, input->now_ms, change);
}

void autoscale_record_manual(struct autoscale_history *history, int64_t now_ms, int64_t before,
                             int64_t after)
{
    /* The longest period of a rate policy is half an hour. */
    record_change(history, INT64_C(1800000), now_ms, after - before);
    history->has_manual = true;
    history->manual_ms = now_ms;
}

void autoscale_history_done(struct autoscale_history *history)
{
    free(history->recommendations);
    free(history->changes);
    *history = (struct autoscale_history){ 0 };
}
