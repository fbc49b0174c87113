/* SPDX-License-Identifier: MIT */

/*
 * The tables of the stack file, one object each
 */

#pragma once

#include "stack/field.h"

extern const struct object top_level_object;        /* the whole file; struct stack */
extern const struct object top_level_network;       /* struct stack_network */
extern const struct object service_object;          /* struct service */
extern const struct object autoscale_policy_object; /* struct autoscale_policy */
extern const struct object build_spec_object;       /* struct service_build */
extern const struct object deploy_object;           /* struct service, below `deploy` */

extern const struct object service_parts_port;
extern const struct object service_parts_mount;
extern const struct object service_parts_network;
extern const struct object service_parts_dependency;
extern const struct object service_parts_healthcheck;
extern const struct object service_parts_config;
extern const struct object service_parts_secret;
extern const struct object service_parts_env_file;
extern const struct object service_parts_ulimit;
extern const struct object service_device_object; /* struct service_device */

/* A row for a key of the specification that is not built yet. */
#define LATER(key_, doc_)                                 \
    {                                                     \
        .key = (key_), .kind = FIELD_LATER, .doc = (doc_) \
    }
