/* SPDX-License-Identifier: MIT */

/*
 * The host's name servers, as a RUN step can use them
 */

#include "cli/name_servers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"

#define SPACES " \t\r"

/* What follows `keyword` and at least one space, or NULL. */
static const char *value_of(const char *line, const char *keyword)
{
    size_t length = strlen(keyword);

    line += strspn(line, SPACES);
    if (strncmp(line, keyword, length) != 0 || strspn(line + length, SPACES) == 0)
        return NULL;
    line += length;
    return line + strspn(line, SPACES);
}

static bool is_reachable(const char *server)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr parsed;
    size_t length = strcspn(server, SPACES);

    if (length >= sizeof(address))
        return false;
    (void)snprintf(address, sizeof(address), "%.*s", (int)length, server);
    if (inet_pton(AF_INET, address, &parsed) != 1)
        return false;
    return parsed.s_addr != INADDR_ANY && ntohl(parsed.s_addr) >> 24 != IN_LOOPBACKNET;
}

enum name_servers_found name_servers_filter(const char *resolv_conf, struct text *out)
{
    AUTO_FREE char *copy = alloc_text(resolv_conf);
    enum name_servers_found found = NAME_SERVERS_NONE;
    char *rest = copy;

    for (const char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        const char *server = value_of(line, "nameserver");

        if (server && !is_reachable(server)) {
            found = found == NAME_SERVERS_NONE ? NAME_SERVERS_LOCAL : found;
            continue;
        }
        if (server)
            found = NAME_SERVERS_REACHED;
        if (server || value_of(line, "search") || value_of(line, "domain") ||
            value_of(line, "options"))
            text_add_format(out, "%s\n", line);
    }
    return found;
}
