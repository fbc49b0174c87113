/* SPDX-License-Identifier: MIT */

/*
 * Rules between the parts of a stack
 */

#include "stack/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"

struct check {
    struct reading *reading;
    const struct node *root;
    const struct stack *stack;
};

/*
 * Report under "services.NAME" and the keys that follow, ended by NULL; "#3" is the item 3 of
 * a list. The place is that of the deepest one that was written.
 */
static void report(const struct check *check, const char *const *keys, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define AT(...)           \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static const struct node *walk(const struct node *node, const char *key)
{
    size_t index = 0;

    if (*key != '#')
        return node_find(node, key);
    index = (size_t)strtoul(key + 1, NULL, 10);
    return node && node->kind == NODE_LIST && index < node->count ? node->children[index].value
                                                                  : NULL;
}

static void report(const struct check *check, const char *const *keys, const char *format, ...)
{
    AUTO_TEXT struct text path = { 0 };
    char text[1024];
    const struct node *node = check->root;
    const struct node *found = check->root;
    const char *alias = NULL;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (; *keys; keys++) {
        if (**keys == '#')
            text_add_format(&path, "[%s]", *keys + 1);
        else
            text_add_format(&path, "%s%s", path.length > 0 ? "." : "", *keys);
        node = walk(node, *keys);
        found = node ? node : found;
        alias = node ? node->path : NULL;
    }
    diagnostic_add(check->reading->diagnostics, DIAGNOSTIC_ERROR, &found->place,
                   alias ? alias : text_get(&path), "%s", text);
}

static const char *index_key(char buffer[24], size_t index)
{
    snprintf(buffer, 24, "#%zu", index);
    return buffer;
}

/* ---- defaults ---- */

/* Whose network it joins is started first, unless the file says when. */
static void complete_joined(const struct stack *stack, struct service *service)
{
    const char *joined = stack_find_joined(service);
    struct service_dependency *dependency = NULL;

    for (size_t i = 0; joined && i < service->dependency_count; i++)
        if (strcmp(service->depends_on[i].service, joined) == 0)
            return;
    if (!joined || !stack_find_service(stack, joined))
        return;
    dependency = ALLOC_APPEND(service->depends_on, service->dependency_count);
    dependency->service = alloc_text(joined);
    dependency->condition = SERVICE_STARTED;
    dependency->required = true;
}

static void complete_service(struct stack *stack, struct service *service)
{
    if (service->build.present && !service->image)
        service->image = alloc_format("%s-%s", stack->name, service->name);
    if (service->network_count == 0 && !service->network_mode) {
        struct service_network *network = ALLOC_APPEND(service->networks, service->network_count);

        network->network = alloc_text("default");
    }
    complete_joined(stack, service);
}

static bool is_used(const struct stack *stack, const char *network)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        for (size_t n = 0; n < stack->services[i].network_count; n++) {
            if (strcmp(stack->services[i].networks[n].network, network) == 0)
                return true;
        }
    }
    return false;
}

static void complete_name(const struct stack *stack, char **name, const char *key, bool external)
{
    if (!*name)
        *name = external ? alloc_text(key) : alloc_format("%s_%s", stack->name, key);
}

static void complete_networks(struct stack *stack)
{
    if (is_used(stack, "default") && !stack_find_network(stack, "default")) {
        struct stack_network *network = ALLOC_APPEND(stack->networks, stack->network_count);

        network->key = alloc_text("default");
    }
    for (size_t i = 0; i < stack->network_count; i++) {
        struct stack_network *network = &stack->networks[i];

        complete_name(stack, &network->name, network->key, network->external);
    }
}

void check_complete(struct stack *stack)
{
    for (size_t i = 0; i < stack->service_count; i++)
        complete_service(stack, &stack->services[i]);
    complete_networks(stack);
    for (size_t i = 0; i < stack->volume_count; i++)
        complete_name(stack, &stack->volumes[i].name, stack->volumes[i].key,
                      stack->volumes[i].external);
    for (size_t i = 0; i < stack->config_count; i++)
        complete_name(stack, &stack->configs[i].name, stack->configs[i].key,
                      stack->configs[i].external);
    for (size_t i = 0; i < stack->secret_count; i++)
        complete_name(stack, &stack->secrets[i].name, stack->secrets[i].key,
                      stack->secrets[i].external);
}

/* ---- names ---- */

static bool is_name(const char *name)
{
    if (!isalnum((unsigned char)*name) || strlen(name) > 63)
        return false;
    for (; *name; name++) {
        if (!isalnum((unsigned char)*name) && !strchr("_.-", *name))
            return false;
    }
    return true;
}

static void check_names(const struct check *check, const char *section, const char *name)
{
    if (!is_name(name))
        report(check, AT(section, name),
               "'%s' is not a name; write at most 63 letters, digits, '-', '_' and '.'", name);
}

static const char *nearest_service(const struct stack *stack, const char *name)
{
    const char **words = alloc_array(const char *, stack->service_count + 1);
    const char *near = NULL;

    for (size_t i = 0; i < stack->service_count; i++)
        words[i] = stack->services[i].name;
    near = text_nearest(name, words);
    free(words);
    return near;
}

