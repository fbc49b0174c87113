/* SPDX-License-Identifier: MIT */

/*
 * The instructions of a stage
 *
 * Most only change the configuration: a row of the table at the end names the function.
 */

#include "build/step.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "build/arg_scope.h"
#include "build/build_run.h"
#include "build/copy_step.h"
#include "build/expose.h"
#include "build/run_command.h"
#include "build/stage_expand.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

#define RETRIES_MAX 1000000

static int fail(const struct stage *stage, const struct cartefile_instruction *at,
                struct error *err)
{
    return cartefile_wrap(stage->builder->cartefile, at, err);
}

static void set_text(char **place, char *value)
{
    free(*place);
    *place = value;
}

typedef void (*set_pair_fn)(struct stage *stage, const char *key, const char *value);

static void set_env(struct stage *stage, const char *key, const char *value)
{
    strings_set_env(&stage->manifest->config.env, key, value);
}

static void set_label(struct stage *stage, const char *key, const char *value)
{
    strings_map_set(&stage->manifest->config.labels, key, value);
}

static int set_legacy_pair(struct stage *stage, const struct cartefile_instruction *at,
                           set_pair_fn set, struct error *err)
{
    AUTO_FREE char *value = NULL;
    const char *rest = at->rest + strlen(at->words.items[0]);

    if (stage_expand(stage, at, rest + strspn(rest, " \t"), &value, err) < 0)
        return -1;
    set(stage, at->words.items[0], value);
    return 0;
}

/* KEY=value ..., where all values are those from before; or the old form KEY value. */
static int set_pairs(struct stage *stage, const struct cartefile_instruction *at, set_pair_fn set,
                     struct error *err)
{
    AUTO_STRINGS struct strings words = { 0 };

    if (!strchr(at->words.items[0], '='))
        return set_legacy_pair(stage, at, set, err);
    if (stage_expand_words(stage, at, &words, err) < 0)
        return -1;
    for (size_t i = 0; i < words.count; i++) {
        char *equals = strchr(words.items[i], '=');

        if (!equals || equals == words.items[i])
            return cartefile_error(stage->builder->cartefile, at, err,
                                   "'%s' is not of the form NAME=value", words.items[i]);
        *equals = '\0';
        set(stage, words.items[i], equals + 1);
    }
    return 0;
}

static int step_env(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    return set_pairs(stage, at, set_env, err);
}

static int step_label(struct stage *stage, const struct cartefile_instruction *at,
                      struct error *err)
{
    return set_pairs(stage, at, set_label, err);
}

static int step_maintainer(struct stage *stage, const struct cartefile_instruction *at,
                           struct error *err)
{
    (void)err;
    set_label(stage, "maintainer", at->rest);
    return 0;
}

static int step_user(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    char *user = NULL;

    if (stage_expand(stage, at, at->words.items[0], &user, err) < 0)
        return -1;
    set_text(&stage->manifest->config.user, user);
    return 0;
}

static int step_volume(struct stage *stage, const struct cartefile_instruction *at,
                       struct error *err)
{
    AUTO_STRINGS struct strings paths = { 0 };

    if (stage_expand_words(stage, at, &paths, err) < 0)
        return -1;
    for (size_t i = 0; i < paths.count; i++) {
        AUTO_FREE char *path =
            alloc_format("%s%s", *paths.items[i] == '/' ? "" : "/", paths.items[i]);

        if (!*paths.items[i])
            return cartefile_error(stage->builder->cartefile, at, err, "VOLUME names no folder");
        if (!strings_has(&stage->manifest->config.volumes, path))
            strings_take(&stage->manifest->config.volumes, STEAL_PTR(path));
    }
    return 0;
}

/* A variable may hold several ports. */
static int step_expose(struct stage *stage, const struct cartefile_instruction *at,
                       struct error *err)
{
    AUTO_STRINGS struct strings words = { 0 };

    if (stage_expand_words(stage, at, &words, err) < 0)
        return -1;
    for (size_t i = 0; i < words.count; i++) {
        char *rest = NULL;

        for (char *word = strtok_r(words.items[i], " \t", &rest); word;
             word = strtok_r(NULL, " \t", &rest)) {
            if (expose_add(word, &stage->manifest->config.exposed, err) < 0)
                return fail(stage, at, err);
        }
    }
    return 0;
}

/* The exec form as it is, the shell form behind the shell. */
static void set_command(const struct stage *stage, const struct cartefile_instruction *at,
                        struct strings *out)
{
    strings_done(out);
    if (at->is_json || !*at->rest) {
        strings_copy(out, &at->words);
        return;
    }
    run_command_add_shell(stage, out);
    strings_add(out, at->rest);
}

static int step_cmd(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    (void)err;
    set_command(stage, at, &stage->manifest->config.cmd);
    stage->has_cmd = true;
    return 0;
}

/* A new entry point makes the command of the image below meaningless. */
static int step_entrypoint(struct stage *stage, const struct cartefile_instruction *at,
                           struct error *err)
{
    (void)err;
    set_command(stage, at, &stage->manifest->config.entrypoint);
    if (!stage->has_cmd)
        strings_done(&stage->manifest->config.cmd);
    return 0;
}

static int step_shell(struct stage *stage, const struct cartefile_instruction *at,
                      struct error *err)
{
    (void)err;
    strings_copy(&stage->manifest->config.shell, &at->words);
    return 0;
}

static int step_stopsignal(struct stage *stage, const struct cartefile_instruction *at,
                           struct error *err)
{
    AUTO_FREE char *name = NULL;
    struct error ignored = { 0 };
    int number = 0;

