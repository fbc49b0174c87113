/* SPDX-License-Identifier: MIT */

/*
 * The stack: one or several files, resolved and checked
 *
 * stack_load() reads the files in the order of the Compose specification (parse, interpolate,
 * merge, check, defaults) and reports every mistake it finds, not just the first. What it
 * returns is complete: paths are absolute, defaults in place, references between services,
 * networks and volumes valid, the dependency graph free of cycles.
 *
 * stack_format() writes that model back as a stack file that stack_load() reads to an equal
 * model: `config` prints it, and the supervisor runs from it (docs/architecture.md).
 */

#pragma once

#include "stack/service.h"
#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

struct stack_network {
    char *key;
    char *name; /* "<project>_<key>", or as given */
    bool external, internal;
    char *subnet;  /* "10.1.2.0/24", or NULL: one is chosen */
    char *gateway; /* or NULL */
    struct strings_map labels, driver_opts;
};

struct stack_volume {
    char *key;
    char *name;
    bool external;
    struct strings_map labels, driver_opts;
};

/* A config or secret: exactly one of the sources is set, or it is external. */
struct stack_file {
    char *key;
    char *name;
    bool external;
    char *path;        /* file: absolute */
    char *content;     /* configs only */
    char *environment; /* name of a variable of the environment of `up` */
};

struct stack {
    char *name;               /* the project */
    char *directory;          /* of the first file: relative paths start here */
    struct service *services; /* in the order of the file */
    size_t service_count;
    struct stack_network *networks; /* only those in use, and `default` when it is */
    size_t network_count;
    struct stack_volume *volumes;
    size_t volume_count;
    struct stack_file *configs, *secrets;
    size_t config_count, secret_count;
};

struct stack_options {
    struct strings files;     /* empty: looked for, as the specification says */
    struct strings env_files; /* empty: .env of the project's folder */
    struct strings profiles;
    const struct strings *named; /* services that are active whatever their profile; or NULL */
    const char *project_name;    /* -p, or NULL */
    const char *directory;       /* to look in, or NULL: the working folder */
    bool loose;                  /* unknown keys are warnings */
    bool resolved;               /* the output of stack_format(): nothing is interpolated */
};

/*
 * Load and check. Mistakes and warnings are added to `diagnostics`; with a mistake the result
 * is NULL and *err says how many there are (ERROR_INVALID), or that there is no file
 * (ERROR_NOT_FOUND). The caller frees the stack.
 */
struct stack *stack_load(const struct stack_options *options, struct diagnostics *diagnostics,
                         struct error *err) MUST_CHECK;
void stack_free(struct stack *stack);
DEFINE_CLEANUP(stack)

/* Take a service away, on which no other may depend. */
void stack_remove_service(struct stack *stack, const char *name);

/* Take away the external networks that no service is on. */
void stack_forget_external_networks(struct stack *stack);

/* Write the resolved model as YAML. */
void stack_format(const struct stack *stack, struct text *out);

const struct service *stack_find_service(const struct stack *stack, const char *name);
/* The service whose network it joins, by `network_mode: service:NAME`; NULL: none. */
const char *stack_find_joined(const struct service *service);
const struct stack_network *stack_find_network(const struct stack *stack, const char *key);
const struct stack_volume *stack_find_volume(const struct stack *stack, const char *key);

/*
 * Indexes of the services in the order in which they start: each after those it depends on.
 * `order` holds service_count entries.
 */
void stack_order(const struct stack *stack, size_t *order);

/*
 * A digest (64 hex digits and a NUL) of what a running replica of the service depends on: when
 * it changes, the replica must be replaced. The replica count, autoscaling, update rules, ports
 * that are published and dependencies are not part of it; contents of configs and secrets are.
 */
void stack_service_digest(const struct stack *stack, const struct service *service, char out[65]);