static void report_missing(const struct check *check, const char *const *keys, const char *service)
{
    const char *near = nearest_service(check->stack, service);

    if (near)
        report(check, keys, "there is no service '%s'; did you mean '%s'?", service, near);
    else
        report(check, keys, "there is no service '%s' in this stack, or its profile is not active",
               service);
}

/* ---- one service ---- */

static void check_networks(const struct check *check, const struct service *service)
{
    for (size_t i = 0; i < service->network_count; i++) {
        const struct service_network *network = &service->networks[i];
        const struct stack_network *top = stack_find_network(check->stack, network->network);

        if (!top)
            report(check, AT("services", service->name, "networks", network->network),
                   "the network '%s' is not defined; add it to 'networks' at the top",
                   network->network);
        if (!network->ipv4_address)
            continue;
        if (top && !top->subnet && !top->external)
            report(check, AT("services", service->name, "networks", network->network),
                   "an address needs a subnet; add 'ipam' to the network '%s'", network->network);
        if (service->replicas > 1 || service->autoscale.max > 1)
            report(check, AT("services", service->name, "networks", network->network),
                   "one address cannot serve several replicas; remove 'ipv4_address'");
    }
}

/* The other one's network: it must have one, and only one. */
static void check_joined(const struct check *check, const struct service *service)
{
    const char *joined = stack_find_joined(service);
    const struct service *other = joined ? stack_find_service(check->stack, joined) : NULL;

    if (!joined)
        return;
    if (!other) {
        report_missing(check, AT("services", service->name, "network_mode"), joined);
        return;
    }
    if (other->network_mode)
        report(check, AT("services", service->name, "network_mode"),
               "service '%s' has no network of its own to join; write what its network_mode says",
               joined);
    if (other->replicas > 1 || other->autoscale.max > 1)
        report(check, AT("services", service->name, "network_mode"),
               "service '%s' has several replicas, and so several networks", joined);
    if (service->port_count > 0)
        report(check, AT("services", service->name, "ports"),
               "a service in the network of '%s' has no address; publish its ports there", joined);
}

static void check_mounts(const struct check *check, const struct service *service)
{
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct service_mount *mount = &service->mounts[i];
        char item[24];

        if (!mount->target)
            continue;
        if (mount->kind == SERVICE_MOUNT_VOLUME && mount->source &&
            !stack_find_volume(check->stack, mount->source))
            report(check, AT("services", service->name, "volumes", index_key(item, i)),
                   "the volume '%s' is not defined; add it to 'volumes' at the top, or write "
                   "'./%s' for a folder",
                   mount->source, mount->source);
        for (size_t n = 0; n < i; n++) {
            if (service->mounts[n].target && strcmp(service->mounts[n].target, mount->target) == 0)
                report(check, AT("services", service->name, "volumes", index_key(item, i)),
                       "'%s' is mounted twice; remove one", mount->target);
        }
    }
}

/* Do the configs or secrets that are used at `place` stand at the top? */
static void check_files(const struct check *check, const struct service *service,
                        const struct service_file *files, size_t count, const char *place)
{
    bool secrets = strcmp(place, "configs") != 0;
    const struct stack_file *known = secrets ? check->stack->secrets : check->stack->configs;
    size_t known_count = secrets ? check->stack->secret_count : check->stack->config_count;
    const char *section = secrets ? "secrets" : "configs";
    bool in_build = strcmp(place, "build") == 0;

    for (size_t i = 0; i < count; i++) {
        bool found = !files[i].source;
        char item[24];

        for (size_t n = 0; n < known_count && !found; n++)
            found = strcmp(known[n].key, files[i].source) == 0;
        if (found)
            continue;
        index_key(item, i);
        report(check,
               in_build ? AT("services", service->name, "build", section, item)
                        : AT("services", service->name, section, item),
               "the %s '%s' is not defined; add it to '%s' at the top",
               secrets ? "secret" : "config", files[i].source, section);
    }
}

static void check_dependencies(const struct check *check, const struct service *service)
{
    for (size_t i = 0; i < service->dependency_count; i++) {
        const struct service_dependency *dependency = &service->depends_on[i];

        if (!stack_find_service(check->stack, dependency->service))
            report_missing(check, AT("services", service->name, "depends_on", dependency->service),
                           dependency->service);
    }
}

static void check_replicas(const struct check *check, const struct service *service)
{
    const struct autoscale_policy *policy = &service->autoscale;
    const struct node *services = node_find(check->root, "services");
    const struct node *map = node_find(services, service->name);

    if (service->container_name && (service->replicas > 1 || policy->max > 1))
        report(check, AT("services", service->name, "container_name"),
               "one name cannot serve several replicas; remove it, or run one replica");
    if (service->hostname && !is_name(service->hostname))
        report(check, AT("services", service->name, "hostname"),
               "'%s' is not a name; write at most 63 letters, digits, '-', '_' and '.'",
               service->hostname);
    if (service->container_name && !is_name(service->container_name))
        report(check, AT("services", service->name, "container_name"),
               "'%s' is not a name; write at most 63 letters, digits, '-', '_' and '.'",
               service->container_name);
    if (policy->enabled && policy->max > 0 && node_find(node_find(map, "deploy"), "replicas") &&
        (service->replicas < policy->min || service->replicas > policy->max))
        report(check, AT("services", service->name, "deploy", "replicas"),
               "%lld replicas are not between the 'min' and 'max' of 'autoscale'",
               (long long)service->replicas);
}

