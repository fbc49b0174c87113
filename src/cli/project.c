/* SPDX-License-Identifier: MIT */

/*
 * The stack that a command is about
 */

#include "cli/project.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"

#define NAME_MAX_LENGTH 63

/* The first of two variables that is set and not empty. */
static const char *find_variable(const char *ours, const char *theirs)
{
    const char *value = getenv(ours);

    if (text_is_empty(value))
        value = getenv(theirs);
    return text_is_empty(value) ? NULL : value;
}

void project_split(const char *list, const char *separator, struct strings *out)
{
    const char *mark = separator && *separator ? separator : ":";
    const char *next;

    for (; (next = strstr(list, mark)); list = next + strlen(mark)) {
        if (next > list)
            strings_take(out, alloc_text_part(list, (size_t)(next - list)));
    }
    if (*list)
        strings_add(out, list);
}

static void choose(const struct strings *given, const char *variable, const char *separator,
                   struct strings *out)
{
    if (given->count > 0)
        strings_copy(out, given);
    else if (variable)
        project_split(variable, separator, out);
}

/* A file that was given by a relative path keeps that name. */
static void restore_given(char **file, const struct strings *given)
{
    for (size_t i = 0; *file && i < given->count; i++) {
        AUTO_FREE char *path = realpath(given->items[i], NULL);

        if (given->items[i][0] == '/' || !path || strcmp(path, *file) != 0)
            continue;
        free(*file);
        *file = alloc_text(given->items[i]);
        return;
    }
}

/* A file below the working folder is named as the user would. */
static void shorten_paths(struct diagnostics *diagnostics, const struct strings *given)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        char **file = &diagnostics->items[i].file;
        char *shorter = *file ? place_shorten(*file) : NULL;
        bool is_below = shorter && strcmp(shorter, *file) != 0;

        free(*file);
        *file = shorter;
        if (!is_below)
            restore_given(file, given);
    }
}

static void print_diagnostics(struct diagnostics *diagnostics, const struct strings *given)
{
    AUTO_TEXT struct text out = { 0 };
    struct error ignored = { 0 };

    if (diagnostics->count == 0)
        return;
    shorten_paths(diagnostics, given);
    diagnostic_format(diagnostics, output_has_colour(STDERR_FILENO), &out);
    if (file_write_all(STDERR_FILENO, text_get(&out), out.length, &ignored) < 0)
        error_clear(&ignored);
}

static int load(const struct stack_options *options, struct stack **out, struct error *err)
{
    struct diagnostics diagnostics = { 0 };

    *out = stack_load(options, &diagnostics, err);
    print_diagnostics(&diagnostics, &options->files);
    diagnostic_done(&diagnostics);
    return *out ? 0 : -1;
}

int project_load(const struct command_call *call, struct stack **out, struct error *err)
{
    const struct command_globals *globals = call->globals;
    const char *name = globals->project_name;
    struct stack_options options = {
        .directory = globals->project_directory,
        .loose = globals->loose,
        .named = call->operands,
    };
    int result;

    if (!name)
        name = find_variable("CARTE_PROJECT_NAME", "COMPOSE_PROJECT_NAME");
    if (name && project_check_name(name, err) < 0)
        return -1;
    options.project_name = name;
    choose(&globals->files, find_variable("CARTE_FILE", "COMPOSE_FILE"),
           getenv("COMPOSE_PATH_SEPARATOR"), &options.files);
    choose(&globals->env_files, find_variable("CARTE_ENV_FILES", "COMPOSE_ENV_FILES"), ",",
           &options.env_files);
    choose(&globals->profiles, find_variable("CARTE_PROFILES", "COMPOSE_PROFILES"), ",",
           &options.profiles);
    result = load(&options, out, err);
    strings_done(&options.files);
    strings_done(&options.env_files);
    strings_done(&options.profiles);
    return result;
}

int project_check_name(const char *name, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

    if (name[0] == '\0' || strlen(name) > NAME_MAX_LENGTH || name[strspn(name, allowed)] != '\0' ||
        name[0] == '_' || name[0] == '-')
        return error_set(err, ERROR_INVALID,
                         "'%s' cannot be the name of a stack; write at most %d of a-z, 0-9, '_' "
                         "and '-', the first a letter or digit",
                         name, NAME_MAX_LENGTH);
    return 0;
}

int project_find_name(const struct command_call *call, char **out, struct error *err)
{
    const char *name = call->globals->project_name;
    AUTO(stack) struct stack *stack = NULL;

    if (!name)
        name = find_variable("CARTE_PROJECT_NAME", "COMPOSE_PROJECT_NAME");
    if (!name) {
        if (project_load(call, &stack, err) < 0)
            return -1;
        name = stack->name;
    }
    if (project_check_name(name, err) < 0)
        return -1;
    *out = alloc_text(name);
    return 0;
}

int project_load_stored(const char *name, struct stack **out, struct error *err)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/stack.yaml", name);
    struct stack_options options = { .project_name = name, .resolved = true };

    *out = NULL;
    if (!file_exists(AT_FDCWD, path))
        return 0;
    strings_add(&options.files, path);
    if (load(&options, out, err) < 0)
        error_wrap(err, "read '%s'", path);
    strings_done(&options.files);
    return *out ? 0 : -1;
}
