/* SPDX-License-Identifier: MIT */

/*
 * What runs: the supervisor of a stack, asked over its control socket
 */

#include "cli/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cli/option.h"
#include "supervise/control.h"
#include "supervise/supervisor.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"
#include "util/text.h"

#define ANSWER_MS (30 * SECOND_MS)

/* Does a folder hold anything but . and ..? */
static bool has_entries(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool found = false;

    if (!folder)
        return false;
    while (!found && (entry = readdir(folder)))
        found = entry->d_name[0] != '.';
    closedir(folder);
    return found;
}

/* Records of replicas without a supervisor: it died, and its keeper too. */
static bool is_orphaned(const char *project)
{
    AUTO_FREE char *replicas = place_in_run("stacks/%s/replicas", project);

    return has_entries(replicas);
}

int remote_find_stack(const char *project, struct json **out, struct error *err)
{
    *out = NULL;
    if (control_get(project, "/v1/stack", ANSWER_MS, out, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return error_wrap(err, "stack '%s'", project);
    error_clear(err);
    if (!is_orphaned(project))
        return 0;
    if (supervisor_ensure(project, err) < 0)
        return error_wrap(err, "stack '%s' has lost its supervisor", project);
    return control_get(project, "/v1/stack", ANSWER_MS, out, err);
}

int remote_get_stack(const char *project, struct json **out, struct error *err)
{
    if (remote_find_stack(project, out, err) < 0)
        return -1;
    if (!*out)
        return error_set(err, ERROR_NOT_FOUND,
                         "stack '%s' is not up; start it with 'carte-stack up -d'", project);
    return 0;
}

int remote_post(const char *project, const char *path, struct json *body, struct error *err)
{
    AUTO(json) struct json *answer = NULL;

    return remote_ask(project, path, body, &answer, err);
}

int remote_ask(const char *project, const char *path, struct json *body, struct json **out,
               struct error *err)
{
    AUTO(json) struct json *owned = body;

    if (control_post(project, path, owned, out, err) == 0)
        return 0;
    /* A request that the supervisor refuses is a failure, not an invalid file. */
    if (err->code == ERROR_INVALID)
        err->code = ERROR_SYSTEM;
    return -1;
}

struct json *remote_new_body(const struct strings *services, int64_t timeout_ms)
{
    struct json *body = json_new_object();
    struct json *array = json_new_array();

    for (size_t i = 0; i < services->count; i++)
        json_append_text(array, services->items[i]);
    json_set(body, "services", array);
    if (timeout_ms != OPTION_UNSET)
        json_set_int(body, "timeout_ms", timeout_ms);
    return body;
}

static int check_service(const struct json *stack, const char *name, struct error *err)
{
    AUTO_STRINGS struct strings known = { 0 };
    const struct json *service = json_first(json_find(stack, "services"));
    const char *nearest;

    for (; service; service = json_next(service)) {
        const char *known_name = json_find_text(service, "name", "");

        if (strcmp(known_name, name) == 0)
            return 0;
        strings_add(&known, known_name);
    }
    nearest = known.count ? text_nearest(name, (const char *const *)known.items) : NULL;
    if (nearest)
        return error_set(err, ERROR_NOT_FOUND, "no such service: '%s'; did you mean '%s'?", name,
                         nearest);
    return error_set(err, ERROR_NOT_FOUND, "no such service: '%s'; 'carte-stack ps' lists them",
                     name);
}

int remote_check_services(const struct json *stack, const struct strings *names, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        if (check_service(stack, names->items[i], err) < 0)
            return -1;
    }
    return 0;
}

int remote_list_projects(struct strings *out, struct error *err)
{
    AUTO_FREE char *path = place_in_run("stacks");
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (!folder && errno == ENOENT)
        return 0;
    if (!folder)
        return error_set_errno(err, errno, "open '%s'", path);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            strings_add(out, entry->d_name);
    }
    closedir(folder);
    return 0;
}
