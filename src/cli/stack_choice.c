/* SPDX-License-Identifier: MIT */

/*
 * What `up` changes in a stack before it is brought up
 */

#include "cli/stack_choice.h"

#include <string.h>

#include "cli/scale_word.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

static struct service *find_service(struct stack *stack, const char *name)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        if (strcmp(stack->services[i].name, name) == 0)
            return &stack->services[i];
    }
    return NULL;
}

static int refuse_service(const struct stack *stack, const char *name, struct error *err)
{
    AUTO_STRINGS struct strings known = { 0 };
    const char *nearest;

    for (size_t i = 0; i < stack->service_count; i++)
        strings_add(&known, stack->services[i].name);
    nearest = known.count ? text_nearest(name, (const char *const *)known.items) : NULL;
    if (nearest)
        return error_set(err, ERROR_NOT_FOUND, "no such service: '%s'; did you mean '%s'?", name,
                         nearest);
    return error_set(err, ERROR_NOT_FOUND,
                     "no such service: '%s'; 'carte-stack config --services' lists them", name);
}

int stack_choice_scale(struct stack *stack, const struct strings *words, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        AUTO_FREE char *name = NULL;
        struct service *service;
        int64_t count;

        if (scale_word_parse(words->items[i], &name, &count, err) < 0)
            return -1;
        service = find_service(stack, name);
        if (!service)
            return refuse_service(stack, name, err);
        service->replicas = count;
    }
    return 0;
}

int stack_choice_close(const struct stack *stack, const struct strings *names, struct strings *out,
                       struct error *err)
{
    for (size_t i = 0; names->count == 0 && i < stack->service_count; i++)
        strings_add(out, stack->services[i].name);
    for (size_t i = 0; i < names->count; i++) {
        if (!stack_find_service(stack, names->items[i]))
            return refuse_service(stack, names->items[i], err);
        if (!strings_has(out, names->items[i]))
            strings_add(out, names->items[i]);
    }
    /* The list grows while it is walked: dependencies of dependencies come in, too. */
    for (size_t i = 0; i < out->count; i++) {
        const struct service *service = stack_find_service(stack, out->items[i]);

        for (size_t d = 0; service && d < service->dependency_count; d++) {
            if (!strings_has(out, service->depends_on[d].service))
                strings_add(out, service->depends_on[d].service);
        }
    }
    return 0;
}

static int64_t count_desired(const struct json *running, const char *name)
{
    const struct json *service = json_first(json_find(running, "services"));

    for (; service; service = json_next(service)) {
        if (text_equal(json_find_text(service, "name", ""), name))
            return json_find_int(service, "desired", 0);
    }
    return 0;
}

int stack_choice_keep_others(struct stack *stack, const struct strings *chosen,
                             const struct json *running, struct error *err)
{
    AUTO_STRINGS struct strings wanted = { 0 }, kept = { 0 }, left = { 0 };

    strings_copy(&wanted, chosen);
    for (size_t i = 0; i < stack->service_count; i++) {
        struct service *service = &stack->services[i];

        if (strings_has(chosen, service->name))
            continue;
        service->replicas = count_desired(running, service->name);
        if (service->replicas > 0)
            strings_add(&wanted, service->name);
    }
    /* What stays may depend on what does not run: then that stays, too, with no replica. */
    if (wanted.count > 0 && stack_choice_close(stack, &wanted, &kept, err) < 0)
        return -1;
    for (size_t i = 0; i < stack->service_count; i++) {
        if (!strings_has(&kept, stack->services[i].name))
            strings_add(&left, stack->services[i].name);
        else if (stack->services[i].replicas == 0)
            stack->services[i].autoscale.enabled = false;
    }
    for (size_t i = 0; i < left.count; i++)
        stack_remove_service(stack, left.items[i]);
    return 0;
}
