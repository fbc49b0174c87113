/* SPDX-License-Identifier: MIT */

/*
 * Settings of the host's network that balancing and forwarding need
 *
 * The record is a file of lines: the id of the boot, then name and former value of each
 * setting. It is written before the first change and never again until all is put back: a
 * kill in between leaves a record that is still right.
 */

#include "net/host_settings.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "net/netns.h"
#include "net/rules_list.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define RECORD_MAX 1024

/*
 * Packets are routed to replicas. A connection to a virtual address goes back to the network
 * it came from, which is no reason to tell the client a shorter way; bridges have this setting
 * off already, but it holds unless it is off for "all", too.
 */
static const struct {
    const char *name;
    const char *value;
} wanted[] = {
    { "ipv4/ip_forward", "1" },
    { "ipv4/conf/all/accept_redirects", "0" }, /* the kernel sets it with ip_forward */
    { "ipv4/conf/all/send_redirects", "0" },
};

static int read_setting(const char *name, struct text *out, struct error *err)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
    if (file_read(AT_FDCWD, path, RECORD_MAX, out, err) < 0)
        return -1;
    out->length = strcspn(text_get(out), "\n");
    out->data[out->length] = '\0';
    return 0;
}

/* The record of this boot; empty when there is none. */
static int read_record(const char *record, struct text *out, struct error *err)
{
    if (file_read(AT_FDCWD, record, RECORD_MAX, out, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    }
    if (!text_starts_with(text_get(out), clock_boot_id()))
        text_clear(out);
    return 0;
}

/* The former value of a setting in a record, or NULL; it ends at the end of the line. */
static const char *find_former(const struct text *record, const char *name)
{
    AUTO_TEXT struct text line = { 0 };
    const char *at;

    text_add_format(&line, "\n%s ", name);
    at = strstr(text_get(record), text_get(&line));
    return at ? at + line.length : NULL;
}

static int apply(const char *record, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO_TEXT struct text former = { 0 };
    bool changes[ARRAY_SIZE(wanted)] = { false };
    bool any = false;

    if (read_record(record, &text, err) < 0)
        return -1;
    text_add_format(&former, "%s\n", clock_boot_id());
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        AUTO_TEXT struct text value = { 0 };

        if (read_setting(wanted[i].name, &value, err) < 0)
            return -1;
        text_add_format(&former, "%s %s\n", wanted[i].name, text_get(&value));
        changes[i] = !text_equal(text_get(&value), wanted[i].value);
        any = any || changes[i];
    }
    if (any && text.length == 0 &&
        file_replace(AT_FDCWD, record, former.data, former.length, FILE_VOLATILE(0600), err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (changes[i] && netns_set(wanted[i].name, wanted[i].value, err) < 0)
            return -1;
    return 0;
}

int host_settings_apply(const char *record, struct error *err)
{
    if (apply(record, err) < 0)
        return error_wrap(err, "prepare the host's network");
    return 0;
}

static int restore(const char *record, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    if (read_record(record, &text, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        const char *former = find_former(&text, wanted[i].name);
        char value[32];

        if (!former)
            continue;
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(former, "\n"), former);
        if (netns_set(wanted[i].name, value, err) < 0)
            return -1;
    }
    return file_remove_tree(AT_FDCWD, record, err);
}

int host_settings_restore(const char *record, struct error *err)
{
    size_t stacks = 0;

    if (rules_list_count(&stacks, err) < 0)
        return error_wrap(err, "restore the host's network");
    if (stacks > 0)
        return 0;
    if (restore(record, err) < 0)
        return error_wrap(err, "restore the host's network");
    return 0;
}
