/* SPDX-License-Identifier: MIT */

/*
 * The short form of a Cartefile
 */

#include "build/short_form.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/copy_plan.h"
#include "build/stage_expand.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

#define APP "app"
#define START APP "/.start"

static const struct cartefile_instruction *get_instruction(const struct cartefile *cartefile,
                                                           enum cartefile_keyword keyword)
{
    const struct cartefile_instruction *at = cartefile->instructions;

    while (at->keyword != keyword)
        at++;
    return at;
}

const char *short_form_name(const struct cartefile *cartefile)
{
    return get_instruction(cartefile, CARTEFILE_NAME)->words.items[0];
}

/* What the three layers are made of. */
struct parts {
    char *folder, *exe; /* in the context; exe below folder */
};

static int clean(const struct stage *stage, const struct cartefile_instruction *at, char **out,
                 struct error *err)
{
    AUTO_FREE char *word = NULL;

    if (stage_expand(stage, at, at->words.items[0], &word, err) < 0)
        return -1;
    if (tree_clean_path(word, out, err) < 0)
        return cartefile_wrap(stage->builder->cartefile, at, err);
    return 0;
}

static bool skip_exe(void *context, const char *path, bool is_folder, bool *enter)
{
    const struct parts *parts = context;
    AUTO_FREE char *exe =
        alloc_format("%s%s%s", parts->folder, *parts->folder ? "/" : "", parts->exe);

    *enter = is_folder;
    return strcmp(path, exe) == 0;
}

typedef int (*write_fn)(struct copy_plan *plan, int tree, struct error *err);

static int write_start(struct copy_plan *plan, int tree, const char *exe, struct error *err)
{
    AUTO_TEXT struct text script = { 0 };

    text_add(&script, "#!/bin/sh\ncd /" APP " || exit 127\nexec './");
    for (const char *p = exe; *p; p++)
        *p == '\'' ? text_add(&script, "'\\''") : text_add_char(&script, *p);
    text_add(&script, "' \"$@\"\n");
    return copy_plan_put_text(plan, tree, START, text_get(&script), err);
}

/* One layer: a plan that copies, or else the start script. */
static int add_layer(struct stage *stage, const struct cartefile_instruction *at,
                     struct copy_plan *plan, const char *start_exe, struct error *err)
{
    AUTO_STAGE_LAYER struct stage_layer layer = { .tree = -1 };
    struct copy_links links = { 0 };
    struct hash_sha256 hash;
    char key[HASH_SHA256_HEX_SIZE];
    bool done = false;
    int hashed = 0;

    stage_begin_key(stage, at, &hash);
    hash_sha256_update_text(&hash, start_exe ? start_exe : "");
    hashed = copy_plan_hash(plan, &links, &hash, err);
    copy_links_done(&links);
    if (hashed < 0)
        return -1;
    hash_sha256_hex(&hash, key);
    if (stage_reuse(stage, at, key, &done, err) < 0)
        return -1;
    if (done)
        return 0;
    if (stage_begin_layer(stage, &layer, err) < 0 ||
        (start_exe ? write_start(plan, layer.tree, start_exe, err)
                   : copy_plan_write(plan, layer.tree, err)) < 0)
        return -1;
    return stage_commit_layer(stage, at, key, &layer, err);
}

/* The start script, or where nothing can carry it out, as on scratch, the executable itself. */
static int set_entrypoint(struct stage *stage, const struct merged *base, const char *exe,
                          struct error *err)
{
    struct image_config *config = &stage->manifest->config;
    AUTO_MERGED_NODE struct merged_node shell = { 0 };

    if (merged_find(base, "bin/sh", true, &shell, err) < 0)
        return -1;
    strings_done(&config->entrypoint);
    strings_done(&config->cmd);
    strings_add(&config->entrypoint, shell.found ? "/" START : exe);
    free(config->working_dir);
    config->working_dir = alloc_text("/" APP);
    return 0;
}

