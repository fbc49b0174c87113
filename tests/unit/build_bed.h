/* SPDX-License-Identifier: MIT */

/*
 * Builds for tests: a folder with a store, and contexts below it
 *
 * Layers need root (owners, whiteouts); a test that makes one is skipped without it. RUN steps are
 * not carried out: what they would have executed is kept.
 */

#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "build/build.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

struct bed {
    char folder[64];
    struct store *store;
    struct build_request request; /* what a test adds to it: target, args */
    struct diagnostics diagnostics;
    struct text excerpt;
    struct error err;
    struct image *image;
    struct text steps;      /* "[2/5] COPY . /app\n", with "CACHED " in front */
    struct text runs;       /* the arguments of each RUN step, "/bin/sh|-c|true\n" */
    struct strings run_env; /* of the last */
    size_t uncached;
    int run_status; /* what a RUN step ends with */
};

static inline int bed_set_up(void **state)
{
    struct bed *bed = alloc_new(struct bed);
    AUTO_FREE char *root = NULL;

    snprintf(bed->folder, sizeof(bed->folder), "/tmp/carte-bed.XXXXXX");
    if (!mkdtemp(bed->folder))
        return -1;
    root = alloc_format("%s/images", bed->folder);
    bed->store = store_open(root, &bed->err);
    bed->request.output_fd = -1;
    *state = bed;
    return bed->store ? 0 : -1;
}

static inline void bed_forget(struct bed *bed)
{
    image_free(STEAL_PTR(bed->image));
    diagnostic_done(&bed->diagnostics);
    text_done(&bed->excerpt);
    text_done(&bed->steps);
    text_done(&bed->runs);
    strings_done(&bed->run_env);
    error_clear(&bed->err);
    bed->uncached = 0;
}

static inline int bed_tear_down(void **state)
{
    struct bed *bed = *state;
    int result = 0;

    bed_forget(bed);
    strings_map_done(&bed->request.args);
    store_close(bed->store);
    result = file_remove_tree(AT_FDCWD, bed->folder, &bed->err);
    free(bed);
    return result;
}

static inline void bed_write(const struct bed *bed, const char *path, const char *content)
{
    AUTO_FREE char *full = alloc_format("%s/%s", bed->folder, path);
    AUTO_FREE char *folder = alloc_text_part(full, (size_t)(strrchr(full, '/') - full));
    struct error err = { 0 };

    assert_int_equal(file_make_folders(folder, 0755, &err), 0);
    assert_int_equal(
        file_replace(AT_FDCWD, full, content, strlen(content), FILE_VOLATILE(0644), &err), 0);
}

static inline void bed_note_step(void *context, size_t step, size_t step_count,
                                 const char *instruction, bool cached)
{
    struct bed *bed = context;

    text_add_format(&bed->steps, "%s[%zu/%zu] %s\n", cached ? "CACHED " : "", step, step_count,
                    instruction);
    bed->uncached += !cached;
}

static inline int bed_note_run(void *context, struct container_spec *spec, const char *network,
                               int *exit_status_out, struct error *err)
{
    struct bed *bed = context;

    (void)network;
    (void)err;
    for (size_t i = 0; i < spec->program.args.count; i++)
        text_add_format(&bed->runs, "%s%s", i > 0 ? "|" : "", spec->program.args.items[i]);
    text_add(&bed->runs, "\n");
    strings_copy(&bed->run_env, &spec->program.env);
    *exit_status_out = bed->run_status;
    return 0;
}

/* Build `text` with the context "context" under `name`; the outcome is in the bed. */
static inline int bed_build(struct bed *bed, const char *text, const char *name)
{
    AUTO_FREE char *folder = alloc_format("%s/context", bed->folder);
    struct build_request request = bed->request;
    int result = 0;

    if (geteuid() != 0)
        skip();
    bed_forget(bed);
    assert_int_equal(file_make_folders(folder, 0755, &bed->err), 0);
    request.context_folder = folder;
    if (!request.cartefile)
        request.cartefile_text = text;
    request.diagnostics = &bed->diagnostics;
    request.excerpt = &bed->excerpt;
    request.progress = bed_note_step;
    request.run = bed_note_run;
    request.callback_context = bed;
    strings_add(&request.names, name);
    result = build_image(bed->store, &request, &bed->image, &bed->err);
    strings_done(&request.names);
    return result;
}

static inline const struct image_config *bed_must_build(struct bed *bed, const char *text)
{
    if (bed_build(bed, text, "test") < 0)
        fail_msg("%s", bed->err.text);
    return &bed->image->config;
}

/* The build fails, and says so with `part`. */
static inline void bed_must_fail(struct bed *bed, const char *text, const char *part)
{
    assert_int_equal(bed_build(bed, text, "test"), -1);
    if (!strstr(bed->err.text, part))
        fail_msg("'%s' is not in '%s'", part, bed->err.text);
}

static inline void bed_give_arg(struct bed *bed, const char *name, const char *value)
{
    strings_map_set(&bed->request.args, name, value);
}

/* The words of a list, with '|' between them. */
static inline char *bed_join(const struct strings *list)
{
    AUTO_TEXT struct text out = { 0 };

    for (size_t i = 0; i < list->count; i++)
        text_add_format(&out, "%s%s", i > 0 ? "|" : "", list->items[i]);
    return text_steal(&out);
}

static inline void bed_assert_list(const struct strings *list, const char *expected)
{
    AUTO_FREE char *joined = bed_join(list);

    assert_string_equal(joined, expected);
}

static inline void bed_assert_env(const struct image_config *config, const char *name,
                                  const char *expected)
{
    const char *value = strings_find_env(&config->env, name);

    assert_string_equal(value ? value : "(none)", expected);
}

#define BED_TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)
