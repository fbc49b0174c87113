/* SPDX-License-Identifier: MIT */

/*
 * --network and the options beside it
 *
 * A network by name is one that `carte network create` made: to the stack of single containers it
 * is external, like to any other.
 */

#include "cli/single_network.h"

#include <string.h>

#include "cli/container_find.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* Of another container it is known by now which service it is. */
static bool is_mode(const char *word)
{
    return strcmp(word, "none") == 0 || strcmp(word, "host") == 0 ||
           text_starts_with(word, "service:");
}

/* The network of single containers that say nothing. */
static bool is_default(const char *word)
{
    return strcmp(word, "bridge") == 0 || strcmp(word, "default") == 0;
}

static int check_word(const char *word, struct error *err)
{
    if (strpbrk(word, ",="))
        return error_set(err, ERROR_INVALID,
                         "option '--network': '%s' is no name; write NAME alone, and --ip and "
                         "--network-alias beside it",
                         word);
    return 0;
}

static struct json *new_use(const struct single_options *options)
{
    struct json *use = json_new_object();
    struct json *aliases = json_new_array();

    for (size_t i = 0; i < options->network_aliases.count; i++)
        json_append_text(aliases, options->network_aliases.items[i]);
    json_set(use, "aliases", aliases);
    if (options->ip)
        json_set_text(use, "ipv4_address", options->ip);
    return use;
}

static void add_network(const struct single_options *options, const char *name, struct json *uses,
                        struct json *networks)
{
    struct json *network = json_new_object();

    json_set(uses, name, new_use(options));
    json_set_bool(network, "external", true);
    json_set_text(network, "name", name);
    json_set(networks, name, network);
}

/* Options that are about a network by name. */
static int check_named(const struct single_options *options, size_t named, struct error *err)
{
    if (options->ip && named != 1)
        return error_set(err, ERROR_INVALID,
                         "option '--ip' needs one --network NAME, made with `carte network create "
                         "--subnet`");
    if (options->network_aliases.count > 0 && named == 0)
        return error_set(err, ERROR_INVALID, "option '--network-alias' needs a --network NAME");
    return 0;
}

int single_network_set(const struct single_options *options, struct json *service,
                       struct json *networks, struct error *err)
{
    const struct strings *words = &options->networks;
    struct json *uses = json_new_object();
    size_t named = 0;

    json_set(service, "networks", uses);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];

        if (check_word(word, err) < 0)
            return -1;
        if (is_mode(word)) {
            if (words->count > 1)
                return error_set(err, ERROR_INVALID,
                                 "option '--network': '%s' excludes other networks", word);
            json_set_text(service, "network_mode", word);
        } else if (is_default(word)) {
            json_set(uses, "default", json_new_object());
        } else {
            add_network(options, word, uses, networks);
            named++;
        }
    }
    return check_named(options, named, err);
}

static int resolve(const char *word, char **out, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };

    if (container_find_single(word, &found, err) < 0)
        return -1;
    if (!text_equal(json_find_text(found.replica, "state", ""), "running"))
        return error_set(err, ERROR_SYSTEM,
                         "container '%s' does not run: its network can be joined when it does",
                         word);
    *out = alloc_format("service:%s", json_find_text(found.replica, "service", ""));
    return 0;
}

int single_network_resolve(const struct strings *words, struct strings *out, struct error *err)
{
    static const char mark[] = "container:";

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        AUTO_FREE char *service = NULL;

        if (text_starts_with(word, "service:"))
            return error_set(err, ERROR_INVALID,
                             "option '--network': write container:NAME for the network of another "
                             "container");
        if (text_starts_with(word, mark) && resolve(word + sizeof(mark) - 1, &service, err) < 0)
            return error_wrap(err, "option '--network'");
        strings_add(out, service ? service : word);
    }
    return 0;
}