static int run_parts(struct stage *stage, struct parts *parts, struct error *err)
{
    const struct cartefile *cartefile = stage->builder->cartefile;
    AUTO(merged) struct merged *base = merged_open(&stage->layers, err);
    AUTO_SOURCE struct source context = { 0 };
    AUTO_COPY_RULES struct copy_rules plain = { .base = base };
    AUTO_COPY_RULES struct copy_rules executable = { .base = base, .chmod = "a+rx" };
    AUTO_COPY_RULES struct copy_rules script = { .base = base, .chmod = "755" };
    AUTO_COPY_PLAN struct copy_plan files = {
        .rules = &plain,
        .source = &context,
        .filter = skip_exe,
        .filter_context = parts,
    };
    AUTO_COPY_PLAN struct copy_plan exe = { .rules = &executable, .source = &context };
    AUTO_COPY_PLAN struct copy_plan start = { .rules = &script, .source = &context };
    AUTO_FREE char *target = alloc_format("/" APP "/%s", parts->exe);

    strings_add(&files.paths, parts->folder);
    strings_take(&exe.paths,
                 alloc_format("%s%s%s", parts->folder, *parts->folder ? "/" : "", parts->exe));
    if (!base || source_open(stage, NULL, &context, err) < 0 ||
        copy_plan_add(&files, "/" APP "/", true, err) < 0 ||
        copy_plan_add(&exe, target, false, err) < 0)
        return -1;
    if (exe.scan.count != 1 || !S_ISREG(exe.scan.entries[0].status.st_mode))
        return error_set(err, ERROR_INVALID, "exe_PATH '%s' is no file below PATH", parts->exe);
    if (set_entrypoint(stage, base, target, err) < 0 ||
        add_layer(stage, get_instruction(cartefile, CARTEFILE_PATH), &files, NULL, err) < 0 ||
        add_layer(stage, get_instruction(cartefile, CARTEFILE_EXE_PATH), &exe, NULL, err) < 0)
        return -1;
    return add_layer(stage, get_instruction(cartefile, CARTEFILE_NAME), &start, parts->exe, err);
}

int short_form_run(struct stage *stage, struct error *err)
{
    const struct cartefile *cartefile = stage->builder->cartefile;
    struct parts parts = { 0 };
    int result = -1;

    if (!stage->builder->context)
        return error_set(err, ERROR_INVALID, "%s: there is no build context", cartefile->path);
    if (clean(stage, get_instruction(cartefile, CARTEFILE_PATH), &parts.folder, err) == 0 &&
        clean(stage, get_instruction(cartefile, CARTEFILE_EXE_PATH), &parts.exe, err) == 0) {
        result = run_parts(stage, &parts, err);
        if (result < 0)
            error_wrap(err, "%s", cartefile->path);
    }
    free(parts.folder);
    free(parts.exe);
    return result;
}

/* The building user, also behind sudo. */
static const char *find_author(void)
{
    const char *behind = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = text_is_empty(behind) ? getpwuid(getuid()) : getpwnam(behind);

    return user ? user->pw_name : "unknown";
}

int short_form_save_record(const struct stage *stage, const char *image_id, struct error *err)
{
    const struct cartefile *cartefile = stage->builder->cartefile;
    AUTO(json) struct json *record = json_new_object();
    struct json *layers = json_new_array();
    const struct manifest *manifest = stage->manifest;
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *before = NULL;
    char now[32];

    /* The record of the first build stays when nothing has changed since. */
    if (store_find_record(stage->builder->store, image_id, &before, err) < 0)
        return -1;
    if (before)
        return 0;
    clock_format_wall(clock_wall_ms(), now);
    json_set_text(record, "name", short_form_name(cartefile));
    json_set_text(record, "timestamp", now);
    for (size_t i = manifest->layer_count - 3; i < manifest->layer_count; i++)
        json_append_text(layers, manifest->layers[i].diff_id);
    json_set(record, "layers", layers);
    json_set_text(record, "author", find_author());
    json_set_text(record, "exe_path",
                  get_instruction(cartefile, CARTEFILE_EXE_PATH)->words.items[0]);
    json_set_text(record, "base_image", stage->base);
    text = json_print(record, true);
    return store_save_record(stage->builder->store, image_id, text, err);
}