    if (stage_expand(stage, at, at->words.items[0], &name, err) < 0)
        return -1;
    if (parse_signal(name, &number, &ignored) < 0)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "STOPSIGNAL '%s' is no signal: use one like SIGTERM or 15", name);
    set_text(&stage->manifest->config.stop_signal, STEAL_PTR(name));
    return 0;
}

static int set_health_flags(struct stage *stage, const struct cartefile_instruction *at,
                            struct error *err)
{
    struct image_config *config = &stage->manifest->config;
    const struct {
        const char *key;
        int64_t *place;
    } flags[] = {
        { "interval", &config->health_interval_ms },
        { "timeout", &config->health_timeout_ms },
        { "start-period", &config->health_start_period_ms },
        { "start-interval", &config->health_start_interval_ms },
        { "retries", &config->health_retries },
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        const struct strings_pair *pair = strings_map_find(&at->flags, flags[i].key);
        bool is_count = flags[i].place == &config->health_retries;

        *flags[i].place = 0;
        if (pair && (is_count ? parse_int(pair->value, 0, RETRIES_MAX, flags[i].place, err) < 0
                              : parse_duration_ms(pair->value, flags[i].place, err) < 0)) {
            error_wrap(err, "--%s", flags[i].key);
            return fail(stage, at, err);
        }
    }
    return 0;
}

static int step_healthcheck(struct stage *stage, const struct cartefile_instruction *at,
                            struct error *err)
{
    struct strings *test = &stage->manifest->config.health_test;
    const char *rest = at->rest + strcspn(at->rest, " \t");
    const char *kind = at->words.items[0];

    if (set_health_flags(stage, at, err) < 0)
        return -1;
    strings_done(test);
    if (strcasecmp(kind, "NONE") == 0) {
        strings_add(test, "NONE");
        return 0;
    }
    rest += strspn(rest, " \t");
    return run_command_health(stage, at, rest, test, err);
}

static int workdir(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    AUTO(merged) struct merged *base = NULL;
    AUTO_STAGE_LAYER struct stage_layer layer = { .tree = -1 };
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    AUTO_FREE char *word = NULL;
    char key[HASH_SHA256_HEX_SIZE];
    bool done = false;

    if (stage_expand(stage, at, at->rest, &word, err) < 0)
        return -1;
    base = merged_open(&stage->layers, err);
    set_text(&stage->manifest->config.working_dir, build_run_clean_path(stage, word));
    if (!base || merged_find(base, stage->manifest->config.working_dir, true, &node, err) < 0)
        return fail(stage, at, err);
    if (node.found && !S_ISDIR(node.status.st_mode))
        return cartefile_error(stage->builder->cartefile, at, err, "'%s' is no folder", word);
    if (node.found) {
        stage_note(stage, at);
        return 0;
    }
    copy_step_folder_key(stage, at, node.path, key);
    if (stage_reuse(stage, at, key, &done, err) < 0)
        return -1;
    if (done)
        return 0;
    if (stage_begin_layer(stage, &layer, err) < 0 ||
        copy_step_make_folder(base, layer.tree, node.path, err) < 0)
        return fail(stage, at, err);
    return stage_commit_layer(stage, at, key, &layer, err);
}

static int step_onbuild(struct stage *stage, const struct cartefile_instruction *at,
                        struct error *err)
{
    (void)err;
    strings_add(&stage->manifest->config.on_build, at->rest);
    return 0;
}

typedef int (*step_fn)(struct stage *stage, const struct cartefile_instruction *at,
                       struct error *err);

/* `reports` itself: a step that may make a layer. */
static const struct step {
    step_fn run;
    bool reports;
} steps[CARTEFILE_KEYWORD_COUNT] = {
    [CARTEFILE_ARG] = { arg_scope_step, false },
    [CARTEFILE_RUN] = { build_run_step, true },
    [CARTEFILE_COPY] = { copy_step_run, true },
    [CARTEFILE_ADD] = { copy_step_run, true },
    [CARTEFILE_ENV] = { step_env, false },
    [CARTEFILE_WORKDIR] = { workdir, true },
    [CARTEFILE_USER] = { step_user, false },
    [CARTEFILE_LABEL] = { step_label, false },
    [CARTEFILE_EXPOSE] = { step_expose, false },
    [CARTEFILE_VOLUME] = { step_volume, false },
    [CARTEFILE_ENTRYPOINT] = { step_entrypoint, false },
    [CARTEFILE_CMD] = { step_cmd, false },
    [CARTEFILE_HEALTHCHECK] = { step_healthcheck, false },
    [CARTEFILE_STOPSIGNAL] = { step_stopsignal, false },
    [CARTEFILE_SHELL] = { step_shell, false },
    [CARTEFILE_MAINTAINER] = { step_maintainer, false },
    [CARTEFILE_ONBUILD] = { step_onbuild, false },
};

static int run_one(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    const struct step *step = &steps[at->keyword];

    if (!step->run)
        return cartefile_error(stage->builder->cartefile, at, err, "%s stands where it cannot",
                               cartefile_keyword_name(at->keyword));
    if (step->run(stage, at, err) < 0)
        return stage_fail(stage, at);
    if (!step->reports)
        stage_note(stage, at);
    return 0;
}

int step_run_triggers(struct stage *stage, struct error *err)
{
    for (size_t i = 0; i < stage->triggers->count; i++) {
        if (run_one(stage, &stage->triggers->instructions[i], err) < 0)
            return -1;
    }
    return 0;
}

int step_run_all(struct stage *stage, struct error *err)
{
    for (size_t i = stage->first + 1; i < stage->end; i++) {
        if (run_one(stage, &stage->builder->cartefile->instructions[i], err) < 0)
            return -1;
    }
    return 0;
}
