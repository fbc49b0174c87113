/* SPDX-License-Identifier: MIT */

/*
 * EXPOSE
 */

#include "build/expose.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"

#define PORT_COUNT 65536

static const char *const protocols[] = { "tcp", "udp", "sctp" };

struct range {
    int64_t first, last;
    const char *protocol;
};

static bool read_port(const char *text, size_t length, int64_t *out)
{
    AUTO_FREE char *number = alloc_text_part(text, length);
    struct error ignored = { 0 };

    return length > 0 && strspn(number, "0123456789") == length &&
           parse_int(number, 1, PORT_COUNT - 1, out, &ignored) == 0;
}

static bool read_range(const char *text, struct range *out)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    const char *dash = memchr(text, '-', length);
    size_t first = dash ? (size_t)(dash - text) : length;

    if (!slash)
        out->protocol = protocols[0];
    for (size_t i = 0; slash && i < ARRAY_SIZE(protocols); i++) {
        if (strcasecmp(slash + 1, protocols[i]) == 0)
            out->protocol = protocols[i];
    }
    if (!out->protocol || !read_port(text, first, &out->first))
        return false;
    out->last = out->first;
    return !dash ||
           (read_port(dash + 1, length - first - 1, &out->last) && out->last >= out->first);
}

/* Which ports of the protocol are there already. */
static void list_present(const struct strings *ports, const char *protocol, bool *present)
{
    for (size_t i = 0; i < ports->count; i++) {
        struct range range = { 0 };

        if (!read_range(ports->items[i], &range) || range.protocol != protocol)
            continue;
        for (int64_t port = range.first; port <= range.last; port++)
            present[port] = true;
    }
}

int expose_add(const char *word, struct strings *ports, struct error *err)
{
    const char *colon = strrchr(word, ':');
    AUTO_FREE bool *present = alloc_array(bool, PORT_COUNT);
    struct range range = { 0 };

    if (!read_range(colon ? colon + 1 : word, &range))
        return error_set(err, ERROR_INVALID,
                         "'%s' is no port: use one like 80, 53/udp or 8000-8010", word);
    list_present(ports, range.protocol, present);
    for (int64_t port = range.first; port <= range.last; port++) {
        if (!present[port])
            strings_take(ports, alloc_format("%d/%s", (int)port, range.protocol));
    }
    return 0;
}
