/* SPDX-License-Identifier: MIT */

/*
 * Stack files for tests: written to a folder of their own and loaded
 */

#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "stack/stack.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

struct bed {
    char folder[64];
    struct stack_options options;
    struct diagnostics diagnostics;
    struct error err;
    struct stack *stack;
};

/* Write `text` as the file `name` of the bed's folder. */
static inline void bed_write(const struct bed *bed, const char *name, const char *text)
{
    AUTO_FREE char *path = alloc_format("%s/%s", bed->folder, name);
    struct error err = { 0 };

    assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), FILE_VOLATILE(0644), &err),
                     0);
}

static inline void bed_begin(struct bed *bed)
{
    *bed = (struct bed){ .folder = "/tmp/carte-bed-XXXXXX" };
    assert_non_null(mkdtemp(bed->folder));
    bed->options.directory = bed->folder;
    bed->options.project_name = "bed";
}

static inline void bed_load_files(struct bed *bed)
{
    bed->stack = stack_load(&bed->options, &bed->diagnostics, &bed->err);
}

/* Load `text` as the only file. */
static inline void bed_load(struct bed *bed, const char *text)
{
    bed_write(bed, "stack.yaml", text);
    bed_load_files(bed);
}

static inline void bed_end(struct bed *bed)
{
    struct error err = { 0 };

    stack_free(bed->stack);
    diagnostic_done(&bed->diagnostics);
    strings_done(&bed->options.files);
    strings_done(&bed->options.env_files);
    strings_done(&bed->options.profiles);
    assert_int_equal(file_remove_tree(AT_FDCWD, bed->folder, &err), 0);
}

/* Whether a message on this line holds `part`. */
static inline bool bed_says(const struct bed *bed, size_t line, const char *part)
{
    for (size_t i = 0; i < bed->diagnostics.count; i++) {
        const struct diagnostic *item = &bed->diagnostics.items[i];

        if (item->line == line && strstr(item->text, part))
            return true;
    }
    return false;
}

/* Fail with all messages shown when the file did not load. */
static inline void bed_expect_loaded(const struct bed *bed)
{
    AUTO_TEXT struct text text = { 0 };

    if (bed->stack)
        return;
    diagnostic_format(&bed->diagnostics, false, &text);
    fail_msg("%s\n%s", bed->err.text, text_get(&text));
}
