/* SPDX-License-Identifier: MIT */

/*
 * Stored stacks: ROOT/stacks/PROJECT/stack.yaml and revisions/N.yaml
 */

#include "supervise/revisions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"
#include "util/text.h"

/* Revisions on disk. One file goes for each that comes. */
#define KEPT 100
#define STACK_LIMIT (16 * 1024 * 1024)

int revisions_find_current(const char *project, uint64_t *number_out, struct error *err)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/stack.yaml", project);
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    if (length < 0)
        return error_set_errno(err, errno, "read %s", path);
    target[length] = '\0';
    if (sscanf(target, "revisions/%19" SCNu64 ".yaml", number_out) != 1)
        return error_set(err, ERROR_INVALID, "%s does not lead to a revision", path);
    return 0;
}

/* Does revision `number` hold exactly `text`? */
static bool holds(const char *folder, uint64_t number, const struct text *text)
{
    AUTO_FREE char *path = alloc_format("%s/revisions/%" PRIu64 ".yaml", folder, number);
    AUTO_TEXT struct text stored = { 0 };
    struct error ignored = { 0 };

    return file_read(AT_FDCWD, path, STACK_LIMIT, &stored, &ignored) == 0 &&
           text_equal(text_get(&stored), text_get(text));
}

/* Lead stack.yaml to the revision, in one step. */
static int point_to(const char *folder, uint64_t number, struct error *err)
{
    AUTO_FREE char *target = alloc_format("revisions/%" PRIu64 ".yaml", number);
    AUTO_FREE char *fresh = alloc_format("%s/.stack.yaml.new", folder);
    AUTO_FREE char *path = alloc_format("%s/stack.yaml", folder);
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open %s", folder);
    unlink(fresh);
    if (symlink(target, fresh) < 0 || rename(fresh, path) < 0 || fsync(fd) < 0)
        return error_set_errno(err, errno, "replace %s", path);
    return 0;
}

/* Values of configs and secrets that come from the environment of `up` are kept in memory. */
static int store_environment(const struct stack *stack, const struct stack_file *files,
                             size_t count, struct error *err)
{
    AUTO_FREE char *folder = place_in_run("stacks/%s/environment", stack->name);

    for (size_t i = 0; i < count; i++) {
        const char *name = files[i].environment;
        const char *value = name ? getenv(name) : NULL;
        AUTO_FREE char *path = alloc_format("%s/%s", folder, name ? name : "");

        if (!name)
            continue;
        if (!value)
            return error_set(err, ERROR_INVALID,
                             "'%s' is to come from the variable '%s', which is not set: set it",
                             files[i].key, name);
        if (file_make_folders(folder, 0700, err) < 0 ||
            file_replace(AT_FDCWD, path, value, strlen(value), FILE_VOLATILE(0600), err) < 0)
            return -1;
    }
    return 0;
}

int revisions_store(const struct stack *stack, uint64_t *number_out, struct error *err)
{
    AUTO_FREE char *folder = place_in_root("stacks/%s", stack->name);
    AUTO_FREE char *revisions = alloc_format("%s/revisions", folder);
    AUTO_FREE char *path = NULL;
    AUTO_TEXT struct text text = { 0 };
    uint64_t number = 0;

    if (file_make_folders(revisions, 0700, err) < 0 ||
        store_environment(stack, stack->configs, stack->config_count, err) < 0 ||
        store_environment(stack, stack->secrets, stack->secret_count, err) < 0)
        return -1;
    stack_format(stack, &text);
    if (revisions_find_current(stack->name, &number, err) < 0) {
        if (err->code != ERROR_NOT_FOUND)
            return -1;
        error_clear(err);
    } else if (holds(folder, number, &text)) {
        *number_out = number;
        return 0;
    }
    number++;
    path = alloc_format("%s/%" PRIu64 ".yaml", revisions, number);
    if (file_replace(AT_FDCWD, path, text_get(&text), text.length, FILE_DURABLE(0600), err) < 0 ||
        point_to(folder, number, err) < 0)
        return error_wrap(err, "store stack '%s'", stack->name);
    *number_out = number;
    return 0;
}

void revisions_forget(const char *project, uint64_t number)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/revisions/%" PRIu64 ".yaml", project,
                                         number > KEPT ? number - KEPT : 0);

    unlink(path);
}

int revisions_load(const char *project, uint64_t number, struct stack **out, struct error *err)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/revisions/%" PRIu64 ".yaml", project, number);
    struct stack_options options = { .project_name = project, .resolved = true, .loose = true };
    struct diagnostics diagnostics = { 0 };
    AUTO_TEXT struct text text = { 0 };
    struct stack *stack = NULL;

    if (!file_exists(AT_FDCWD, path))
        return error_set(err, ERROR_NOT_FOUND, "revision %" PRIu64 " of stack '%s' is not stored",
                         number, project);
    strings_add(&options.files, path);
    stack = stack_load(&options, &diagnostics, err);
    if (!stack && diagnostics.count)
        error_wrap(err, "%s: %s", path, diagnostics.items[0].text);
    strings_done(&options.files);
    diagnostic_done(&diagnostics);
    if (!stack)
        return -1;
    *out = stack;
    return 0;
}
