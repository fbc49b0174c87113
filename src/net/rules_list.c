/* SPDX-License-Identifier: MIT */

/*
 * What the packet rules of this network namespace say, whoever wrote them
 *
 * The lists are read as nftables prints them with numbers only; a line that is not understood
 * is none of ours.
 */

#include "net/rules_list.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addrpool.h"
#include "net/rules_nft.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define TABLE_START "table inet "
#define TABLE_PREFIX "carte"

/* The next name of a stack's table in a list of tables, or false; *rest moves behind it. */
static bool next_table(const char **rest, char out[32])
{
    const char *at;

    while ((at = strstr(*rest, TABLE_START)) != NULL) {
        size_t length;

        at += sizeof(TABLE_START) - 1;
        *rest = at;
        length = strcspn(at, " \n");
        if (length >= 32 || !text_starts_with(at, TABLE_PREFIX))
            continue;
        memcpy(out, at, length);
        out[length] = '\0';
        return true;
    }
    return false;
}

int rules_list_count(size_t *count_out, struct error *err)
{
    AUTO_TEXT struct text list = { 0 };
    const char *rest;
    char table[32];

    if (rules_nft_run("list tables inet\n", &list, err) < 0)
        return error_wrap(err, "list the packet rules");
    *count_out = 0;
    rest = text_get(&list);
    while (next_table(&rest, table))
        (*count_out)++;
    return 0;
}

int rules_list_has(const char *table, bool *has_out, struct error *err)
{
    static const char *const families[] = { "inet", "bridge" };
    AUTO_TEXT struct text list = { 0 };

    if (rules_nft_run("list tables\n", &list, err) < 0)
        return error_wrap(err, "list the packet rules");
    *has_out = true;
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        AUTO_FREE char *line = alloc_format("table %s %s\n", families[i], table);

        *has_out = *has_out && strstr(text_get(&list), line);
    }
    return 0;
}

/* An element as in "10.0.0.1 . 6 . 8000"; the protocol is a number. */
static bool read_element(const char *text, struct rules_list_port *out)
{
    unsigned int part[4];
    unsigned int port;
    char protocol[8];

    if (sscanf(text, "%3u.%3u.%3u.%3u . %7[a-z0-9] . %5u", &part[0], &part[1], &part[2], &part[3],
               protocol, &port) != 6 ||
        part[0] > 255 || part[1] > 255 || part[2] > 255 || part[3] > 255 || port > UINT16_MAX)
        return false;
    out->host_address = part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
    out->protocol =
        strcmp(protocol, "udp") == 0 || strcmp(protocol, "17") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
    out->port = (uint16_t)port;
    return true;
}

struct ports {
    struct rules_list_port *items;
    size_t count;
};

static int list_of_table(const char *table, struct ports *ports, struct error *err)
{
    AUTO_TEXT struct text command = { 0 };
    AUTO_TEXT struct text list = { 0 };
    const char *at;

    text_add_format(&command, "list set inet %s published\n", table);
    if (rules_nft_run(text_get(&command), &list, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err); /* the table went away in between */
        return 0;
    }
    at = strstr(text_get(&list), "elements = {");
    for (at = at ? strchr(at, '{') : NULL; at; at = strchr(at, ',')) {
        struct rules_list_port port = { 0 };

        at++;
        at += strspn(at, " \t\n");
        if (!read_element(at, &port))
            continue;
        (void)snprintf(port.table, sizeof(port.table), "%s", table);
        *ALLOC_APPEND(ports->items, ports->count) = port;
    }
    return 0;
}

int rules_list_published(struct rules_list_port **out, size_t *count_out, struct error *err)
{
    AUTO_TEXT struct text list = { 0 };
    struct ports ports = { 0 };
    int result = rules_nft_run("list tables inet\n", &list, err);
    const char *rest = text_get(&list);
    char table[32];

    while (result == 0 && next_table(&rest, table))
        result = list_of_table(table, &ports, err);
    if (result < 0) {
        free(ports.items);
        return error_wrap(err, "list the published ports");
    }
    *out = ports.items;
    *count_out = ports.count;
    return 0;
}

/* The word behind `start` if the line begins with it. */
static bool take_words(const char *line, const char *start, char *out, size_t size)
{
    line += strspn(line, " \t");
    if (!text_starts_with(line, start))
        return false;
    line += strlen(start);
    (void)snprintf(out, size, "%.*s", (int)strcspn(line, "{\n"), line);
    for (size_t length = strlen(out); length > 0 && out[length - 1] == ' '; length--)
        out[length - 1] = '\0';
    return true;
}

int rules_list_find_drop(char out[128], struct error *err)
{
    AUTO_TEXT struct text list = { 0 };
    char table[64] = "";
    char chain[64] = "";
    char type[128];

    out[0] = '\0';
    if (rules_nft_run("list chains\n", &list, err) < 0)
        return error_wrap(err, "list the packet rules");
    for (const char *line = text_get(&list); *line;
         line += strcspn(line, "\n"), line += *line != 0) {
        if (take_words(line, "table ", table, sizeof(table)) ||
            take_words(line, "chain ", chain, sizeof(chain)))
            continue;
        if (take_words(line, "type filter hook forward ", type, sizeof(type)) &&
            strstr(type, "policy drop") && !text_starts_with(table, "inet " TABLE_PREFIX)) {
            (void)snprintf(out, 128, "%s %s", table, chain);
            return 0;
        }
    }
    return 0;
}