static void check_service(const struct check *check, const struct service *service)
{
    check_names(check, "services", service->name);
    if (!service->image && !service->build.present &&
        node_find(node_find(node_find(check->root, "services"), service->name), "image"))
        report(check, AT("services", service->name, "image"),
               "the image is empty, because a variable has no value; set it");
    else if (!service->image && !service->build.present)
        report(check, AT("services", service->name),
               "the service has neither 'image' nor 'build'; add one");
    check_networks(check, service);
    check_joined(check, service);
    check_mounts(check, service);
    check_files(check, service, service->configs, service->config_count, "configs");
    check_files(check, service, service->secrets, service->secret_count, "secrets");
    check_files(check, service, service->build.secrets, service->build.secret_count, "build");
    check_dependencies(check, service);
    check_replicas(check, service);
}

/* ---- circles ---- */

struct circle {
    const struct check *check;
    unsigned char *seen; /* 1: on the way; 2: done */
    struct text path;
};

static size_t index_of(const struct stack *stack, const struct service *service)
{
    return (size_t)(service - stack->services);
}

/* Follow the dependencies of a service; true when they lead back to one on the way. */
static bool find_circle(struct circle *circle, const struct service *service)
{
    const struct stack *stack = circle->check->stack;
    size_t mark = circle->path.length;
    bool found = false;

    circle->seen[index_of(stack, service)] = 1;
    text_add_format(&circle->path, "%s%s", mark > 0 ? " -> " : "", service->name);
    for (size_t i = 0; i < service->dependency_count && !found; i++) {
        const struct service *next = stack_find_service(stack, service->depends_on[i].service);

        if (!next || circle->seen[index_of(stack, next)] == 2)
            continue;
        if (circle->seen[index_of(stack, next)] == 1) {
            report(circle->check, AT("services", service->name, "depends_on", next->name),
                   "the services wait for each other: %s -> %s", text_get(&circle->path),
                   next->name);
            found = true;
        } else {
            found = find_circle(circle, next);
        }
    }
    circle->seen[index_of(stack, service)] = 2;
    circle->path.length = mark;
    return found;
}

static void check_circles(const struct check *check)
{
    struct circle circle = { .check = check };

    circle.seen = alloc_array(unsigned char, check->stack->service_count + 1);
    for (size_t i = 0; i < check->stack->service_count; i++) {
        if (circle.seen[i] == 0 && find_circle(&circle, &check->stack->services[i]))
            break;
    }
    free(circle.seen);
    text_done(&circle.path);
}

/* ---- published ports ---- */

/* Two fixed host ports that cannot both be had. */
static bool collide(const struct service_port *a, const struct service_port *b)
{
    bool everywhere = !a->host_ip || !b->host_ip || strcmp(a->host_ip, "0.0.0.0") == 0 ||
                      strcmp(b->host_ip, "0.0.0.0") == 0;

    return a->published > 0 && a->published == a->published_last && a->published == b->published &&
           b->published == b->published_last && a->protocol == b->protocol &&
           (everywhere || strcmp(a->host_ip, b->host_ip) == 0);
}

static void check_ports(const struct check *check, size_t index)
{
    const struct service *service = &check->stack->services[index];

    for (size_t i = 0; i < service->port_count; i++) {
        for (size_t s = 0; s <= index; s++) {
            const struct service *other = &check->stack->services[s];
            char item[24];

            for (size_t n = 0; n < (s == index ? i : other->port_count); n++) {
                if (!collide(&service->ports[i], &other->ports[n]))
                    continue;
                report(check, AT("services", service->name, "ports", index_key(item, i)),
                       "port %u of this machine is published twice, also by '%s'; choose another",
                       (unsigned int)service->ports[i].published, other->name);
            }
        }
    }
}

void check_stack(struct reading *reading, const struct node *root, const struct stack *stack)
{
    struct check check = { .reading = reading, .root = root, .stack = stack };

    for (size_t i = 0; i < stack->service_count; i++) {
        check_service(&check, &stack->services[i]);
        check_ports(&check, i);
    }
    for (size_t i = 0; i < stack->network_count; i++)
        check_names(&check, "networks", stack->networks[i].key);
    for (size_t i = 0; i < stack->volume_count; i++)
        check_names(&check, "volumes", stack->volumes[i].key);
    for (size_t i = 0; i < stack->config_count; i++)
        check_names(&check, "configs", stack->configs[i].key);
    for (size_t i = 0; i < stack->secret_count; i++)
        check_names(&check, "secrets", stack->secrets[i].key);
    check_circles(&check);
    if (stack->service_count == 0 && !reading->resolved)
        report(&check, AT("services"), "the stack has no services; add one under 'services'");
}
