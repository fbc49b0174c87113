/* SPDX-License-Identifier: MIT */

/*
 * The configuration of an image that runs by itself what a service runs
 */

#include "supervise/container_config.h"

#include <stdlib.h>
#include <string.h>

#include "supervise/plan.h"
#include "util/alloc.h"
#include "util/text.h"

static void replace(char **member, const char *text)
{
    if (text_is_empty(text))
        return;
    free(*member);
    *member = alloc_text(text);
}

/* An entry point of the service's own makes the image's command void. */
static void set_command(const struct service *service, struct image_config *config)
{
    static const struct strings none = { 0 };

    if (service->has_entrypoint) {
        strings_copy(&config->entrypoint, &service->entrypoint);
        strings_copy(&config->cmd, &none);
    }
    if (service->has_command)
        strings_copy(&config->cmd, &service->command);
}

static void set_exposed(const struct service *service, struct image_config *config)
{
    AUTO_STRINGS struct strings ports = { 0 };

    for (size_t i = 0; i < service->expose.count; i++)
        strings_take(&ports, strchr(service->expose.items[i], '/')
                                 ? alloc_text(service->expose.items[i])
                                 : alloc_format("%s/tcp", service->expose.items[i]));
    for (size_t i = 0; i < service->port_count; i++)
        strings_take(&ports,
                     alloc_format("%u/%s", service->ports[i].target,
                                  service->ports[i].protocol == SERVICE_UDP ? "udp" : "tcp"));
    for (size_t i = 0; i < ports.count; i++)
        if (!strings_has(&config->exposed, ports.items[i]))
            strings_add(&config->exposed, ports.items[i]);
}

static void set_health(const struct service *service, struct image_config *config)
{
    const struct service_healthcheck *check = &service->healthcheck;
    static const struct strings none = { 0 };

    if (check->probe == SERVICE_PROBE_INHERIT)
        return;
    strings_copy(&config->health_test, &none);
    strings_add(&config->health_test, check->probe == SERVICE_PROBE_CMD     ? "CMD"
                                      : check->probe == SERVICE_PROBE_SHELL ? "CMD-SHELL"
                                                                            : "NONE");
    for (size_t i = 0; i < check->test.count; i++)
        strings_add(&config->health_test, check->test.items[i]);
    config->health_interval_ms = check->interval_ms;
    config->health_timeout_ms = check->timeout_ms;
    config->health_start_period_ms = check->start_period_ms;
    config->health_start_interval_ms = check->start_interval_ms;
    config->health_retries = check->retries;
}

void container_config_make(const struct service *service, const struct image_config *image,
                           struct image_config *out)
{
    image_config_copy(out, image);
    set_command(service, out);
    plan_variables(service, &out->env);
    for (size_t i = 0; i < service->labels.count; i++)
        strings_map_set(&out->labels, service->labels.pairs[i].key,
                        service->labels.pairs[i].value ? service->labels.pairs[i].value : "");
    for (size_t i = 0; i < service->mount_count; i++)
        if (service->mounts[i].kind == SERVICE_MOUNT_VOLUME && !service->mounts[i].source &&
            !strings_has(&out->volumes, service->mounts[i].target))
            strings_add(&out->volumes, service->mounts[i].target);
    replace(&out->user, service->user);
    replace(&out->working_dir, service->working_dir);
    replace(&out->stop_signal, service->stop_signal);
    set_exposed(service, out);
    set_health(service, out);
}
