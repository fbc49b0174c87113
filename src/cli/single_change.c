/* SPDX-License-Identifier: MIT */

/*
 * Making, starting and removing single containers
 */

#include "cli/single_change.h"

#include <string.h>
#include <sys/random.h>

#include "cli/option.h"
#include "cli/remote.h"
#include "cli/single_spec.h"
#include "supervise/single.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

char *single_change_make_name(void)
{
    static const char *const how[] = { "brisk", "calm",   "deft",  "eager", "fair",  "glad",
                                       "keen",  "light",  "merry", "neat",  "proud", "quick",
                                       "sharp", "steady", "swift", "warm" };
    static const char *const who[] = { "ant",   "badger", "crane", "deer", "eagle", "finch",
                                       "goose", "hare",   "heron", "ibis", "jay",   "lynx",
                                       "mole",  "otter",  "raven", "stoat" };
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = (uint32_t)clock_now_ns();
    return alloc_format("%s_%s_%04x", how[random % ARRAY_SIZE(how)],
                        who[random / ARRAY_SIZE(how) % ARRAY_SIZE(who)], random >> 16);
}

int single_change_check_name(const char *name, struct error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (strlen(name) > 63 || strlen(name) < 2 || name[strspn(name, allowed)] != '\0' ||
        strchr("_.-", name[0]))
        return error_set(err, ERROR_INVALID,
                         "'%s' cannot be the name of a container; write 2 to 63 letters, digits, "
                         "'_', '.' and '-', the first a letter or digit",
                         name);
    return 0;
}

static struct json *new_names(const char *name)
{
    struct json *array = json_new_array();

    if (name)
        json_append_text(array, name);
    return array;
}

/* Tell the supervisor of the stored stack; of `name` (NULL: of none) that it is new. */
static int apply(const char *name, bool awaited, struct error *err)
{
    struct json *body = json_new_object();

    json_set(body, "only", new_names(name));
    json_set_bool(body, "created", true);
    json_set_bool(body, "awaited", awaited);
    return remote_post(SINGLE_PROJECT, "/v1/apply", body, err);
}

int single_change_create(const char *name, const char *text, bool awaited, struct error *err)
{
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_CLOSE int lock = -1;
    struct error ignored = { 0 };
    size_t left = 0;

    strings_add(&names, name);
    if (single_lock(true, &lock, err) < 0 || single_ensure(err) < 0 ||
        single_add(name, text, single_spec_spelling, err) < 0)
        return -1;
    if (apply(name, awaited, err) == 0)
        return 0;
    if (single_remove(&names, &left, &ignored) < 0)
        error_clear(&ignored);
    return -1;
}

int single_change_look(const char *name, struct json **stack_out, const struct json **replica_out,
                       struct error *err)
{
    AUTO(json) struct json *stack = NULL;
    const struct json *replica = NULL;

    if (remote_find_stack(SINGLE_PROJECT, &stack, err) < 0)
        return -1;
    replica = json_first(json_find(stack, "replicas"));
    while (replica && !text_equal(json_find_text(replica, "service", ""), name))
        replica = json_next(replica);
    if (!replica)
        return error_set(err, ERROR_NOT_FOUND, "container '%s' is gone", name);
    *stack_out = STEAL_PTR(stack);
    *replica_out = replica;
    return 0;
}

int single_change_post(const char *path, const struct strings *names, int64_t timeout_ms,
                       struct error *err)
{
    return remote_post(SINGLE_PROJECT, path, remote_new_body(names, timeout_ms), err);
}

int single_change_start(const char *name, int *status_out, struct error *err)
{
    AUTO(json) struct json *answer = NULL;
    struct json *body = json_new_object();

    json_set_text(body, "service", name);
    json_set_bool(body, "next", true);
    json_set_bool(body, "start", true);
    json_set_bool(body, "started", true);
    if (remote_ask(SINGLE_PROJECT, "/v1/wait", body, &answer, err) < 0)
        return -1;
    if (!text_equal(json_find_text(answer, "exit_kind", ""), "start"))
        return 0;
    *status_out = (int)json_find_int(answer, "exit_code", 125);
    return error_set(err, ERROR_SYSTEM, "%s", json_find_text(answer, "exit_reason", ""));
}

int single_change_edit(const char *name, void (*change)(void *context, struct service *service),
                       void *context, struct error *err)
{
    AUTO_CLOSE int lock = -1;

    if (single_lock(true, &lock, err) < 0 ||
        single_edit(name, change, context, single_spec_spelling, err) < 0)
        return -1;
    return apply(NULL, false, err);
}

int single_change_rename(const char *name, const char *to, struct error *err)
{
    AUTO_CLOSE int lock = -1;

    if (single_lock(true, &lock, err) < 0 || single_rename(name, to, err) < 0)
        return -1;
    return apply(NULL, false, err);
}

/* A supervisor without containers ends by itself after a while; so it does at once. */
static int end_supervisor(struct error *err)
{
    struct error ignored = { 0 };

    if (remote_post(SINGLE_PROJECT, "/v1/down", NULL, &ignored) == 0 ||
        ignored.code == ERROR_NOT_FOUND)
        return 0;
    *err = ignored;
    return -1;
}

int single_change_remove(const struct strings *names, struct error *err)
{
    AUTO_CLOSE int lock = -1;
    size_t left = 0;

    if (single_check_removal(names, err) < 0 || single_change_post("/v1/stop", names, 0, err) < 0 ||
        single_lock(true, &lock, err) < 0 || single_remove(names, &left, err) < 0)
        return -1;
    return left > 0 ? apply(NULL, false, err) : end_supervisor(err);
}
