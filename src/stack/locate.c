/* SPDX-License-Identifier: MIT */

/*
 * Which files make the stack, and what it is called
 */

#include "stack/locate.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/reading.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static const char *const names[] = {
    "carte.yaml",  "carte.yml",          "stack.yaml",          "stack.yml", "compose.yaml",
    "compose.yml", "docker-compose.yml", "docker-compose.yaml", NULL,
};

static const char *const overrides[] = {
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
    NULL,
};

char *locate_folder(const char *file)
{
    const char *slash = strrchr(file, '/');

    if (!slash)
        return alloc_text(".");
    return alloc_text_part(file, slash == file ? 1 : (size_t)(slash - file));
}

static bool add_first(const char *folder, const char *const *list, struct strings *out)
{
    for (; *list; list++) {
        AUTO_FREE char *path = alloc_format("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, *list);

        if (!file_exists(AT_FDCWD, path))
            continue;
        strings_take(out, STEAL_PTR(path));
        return true;
    }
    return false;
}

/* Look in `folder` and those above it. */
static bool search(const char *folder, struct strings *out)
{
    AUTO_FREE char *at = alloc_text(folder);

    for (;;) {
        AUTO_FREE char *above = NULL;

        if (add_first(at, names, out)) {
            /* Our own names stand for themselves; compose names bring their override file. */
            const char *base = strrchr(out->items[0], '/') + 1;

            if (!text_starts_with(base, "carte.") && !text_starts_with(base, "stack."))
                add_first(at, overrides, out);
            return true;
        }
        if (strcmp(at, "/") == 0)
            return false;
        above = locate_folder(at);
        free(at);
        at = STEAL_PTR(above);
    }
}

static void add_file(const struct reading *reading, const char *file, struct strings *out)
{
    if (strcmp(file, "-") == 0)
        strings_add(out, file);
    else
        strings_take(out, reading_resolve_path(reading, file));
}

int locate_files(const struct stack_options *options, struct strings *out, struct error *err)
{
    AUTO_FREE char *cwd = getcwd(NULL, 0);
    struct reading here = { .directory = cwd ? cwd : "/" };
    AUTO_FREE char *folder =
        reading_resolve_path(&here, options->directory ? options->directory : ".");
    const char *listed = getenv("COMPOSE_FILE");

    for (size_t i = 0; i < options->files.count; i++)
        add_file(&here, options->files.items[i], out);
    if (out->count == 0 && listed && *listed && !options->directory) {
        AUTO_FREE char *copy = alloc_text(listed);
        char *rest = copy;

        for (char *one = strsep(&rest, ":"); one; one = strsep(&rest, ":"))
            add_file(&here, one, out);
    }
    if (out->count > 0 || search(folder, out))
        return 0;
    return error_set(err, ERROR_NOT_FOUND,
                     "no carte.yaml, stack.yaml or compose.yaml in '%s' or above it; write one, or "
                     "name a file with -f",
                     folder);
}

char *locate_normalize_name(const char *text)
{
    AUTO_TEXT struct text out = { 0 };

    for (; *text; text++) {
        char c = (char)tolower((unsigned char)*text);
        bool word = isascii(c) && isalnum((unsigned char)c);

        if (word || (out.length > 0 && (c == '-' || c == '_')))
            text_add_char(&out, c);
    }
    return text_steal(&out);
}
