/* SPDX-License-Identifier: MIT */

/*
 * Containers of all stacks, by name or id
 */

#include "cli/container_find.h"

#include <stdlib.h>
#include <string.h>

#include "cli/remote.h"
#include "runtime/container.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/strings.h"
#include "util/text.h"

void container_find_id(const char *project, const struct json *replica,
                       char out[CONTAINER_FIND_ID_SIZE])
{
    AUTO_FREE char *text = alloc_format(
        "%s %s %s %lld", json_find_text(replica, "cgroup_parent", ""), project,
        json_find_text(replica, "id", ""), (long long)json_find_int(replica, "created_ms", 0));

    hash_sha256_hex_of(text, strlen(text), out);
}

void container_find_done(struct container_find *found)
{
    free(found->project);
    json_free(found->stack);
    *found = (struct container_find){ 0 };
}

/* What is looked for, and what was found so far. */
struct search {
    const char *word;
    bool is_id; /* it can be the beginning of one */
    struct container_find found;
    size_t count; /* by id */
    struct strings names;
};

static void keep(struct search *search, const char *project, struct json **stack,
                 const struct json *replica)
{
    container_find_done(&search->found);
    search->found.project = alloc_text(project);
    search->found.stack = STEAL_PTR(*stack);
    search->found.replica = replica;
}

/* True: it is the one, by name. */
static bool look_at_stack(struct search *search, const char *project, struct json **stack)
{
    const struct json *match = NULL;

    for (const struct json *replica = json_first(json_find(*stack, "replicas")); replica;
         replica = json_next(replica)) {
        const char *name = json_find_text(replica, "name", "");
        char id[CONTAINER_FIND_ID_SIZE];

        if (strcmp(name, search->word) == 0) {
            keep(search, project, stack, replica);
            return true;
        }
        strings_add(&search->names, name);
        container_find_id(project, replica, id);
        if (search->is_id && strncmp(id, search->word, strlen(search->word)) == 0) {
            search->count++;
            match = replica;
        }
    }
    if (match)
        keep(search, project, stack, match);
    return false;
}

static int report_absence(const struct search *search, struct error *err)
{
    const char *nearest = search->names.count
                              ? text_nearest(search->word, (const char *const *)search->names.items)
                              : NULL;

    if (nearest)
        return error_set(err, ERROR_NOT_FOUND, "no such container: '%s'; did you mean '%s'?",
                         search->word, nearest);
    return error_set(err, ERROR_NOT_FOUND, "no such container: '%s'; carte ps -a lists them",
                     search->word);
}

/* False: it was not found by name. A stack that does not answer has none that could be used. */
static bool look_everywhere(struct search *search, const struct strings *projects)
{
    for (size_t i = 0; i < projects->count; i++) {
        AUTO(json) struct json *stack = NULL;
        struct error ignored = { 0 };

        if (remote_find_stack(projects->items[i], &stack, &ignored) == 0 && stack &&
            look_at_stack(search, projects->items[i], &stack))
            return true;
    }
    return false;
}

int container_find(const char *word, struct container_find *out, struct error *err)
{
    AUTO_STRINGS struct strings projects = { 0 };
    struct search search = {
        .word = word,
        .is_id = strlen(word) >= 2 && word[strspn(word, "0123456789abcdef")] == '\0',
    };
    int result = 0;

    if (remote_list_projects(&projects, err) < 0)
        return -1;
    if (!look_everywhere(&search, &projects)) {
        if (search.count > 1)
            result = error_set(err, ERROR_INVALID,
                               "the ids of %zu containers begin with '%s': write more of it",
                               search.count, word);
        else if (search.count == 0)
            result = report_absence(&search, err);
    }
    strings_done(&search.names);
    if (result < 0)
        container_find_done(&search.found);
    else
        *out = search.found;
    return result;
}

static int check_running(const struct json *replica, struct error *err)
{
    if (json_find_int(replica, "pid", 0) != 0)
        return 0;
    return error_set(err, ERROR_EXISTS, "container '%s' is not running",
                     json_find_text(replica, "name", ""));
}

int container_find_running(const char *word, struct container_find *out, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };

    if (container_find(word, &found, err) < 0 || check_running(found.replica, err) < 0)
        return -1;
    *out = found;
    found = (struct container_find){ 0 };
    return 0;
}

int container_find_single(const char *word, struct container_find *out, struct error *err)
{
    AUTO_CONTAINER_FIND struct container_find found = { 0 };

    if (container_find(word, &found, err) < 0)
        return -1;
    if (!text_equal(found.project, SINGLE_PROJECT))
        return error_set(err, ERROR_SYSTEM,
                         "'%s' belongs to stack '%s': use carte-stack -p %s, whose service is '%s'",
                         word, found.project, found.project,
                         json_find_text(found.replica, "service", ""));
    *out = found;
    found = (struct container_find){ 0 };
    return 0;
}

int container_find_open_process(const struct json *replica, int *pidfd_out, struct error *err)
{
    if (check_running(replica, err) < 0)
        return -1;
    return container_open_process((pid_t)json_find_int(replica, "pid", 0),
                                  (uint64_t)json_find_int(replica, "start_time", 0), pidfd_out,
                                  err);
}
