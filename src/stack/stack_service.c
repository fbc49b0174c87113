/* SPDX-License-Identifier: MIT */

/*
 * What a running replica depends on, as one digest
 *
 * The service's rows without those that may change while replicas run on, then what it refers
 * to: the contents of its configs and secrets, its networks and volumes.
 */

#include <fcntl.h>
#include <string.h>

#include "stack/stack.h"
#include "stack/stack_format.h"
#include "stack/tables.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"

#define CONTENT_MAX (16U << 20)

static void add_content(const struct stack_file *file, struct text *out)
{
    AUTO_TEXT struct text content = { 0 };
    struct error err = { 0 };

    if (file->content)
        text_add(out, file->content);
    if (file->environment)
        text_add_format(out, "environment %s", file->environment);
    if (!file->path)
        return;
    /* A file that cannot be read is reported by whoever puts it into the replica. */
    if (file_read(AT_FDCWD, file->path, CONTENT_MAX, &content, &err) < 0)
        text_add(out, "unreadable");
    text_add_bytes(out, content.data, content.length);
}

static void add_files(const struct stack_file *known, size_t known_count,
                      const struct service_file *files, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < known_count; n++) {
            if (strcmp(known[n].key, files[i].source) != 0)
                continue;
            text_add_format(out, "\nfile %s ", files[i].source);
            add_content(&known[n], out);
        }
    }
}

static void add_networks(const struct stack *stack, const struct service *service, struct text *out)
{
    for (size_t i = 0; i < service->network_count; i++) {
        const struct stack_network *network =
            stack_find_network(stack, service->networks[i].network);

        if (network)
            text_add_format(out, "\nnetwork %s %s %s %d", network->name,
                            network->subnet ? network->subnet : "",
                            network->gateway ? network->gateway : "", network->internal);
    }
}

static void add_volumes(const struct stack *stack, const struct service *service, struct text *out)
{
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct service_mount *mount = &service->mounts[i];
        const struct stack_volume *volume = mount->kind == SERVICE_MOUNT_VOLUME && mount->source
                                                ? stack_find_volume(stack, mount->source)
                                                : NULL;

        if (volume)
            text_add_format(out, "\nvolume %s", volume->name);
    }
}

void stack_service_digest(const struct stack *stack, const struct service *service, char out[65])
{
    AUTO_TEXT struct text text = { 0 };

    stack_format_object(&service_object, service, 0, true, &text);
    add_files(stack->configs, stack->config_count, service->configs, service->config_count, &text);
    add_files(stack->secrets, stack->secret_count, service->secrets, service->secret_count, &text);
    add_networks(stack, service, &text);
    add_volumes(stack, service, &text);
    hash_sha256_hex_of(text_get(&text), text.length, out);
}
