/* SPDX-License-Identifier: MIT */

/*
 * The order in which services start
 */

#include <stdlib.h>

#include "stack/stack.h"
#include "util/alloc.h"

struct order {
    const struct stack *stack;
    bool *placed;
    size_t *out;
    size_t count;
};

/* Put a service behind everything it depends on. There are no circles: check.c. */
static void place(struct order *order, size_t index)
{
    const struct service *service = &order->stack->services[index];

    if (order->placed[index])
        return;
    order->placed[index] = true;
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct service *next =
            stack_find_service(order->stack, service->depends_on[i].service);

        if (next)
            place(order, (size_t)(next - order->stack->services));
    }
    order->out[order->count++] = index;
}

void stack_order(const struct stack *stack, size_t *order)
{
    struct order state = { .stack = stack, .out = order };

    state.placed = alloc_array(bool, stack->service_count + 1);
    for (size_t i = 0; i < stack->service_count; i++)
        place(&state, i);
    free(state.placed);
}
