/* SPDX-License-Identifier: MIT */

/*
 * The names on a network that several stacks are on
 */

#include "supervise/shared_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "net/dns.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/log.h"
#include "util/place.h"
#include "util/strings.h"
#include "util/text.h"

#define FILE_MAX (16U << 20)
#define ENDING ".json"

static char *folder_of(const char *network)
{
    return place_in_run("networks/%s/names", network);
}

static struct json *format(const struct dns_table *table)
{
    struct json *names = json_new_object();

    for (size_t i = 0; i < table->count; i++) {
        struct json *addresses = json_new_array();

        for (size_t n = 0; n < table->names[i].address_count; n++)
            json_append(addresses, json_new_int(table->names[i].addresses[n]));
        json_add(names, table->names[i].name, addresses);
    }
    return names;
}

int shared_names_publish(const char *network, const char *project, const struct dns_table *table,
                         struct error *err)
{
    AUTO_FREE char *folder = folder_of(network);
    AUTO_FREE char *path = alloc_format("%s/%s" ENDING, folder, project);
    AUTO(json) struct json *names = format(table);
    AUTO_FREE char *text = json_print(names, false);
    AUTO_TEXT struct text present = { 0 };
    struct error ignored = { 0 };

    if (file_read(AT_FDCWD, path, FILE_MAX, &present, &ignored) == 0 &&
        text_equal(text_get(&present), text))
        return 0;
    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    return file_replace(AT_FDCWD, path, text, strlen(text), FILE_VOLATILE(0600), err);
}

static void add_names(const struct json *names, struct dns_table *out)
{
    for (const struct json *name = json_first(names); name; name = json_next(name)) {
        dns_table_add(out, json_key(name), 0);
        for (const struct json *a = json_first(name); a; a = json_next(a))
            dns_table_add(out, json_key(name), (uint32_t)json_get_int(a, 0));
    }
}

static void read_names(const char *folder, const char *file, struct dns_table *out)
{
    AUTO_FREE char *path = alloc_format("%s/%s", folder, file);
    AUTO_TEXT struct text text = { 0 };
    AUTO(json) struct json *names = NULL;
    struct error err = { 0 };

    if (file_read(AT_FDCWD, path, FILE_MAX, &text, &err) == 0)
        names = json_parse(text.data, text.length, &err);
    if (names)
        add_names(names, out);
    else if (err.code != ERROR_NOT_FOUND)
        log_warn("the names of another stack cannot be read", LOG_TEXT("why", err.text));
}

/* Is it the file of another stack, which is not gone? */
static bool is_of_other(const char *file, const char *project)
{
    size_t length = strlen(file);
    AUTO_FREE char *other = NULL;
    AUTO_FREE char *run = NULL;

    if (length < sizeof(ENDING) || strcmp(file + length + 1 - sizeof(ENDING), ENDING) != 0)
        return false;
    other = alloc_text_part(file, length + 1 - sizeof(ENDING));
    run = place_in_run("stacks/%s", other);
    return strcmp(other, project) != 0 && file_exists(AT_FDCWD, run);
}

static int compare_names(const void *left, const void *right)
{
    const struct dns_name *a = left;
    const struct dns_name *b = right;

    return strcmp(a->name, b->name);
}

static bool has_name(const struct dns_table *table, const struct dns_name *name)
{
    return table->count > 0 &&
           bsearch(name, table->names, table->count, sizeof(*name), compare_names);
}

static void merge(const struct dns_table *others, struct dns_table *table)
{
    for (size_t i = 0; i < others->count; i++) {
        const struct dns_name *name = &others->names[i];

        if (has_name(table, name))
            continue;
        dns_table_add(table, name->name, 0);
        for (size_t n = 0; n < name->address_count; n++)
            dns_table_add(table, name->name, name->addresses[n]);
    }
}

void shared_names_gather(const char *network, const char *project, struct dns_table *table)
{
    AUTO_FREE char *folder = folder_of(network);
    AUTO_STRINGS struct strings files = { 0 };
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dns_table others = { 0 };
    struct error err = { 0 };

    if (fd < 0 || file_list(fd, &files, &err) < 0)
        return;
    for (size_t i = 0; i < files.count; i++)
        if (is_of_other(files.items[i], project))
            read_names(folder, files.items[i], &others);
    merge(&others, table);
    dns_table_done(&others);
}

void shared_names_remove(const char *network, const char *project)
{
    AUTO_FREE char *path = place_in_run("networks/%s/names/%s" ENDING, network, project);

    if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
        log_warn("the names of a stack were left behind", LOG_TEXT("path", path));
}

int shared_names_watch(const char *network, int watch, struct error *err)
{
    AUTO_FREE char *folder = folder_of(network);

    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    if (inotify_add_watch(watch, folder, IN_MOVED_TO | IN_DELETE) < 0)
        return error_set_errno(err, errno, "watch '%s'", folder);
    return 0;
}
