/* SPDX-License-Identifier: MIT */

/*
 * Short spellings of compose files
 */

#include "stack/shorthand.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/strings.h"

/* One short item may stand for this many ports. */
#define RANGE_MAX 1000

struct range {
    int64_t first, last;
};

static bool parse_range(const char *text, struct range *range)
{
    const char *dash = strchr(text, '-');
    AUTO_FREE char *head = alloc_text_part(text, dash ? (size_t)(dash - text) : strlen(text));
    struct error err = { 0 };

    return parse_int(head, 1, UINT16_MAX, &range->first, &err) == 0 &&
           parse_int(dash ? dash + 1 : head, range->first, UINT16_MAX, &range->last, &err) == 0;
}

static void set_number(struct node *map, const char *key, int64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    node_set_text(map, key, text);
}

struct port_text {
    char *host_ip, *published, *target, *protocol; /* parts of one string, or NULL */
};

/* Cut "[IP:]published:target/protocol" into its parts. */
static struct port_text cut_port(char *text)
{
    struct port_text port = { 0 };
    char *colon = NULL;

    port.protocol = strrchr(text, '/');
    if (port.protocol)
        *port.protocol++ = '\0';
    colon = strrchr(text, ':');
    port.target = colon ? colon + 1 : text;
    if (!colon)
        return port;
    *colon = '\0';
    colon = strrchr(text, ':');
    port.published = colon ? colon + 1 : text;
    if (!colon)
        return port;
    *colon = '\0';
    port.host_ip = text;
    if (*text == '[' && colon > text && colon[-1] == ']') {
        colon[-1] = '\0';
        port.host_ip = text + 1;
    }
    return port;
}

static void add_port(const struct node *node, const struct port_text *port,
                     const struct range *published, int64_t target, struct node *list)
{
    struct node *map = node_new(NODE_MAP, &node->place);
    char range[48];

    set_number(map, "target", target);
    if (published) {
        snprintf(range, sizeof(range), "%lld-%lld", (long long)published->first,
                 (long long)published->last);
        if (published->first == published->last)
            set_number(map, "published", published->first);
        else
            node_set_text(map, "published", range);
    }
    if (port->host_ip)
        node_set_text(map, "host_ip", port->host_ip);
    if (port->protocol)
        node_set_text(map, "protocol", port->protocol);
    node_append(list, map);
}

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

void shorthand_add_ports(struct reading *reading, const struct node *node, struct node *list)
{
    AUTO_FREE char *text = alloc_text(node->text);
    struct port_text port = cut_port(text);
    struct range target = { 0 };
    struct range published = { 0 };
    bool has_published = port.published && *port.published;

    if (!parse_range(port.target, &target) ||
        (has_published && !parse_range(port.published, &published)) ||
        target.last - target.first >= RANGE_MAX) {
        reading_error(
            reading, node,
            "'%s' is not a port; write \"8080\", \"80:8080\" or \"127.0.0.1:80:8080/udp\"",
            node->text);
        return;
    }
    if (port.host_ip && *port.host_ip && !is_address(port.host_ip)) {
        reading_error(reading, node, "'%s' is not an address of this machine", port.host_ip);
        return;
    }
    if (has_published && target.first != target.last &&
        published.last - published.first != target.last - target.first) {
        reading_error(reading, node, "the two ranges of '%s' differ in length", node->text);
        return;
    }
    for (int64_t i = 0; i <= target.last - target.first; i++) {
        struct range one = { published.first + i, published.first + i };

        if (target.first == target.last)
            one = published;
        add_port(node, &port, has_published ? &one : NULL, target.first + i, list);
    }
}

static bool is_host_path(const char *text)
{
    return *text == '.' || *text == '/' || *text == '~';
}

/* "ro,z" behind the second colon. */
static void apply_mount_option(struct reading *reading, const struct node *node, struct node *map,
                               const char *option)
{
    static const char *const harmless[] = { "rw", "z", "Z", "cached", "delegated", "consistent" };

    if (strcmp(option, "ro") == 0) {
        node_set_text(map, "read_only", "true");
        return;
    }
    if (strcmp(option, "nocopy") == 0) {
        struct node *volume = node_new(NODE_MAP, &node->place);

        node_set_text(volume, "nocopy", "true");
        node_set(map, "volume", &node->place, volume);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        if (strcmp(option, harmless[i]) == 0)
            return;
    }
    reading_warn(reading, node, "the mount option '%s' has no effect; ro and rw have", option);
}

void shorthand_add_mount(struct reading *reading, const struct node *node, struct node *list)
{
    AUTO_FREE char *text = alloc_text(node->text);
    AUTO(node) struct node *map = node_new(NODE_MAP, &node->place);
    char *source = NULL;
    char *target = text;
    char *options = NULL;
    char *colon = strchr(text, ':');

    if (colon && colon != text) {
        *colon = '\0';
        source = text;
        target = colon + 1;
        options = strchr(target, ':');
    }
    if (source && *target != '/' && !options && *text == '/') {
        /* "/data:ro" is an anonymous volume with an option. */
        options = colon;
        target = source;
        source = NULL;
    }
    if (options)
        *options++ = '\0';
    if (*target != '/') {
        reading_error(reading, node,
                      "'%s' has no absolute path in the container; write SOURCE:/PATH[:ro]",
                      node->text);
        return;
    }
    node_set_text(map, "type", source && is_host_path(source) ? "bind" : "volume");
    if (source)
        node_set_text(map, "source", source);
    node_set_text(map, "target", target);
    for (char *rest = options, *option = NULL; rest && (option = strsep(&rest, ","));)
        apply_mount_option(reading, node, map, option);
    node_append(list, STEAL_PTR(map));
}

