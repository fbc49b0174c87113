/* SPDX-License-Identifier: MIT */

/*
 * The replicas of one or several stacks, printed
 */

#pragma once

#include <stdbool.h>

#include "util/json.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;

struct ps_list_options {
    bool all, quiet, services;
    const char *format;
};

struct ps_list {
    const struct ps_list_options *options;
    const struct strings *only; /* names of services; empty: all */
    struct json *rows;          /* an array of {"project", "replica"} */
};

void ps_list_init(struct ps_list *list, const struct ps_list_options *options,
                  const struct strings *only);
void ps_list_done(struct ps_list *list);

/* Add the replicas of a stack, as GET /v1/stack answers it. */
void ps_list_add(struct ps_list *list, const char *project, const struct json *stack);
int ps_list_print(const struct ps_list *list, struct error *err) MUST_CHECK;
