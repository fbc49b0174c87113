/* SPDX-License-Identifier: MIT */

/*
 * Words of a service that only the runtime or a library of the replica would find wrong
 */

#include "stack/service_words.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "stack/node.h"
#include "stack/reading.h"
#include "stack/service.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/macro.h"
#include "util/parse.h"
#include "util/strings.h"
#include "util/text.h"

static bool is_address(const char *text)
{
    struct in6_addr address;

    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* NAME=ADDRESS or NAME:ADDRESS; the gateway of the network has a name of its own. */
static bool is_host(const char *text)
{
    size_t split = strcspn(text, "=:");
    const char *address = text[split] ? text + split + 1 : "";

    return split > 0 && strcspn(text, " \t\n") == strlen(text) &&
           (strcmp(address, "host-gateway") == 0 || is_address(address));
}

static bool take_port(const char **p)
{
    char *end = NULL;
    unsigned long port = **p >= '0' && **p <= '9' ? strtoul(*p, &end, 10) : 0;

    if (port == 0 || port > UINT16_MAX)
        return false;
    *p = end;
    return true;
}

static bool is_exposed(const char *text)
{
    const char *p = text;

    if (!take_port(&p))
        return false;
    if (*p == '-') {
        p++;
        if (!take_port(&p))
            return false;
    }
    return *p == '\0' || strcmp(p, "/tcp") == 0 || strcmp(p, "/udp") == 0;
}

/* Report at an item as it was written, else at the whole key. */
static void report(struct reading *reading, const struct node *map, const char *key, size_t index,
                   bool is_error, const char *text)
{
    const struct node *list = node_find(map, key);
    bool is_list = list && list->kind == NODE_LIST && index < list->count;
    const struct node *node = is_list ? list->children[index].value : list;
    size_t mark = reading_enter(reading, key);

    if (is_list)
        reading_enter_item(reading, index);
    if (is_error)
        reading_error(reading, node, "%s", text);
    else
        reading_warn(reading, node, "%s", text);
    reading_leave(reading, mark);
}

static void check_lists(struct reading *reading, const struct node *map,
                        const struct service *service)
{
    const struct {
        const char *key;
        const struct strings *words;
        bool (*is_good)(const char *text);
        const char *cure;
    } lists[] = {
        { "dns", &service->dns, is_address, "is not an address; write 192.0.2.1" },
        { "expose", &service->expose, is_exposed,
          "is not a port; write 8080, 8080-8090 or 53/udp" },
        { "extra_hosts", &service->extra_hosts, is_host,
          "is no name with its address; write NAME=192.0.2.1 or NAME=host-gateway" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (size_t n = 0; n < lists[i].words->count; n++) {
            const char *word = lists[i].words->items[n];
            AUTO_FREE char *text = alloc_format("'%s' %s", word, lists[i].cure);

            if (*word && !lists[i].is_good(word)) /* a variable without a value: nothing */
                report(reading, map, lists[i].key, n, true, text);
        }
}

/* What follows `name` and one of its two signs, "" if nothing does; NULL: it is another word. */
static const char *value_after(const char *option, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(option, name, length) != 0)
        return NULL;
    if (option[length] == '\0')
        return "";
    return option[length] == ':' || option[length] == '=' ? option + length + 1 : NULL;
}

static bool is_built(const char *option)
{
    const char *value = value_after(option, "no-new-privileges");
    const char *filter = value_after(option, "seccomp");

    return (value && (!*value || strcmp(value, "true") == 0 || strcmp(value, "false") == 0)) ||
           text_equal(filter, "unconfined");
}

/* Profiles of one's own are not built, and what the others loosen or tighten is not there. */
static bool has_no_effect(const char *option)
{
    static const char *const names[] = { "seccomp", "apparmor", "label", "systempaths" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!text_is_empty(value_after(option, names[i])))
            return true;
    return false;
}

static void check_security(struct reading *reading, const struct node *map,
                           const struct service *service)
{
    for (size_t i = 0; i < service->security_opt.count; i++) {
        const char *option = service->security_opt.items[i];
        bool is_known = has_no_effect(option);
        AUTO_FREE char *text =
            alloc_format(is_known ? "'%s' has no effect yet"
                                  : "'%s' is no option; write no-new-privileges or "
                                    "seccomp=unconfined",
                         option);

        if (*option && !is_built(option))
            report(reading, map, "security_opt", i, !is_known, text);
    }
}

void service_words_check(struct reading *reading, const struct node *map,
                         const struct service *service)
{
    struct error wrong = { 0 };
    int ignored = 0;

    check_lists(reading, map, service);
    check_security(reading, map, service);
    if (!text_is_empty(service->stop_signal) &&
        parse_signal(service->stop_signal, &ignored, &wrong) < 0) {
        report(reading, map, "stop_signal", 0, true, wrong.text);
        error_clear(&wrong);
    }
    if (!text_is_empty(service->working_dir) && service->working_dir[0] != '/')
        report(reading, map, "working_dir", 0, true, "it is not an absolute path");
}