void shorthand_add_tmpfs(struct reading *reading, const struct node *node, struct node *list)
{
    AUTO_FREE char *text = alloc_text(node->text);
    struct node *map = node_new(NODE_MAP, &node->place);
    struct node *tmpfs = node_new(NODE_MAP, &node->place);
    char *options = strchr(text, ':');

    if (options)
        *options++ = '\0';
    node_set_text(map, "type", "tmpfs");
    node_set_text(map, "target", text);
    for (char *rest = options, *option = NULL; rest && (option = strsep(&rest, ","));) {
        if (text_starts_with(option, "size="))
            node_set_text(tmpfs, "size", option + 5);
        else if (text_starts_with(option, "mode="))
            node_set_text(tmpfs, "mode", option + 5);
        else
            apply_mount_option(reading, node, map, option);
    }
    node_set(map, "tmpfs", &node->place, tmpfs);
    node_append(list, map);
}

static bool is_permissions(const char *text)
{
    return *text && text[strspn(text, "rwm")] == '\0';
}

void shorthand_add_device(struct reading *reading, const struct node *node, struct node *list)
{
    AUTO_FREE char *text = alloc_text(node->text);
    AUTO(node) struct node *map = node_new(NODE_MAP, &node->place);
    char *rest = text;
    const char *source = strsep(&rest, ":");
    const char *target = rest && !is_permissions(rest) ? strsep(&rest, ":") : NULL;

    if (rest && !is_permissions(rest)) {
        reading_error(
            reading, node,
            "'%s' is no device; write SOURCE[:TARGET][:rwm], as in /dev/fuse:/dev/fuse:rw",
            node->text);
        return;
    }
    node_set_text(map, "source", source);
    if (target)
        node_set_text(map, "target", target);
    if (rest)
        node_set_text(map, "permissions", rest);
    node_append(list, STEAL_PTR(map));
}

static void add_single(const struct node *node, const char *key, struct node *list)
{
    struct node *map = node_new(NODE_MAP, &node->place);

    node_set_text(map, key, node->text);
    node_append(list, map);
}

void shorthand_add_source(struct reading *reading, const struct node *node, struct node *list)
{
    (void)reading;
    add_single(node, "source", list);
}

void shorthand_add_env_file(struct reading *reading, const struct node *node, struct node *list)
{
    (void)reading;
    add_single(node, "path", list);
}

struct node *shorthand_restart(struct reading *reading, const struct node *node)
{
    static const struct {
        const char *word, *condition;
    } words[] = {
        { "no", "none" },
        { "false", "none" },
        { "none", "none" },
        { "always", "any" },
        { "any", "any" },
        { "on-failure", "on-failure" },
        { "unless-stopped", "any" },
    };
    AUTO(node) struct node *map = node_new(NODE_MAP, &node->place);
    const char *text = node->kind == NODE_SCALAR ? node->text : "";
    const char *colon = strchr(text, ':');
    AUTO_FREE char *word = alloc_text_part(text, colon ? (size_t)(colon - text) : strlen(text));

    if (*word == '\0' && node->interpolated)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i].word) == 0)
            node_set_text(map, "condition", words[i].condition);
    }
    if (map->count == 0 || (colon && strcmp(word, "on-failure") != 0)) {
        reading_error(reading, node,
                      "'%s' is not a restart policy; write no, always, on-failure[:TIMES] or "
                      "unless-stopped",
                      text);
        return NULL;
    }
    if (colon)
        node_set_text(map, "max_attempts", colon + 1);
    if (strcmp(word, "unless-stopped") == 0)
        node_set_text(map, "unless_stopped", "true");
    for (size_t i = 0; i < map->count; i++)
        map->children[i].value->path = alloc_text(node->path);
    return STEAL_PTR(map);
}

struct node *shorthand_build(struct reading *reading, const struct node *node)
{
    struct node *map = NULL;

    if (node->kind != NODE_SCALAR) {
        reading_error(reading, node, "%s stands here, a folder or a mapping is expected",
                      node_describe(node));
        return NULL;
    }
    map = node_new(NODE_MAP, &node->place);
    node_set_text(map, "context", node->text);
    return map;
}

struct node *shorthand_ulimit(struct reading *reading, const struct node *node)
{
    struct node *map = NULL;

    if (node->kind != NODE_SCALAR) {
        reading_error(reading, node, "%s stands here, a number or {soft, hard} is expected",
                      node_describe(node));
        return NULL;
    }
    map = node_new(NODE_MAP, &node->place);
    node_set_text(map, "soft", node->text);
    node_set_text(map, "hard", node->text);
    return map;
}
