/* SPDX-License-Identifier: MIT */

/*
 * From words and the state of a stack to the process that `exec` starts
 */

#include "cli/exec_request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option.h"
#include "runtime/capability.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

int exec_request_find(const struct json *stack, const char *service, int64_t index,
                      const struct json **out, struct error *err)
{
    const struct json *replica = json_first(json_find(stack, "replicas"));
    AUTO_TEXT struct text others = { 0 };

    for (; replica; replica = json_next(replica)) {
        const char *state = json_find_text(replica, "state", "");
        int64_t own_index = json_find_int(replica, "index", 0);

        if (!text_equal(json_find_text(replica, "service", ""), service))
            continue;
        if (strcmp(state, "running") == 0 && (index == OPTION_UNSET || index == own_index)) {
            *out = replica;
            return 0;
        }
        text_add_format(&others, "%s%s-%" PRId64 " is %s", others.length ? ", " : "", service,
                        own_index, state);
    }
    if (index == OPTION_UNSET)
        return error_set(err, ERROR_NOT_FOUND, "no replica of '%s' runs%s%s", service,
                         others.length ? ": " : "", text_get(&others));
    return error_set(err, ERROR_NOT_FOUND, "replica %" PRId64 " of '%s' does not run%s%s", index,
                     service, others.length ? ": " : "", text_get(&others));
}

static void set_env(const struct exec_request_options *options, struct strings *env)
{
    for (size_t i = 0; i < options->env.count; i++) {
        const char *item = options->env.items[i];
        const char *equals = strchr(item, '=');
        AUTO_FREE char *key = NULL;

        if (!equals && !getenv(item))
            continue;
        key = equals ? alloc_text_part(item, (size_t)(equals - item)) : alloc_text(item);
        strings_set_env(env, key, equals ? equals + 1 : getenv(item));
    }
}

/* An empty text means the default, which is NULL. */
static const char *find_setting(const char *given, const struct json *replica, const char *key)
{
    const char *text = given ? given : json_find_text(replica, key, "");

    return text_is_empty(text) ? NULL : text;
}

void exec_request_make(const struct json *replica, const struct exec_request_options *options,
                       const struct strings *args, struct container_exec_spec *out)
{
    const struct json *item = json_first(json_find(replica, "env"));

    *out = (struct container_exec_spec){
        .id = json_find_text(replica, "id", ""),
        .cgroup_parent = json_find_text(replica, "cgroup_parent", NULL),
        .pid = (pid_t)json_find_int(replica, "pid", 0),
        .start_time = (uint64_t)json_find_int(replica, "start_time", 0),
        .program = {
            .cwd = find_setting(options->workdir, replica, "cwd"),
            .user = find_setting(options->user, replica, "user"),
            .capabilities = (uint64_t)json_find_int(replica, "capabilities", 0),
            .allow_new_privileges = json_find_bool(replica, "allow_new_privileges", false),
            .privileged = json_find_bool(replica, "privileged", false),
            .seccomp_unconfined = json_find_bool(replica, "seccomp_unconfined", false),
            .stdin_fd = -1,
            .stdout_fd = -1,
            .stderr_fd = -1,
        },
    };
    if (options->privileged) {
        out->program.privileged = true;
        out->program.capabilities = capability_all();
    }
    for (; item; item = json_next(item))
        strings_add(&out->program.env, json_get_text(item, ""));
    set_env(options, &out->program.env);
    strings_copy(&out->program.args, args);
}

void exec_request_done(struct container_exec_spec *spec)
{
    strings_done(&spec->program.env);
    strings_done(&spec->program.args);
}

int exec_request_status(const struct error *err)
{
    if (err->code == ERROR_DENIED)
        return COMMAND_EXIT_CANNOT_EXECUTE;
    /* The container itself has gone: that says nothing of the program. */
    if (err->code == ERROR_NOT_FOUND && !text_starts_with(err->text, "container"))
        return COMMAND_EXIT_NOT_FOUND;
    return COMMAND_EXIT_ERROR;
}
