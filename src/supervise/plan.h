/* SPDX-License-Identifier: MIT */

/*
 * A service, its image and a replica's place become the spec of a container
 *
 * Pure: nothing is looked up and no file is touched; whether a path exists is the business of
 * who carries the plan out (replica.c, volumes.c). Tests compare plans.
 */

#pragma once

#include "image/image.h"
#include "runtime/resources.h"
#include "runtime/spec.h"
#include "stack/stack.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct error;

/* What a replica brings along; strings are borrowed. */
struct plan_input {
    const struct stack *stack;
    const struct service *service;
    const struct image *image;
    const char *id;            /* of the replica */
    const char *cgroup_parent; /* the stack's object name */
    const char *hostname;      /* unless the service gives one */
    const char *netns_path;
    const char *data_folder;    /* below CARTE_ROOT: upper, work, anonymous volumes */
    const char *files_folder;   /* below CARTE_RUN: hosts, resolv.conf, hostname, secrets */
    const char *volumes_folder; /* CARTE_ROOT/volumes */
};

/* A volume of the plan, which is to exist before the container starts. */
struct plan_volume {
    const char *source; /* folder on the host */
    const char *target; /* path in the image whose content fills it when it is new */
    bool is_bind;       /* a path of the user's, not of ours */
    bool create;        /* make the folder when it is missing */
    bool fill;          /* from the image, when new */
};

/* A file that is written into files_folder: a config or a secret. */
struct plan_file {
    const struct stack_file *file;
    const struct service_file *use;
    const char *path; /* on the host */
};

struct plan {
    struct container_spec spec; /* stdout_fd and stderr_fd are left to the caller */
    struct container_mount *mounts;
    struct container_ulimit *ulimits;
    struct container_device *devices; /* see devices.h */
    struct container_resources resources;
    struct container_id_map ids; /* of a user namespace of its own */
    struct plan_volume *volumes;
    size_t volume_count;
    struct plan_file *files;
    size_t file_count;
    struct strings owned; /* every string made for the plan */
};

/* ERROR_INVALID: the service asks for what does not exist, for example a capability. */
int plan_make(const struct plan_input *input, struct plan **out, struct error *err) MUST_CHECK;
/*
 * Give the container a user namespace of its own: id 0 and those after it are `first` and so on
 * on this machine. What it shares with the machine keeps its owners.
 */
void plan_set_ids(struct plan *plan, uint32_t first, uint32_t count);

void plan_free(struct plan *plan);
DEFINE_CLEANUP(plan)

/* What its replicas may use. */
struct container_limits plan_limits(const struct service *service) MUST_CHECK;

/* The command line of a service's containers: its own, or the image's. */
void plan_arguments(const struct service *service, const struct image_config *image,
                    struct strings *out);

/* Set and remove in "KEY=value" items what the service gives as its environment. */
void plan_variables(const struct service *service, struct strings *out);

/* The environment, "KEY=value": the image's, overlaid by the service's. */
void plan_environment(const struct service *service, const struct image_config *image,
                      const char *hostname, struct strings *out);

/* The signal that asks a replica to stop: the service's, the image's, or SIGTERM. */
int plan_stop_signal(const struct service *service, const struct image_config *image);

/* Its health check, the image's where the service inherits it; probe is NONE when there is none.
 * The strings belong to the caller: strings_done(&out->test). */
void plan_healthcheck(const struct service *service, const struct image_config *image,
                      struct service_healthcheck *out);
