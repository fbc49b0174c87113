/* SPDX-License-Identifier: MIT */

/*
 * Rules that follow the values of variables through the stages
 *
 * Nothing is done: each stage has a shadow with its variables only, and ENV, ARG and WORKDIR
 * change that. Of an image that is not in the store the variables are not known, and so nothing
 * is said of variables in the stages based on it.
 */

#include "build/lint_stage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "build/arg_scope.h"
#include "build/expand.h"
#include "build/platform.h"
#include "build/stage_list.h"
#include "image/cartefile_rules.h"
#include "image/reference.h"
#include "image/tree.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

struct shadow {
    struct stage stage; /* variables in its manifest and args */
    bool is_known;      /* the image below is in the store */
    bool has_workdir, has_shell;
    const struct cartefile_instruction *last[CARTEFILE_KEYWORD_COUNT];
};

/* One instruction whose variables are replaced. */
struct look {
    struct lint *lint;
    struct shadow *shadow;
    const struct cartefile_instruction *at;
    enum lint_rule rule; /* of a variable without a value */
    struct strings missing;
};

static const char *find(void *context, const char *name)
{
    const struct look *look = context;

    return stage_find_variable(&look->shadow->stage, name);
}

static void list_variables(const struct stage *stage, struct strings *out)
{
    const struct strings *env = &stage->manifest->config.env;

    for (size_t i = 0; i < env->count; i++)
        strings_take(out, alloc_text_part(env->items[i], strcspn(env->items[i], "=")));
    for (size_t i = 0; i < stage->args.count; i++)
        strings_add(out, stage->args.pairs[i].key);
}

static void note_missing(void *context, const char *name)
{
    struct look *look = context;
    const struct stage *stage = &look->shadow->stage;
    AUTO_STRINGS struct strings known = { 0 };
    const char *nearest = NULL;

    /* A declared argument is known, if only without a value. */
    if (strings_has(&look->missing, name) || !look->shadow->is_known ||
        strings_map_find(&stage->args, name))
        return;
    strings_add(&look->missing, name);
    list_variables(stage, &known);
    if (known.count > 0)
        nearest = text_nearest(name, (const char *const *)known.items);
    lint_add(look->lint, look->rule, look->at, "'$%s' has no value here: %s%s%s", name,
             nearest ? "did you mean '$" : "declare it with ",
             nearest ? nearest : (look->rule == LINT_UNDEFINED_VAR ? "ARG or ENV" : "ARG above"),
             nearest ? "'?" : "");
}

/* NULL: it cannot be expanded, which the build itself will say. To be freed. */
static char *expand(struct look *look, const char *word)
{
    const struct expand_scope scope = {
        .find = find,
        .missing = note_missing,
        .context = look,
        .escape = look->lint->builder->cartefile->escape,
    };
    struct error ignored = { 0 };
    char *out = NULL;

    return expand_word(&scope, word, &out, &ignored) == 0 ? out : NULL;
}

typedef void (*check_fn)(struct look *look, const struct strings *words);

static void check_env(struct look *look, const struct strings *words)
{
    struct strings *env = &look->shadow->stage.manifest->config.env;

    for (size_t i = 0; i < words->count; i++) {
        const char *equals = strchr(words->items[i], '=');
        AUTO_FREE char *name = alloc_text_part(
            words->items[i], equals ? (size_t)(equals - words->items[i]) : strlen(words->items[i]));

        /* In the old form the first word is the name. */
        strings_set_env(env, name, equals ? equals + 1 : "");
        if (!equals)
            return;
    }
}

static void check_arg(struct look *look, const struct strings *words)
{
    struct stage *stage = &look->shadow->stage;
    struct error ignored = { 0 };

    if (arg_scope_step(stage, look->at, &ignored) < 0)
        return;
    /* One without a value is declared all the same. */
    for (size_t i = 0; i < words->count; i++) {
        AUTO_FREE char *name = alloc_text_part(words->items[i], strcspn(words->items[i], "="));

        if (!strings_map_find(&stage->args, name))
            strings_map_set(&stage->args, name, NULL);
    }
}

static void check_workdir(struct look *look, const struct strings *words)
{
    if (*words->items[0] != '/' && !look->shadow->has_workdir && look->missing.count == 0)
        lint_add(look->lint, LINT_WORKDIR_RELATIVE_PATH, look->at,
                 "'%s' continues a folder that the image below may change: begin with '/'",
                 words->items[0]);
    look->shadow->has_workdir = true;
}

static void check_expose(struct look *look, const struct strings *words)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *protocol = strchr(words->items[i], '/');

        if (strchr(words->items[i], ':'))
            lint_add(look->lint, LINT_EXPOSE_INVALID_FORMAT, look->at,
                     "'%s' has an address or a port of the host, which do not count: write the "
                     "port of the container alone",
                     words->items[i]);
        for (const char *p = protocol; p && *p; p++) {
            if (!isupper((unsigned char)*p))
                continue;
            lint_add(look->lint, LINT_EXPOSE_PROTO_CASING, look->at,
                     "write the protocol '%s' in lower case", protocol + 1);
            break;
        }
    }
}

/* A folder with a rule that reaches into it is left out in part only. */
static bool is_ignored(const struct builder *builder, const char *path)
{
    AUTO_MERGED_NODE struct merged_node node = { 0 };
    struct error ignored = { 0 };

    if (!ignore_has(&builder->ignore, path))
        return false;
    if (!builder->ignore.takes_back || !builder->context)
        return true;
    return merged_find(builder->context, path, true, &node, &ignored) < 0 || !node.found ||
           !S_ISDIR(node.status.st_mode);
}

static void check_copy(struct look *look, const struct strings *words)
{
    const struct builder *builder = look->lint->builder;

    if (strings_map_find(&look->at->flags, "from") || look->at->heredoc_count > 0)
        return;
    for (size_t i = 0; i + 1 < words->count; i++) {
        AUTO_FREE char *path = NULL;
        struct error ignored = { 0 };

        if (ignore_is_pattern(words->items[i]) || strstr(words->items[i], "://") ||
            tree_clean_path(words->items[i], &path, &ignored) < 0 || !*path)
            continue;
        if (is_ignored(builder, path))
            lint_add(look->lint, LINT_COPY_IGNORED_FILE, look->at,
                     "'%s' is left out by %s: remove it there, or add !%s", words->items[i],
                     builder->ignore_name, path);
    }
}

/* Only the last of its kind counts in a stage. */
static void check_single(struct look *look)
{
    const struct cartefile_instruction **last = &look->shadow->last[look->at->keyword];
    const char *name = cartefile_keyword_name(look->at->keyword);

    if (*last)
        lint_add(look->lint, LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED, *last,
                 "the %s of line %zu takes the place of this one: remove it", name, look->at->line);
    *last = look->at;
}

static void check_command(struct look *look)
{
    check_single(look);
    if (look->at->keyword != CARTEFILE_HEALTHCHECK && !look->at->is_json && *look->at->rest &&
        !look->shadow->has_shell)
        lint_add(look->lint, LINT_JSON_ARGS_RECOMMENDED, look->at, "%s",
                 *look->at->rest == '['
                     ? "this is no JSON array, and so the shell reads it: use double quotes"
                     : "a shell stands between signals and the program: write a JSON array, or "
                       "set SHELL");
}

static const check_fn checks[CARTEFILE_KEYWORD_COUNT] = {
    [CARTEFILE_ENV] = check_env,         [CARTEFILE_ARG] = check_arg,
    [CARTEFILE_WORKDIR] = check_workdir, [CARTEFILE_EXPOSE] = check_expose,
    [CARTEFILE_COPY] = check_copy,       [CARTEFILE_ADD] = check_copy,
};

static void look_at(struct lint *lint, struct shadow *shadow,
                    const struct cartefile_instruction *at)
{
    struct look look = { lint, shadow, at, LINT_UNDEFINED_VAR, { 0 } };
    AUTO_STRINGS struct strings words = { 0 };

    shadow->has_shell |= at->keyword == CARTEFILE_SHELL;
    if (at->keyword == CARTEFILE_CMD || at->keyword == CARTEFILE_ENTRYPOINT ||
        at->keyword == CARTEFILE_HEALTHCHECK)
        check_command(&look);
    for (size_t i = 0; cartefile_rules_get(at->keyword)->expands && i < at->words.count; i++) {
        char *word = expand(&look, at->words.items[i]);

        if (word)
            strings_take(&words, word);
    }
    if (checks[at->keyword] && words.count == at->words.count)
        checks[at->keyword](&look, &words);
    strings_done(&look.missing);
}

/* What FROM names when no --build-arg is given. */
static void check_default(struct look *look)
{
    const struct builder *builder = look->lint->builder;
    struct build_request request = *builder->request;
    struct builder plain = *builder;
    struct shadow shadow = { .stage.builder = &plain, .is_known = false };
    struct look defaults = { look->lint, &shadow, look->at, LINT_UNDEFINED_ARG_IN_FROM, { 0 } };
    AUTO_FREE char *base = NULL;
    AUTO_FREE char *name = NULL;
    struct error ignored = { 0 };

    if (!strchr(look->at->words.items[0], '$'))
        return;
    request.args = (struct strings_map){ 0 };
    plain.request = &request;
    plain.args = (struct strings_map){ 0 };
    if (arg_scope_read_global(&plain, &ignored) == 0) {
        shadow.stage.args = plain.args;
        base = expand(&defaults, look->at->words.items[0]);
        if (base && (!*base || reference_parse(base, &name, &ignored) < 0))
            lint_add(look->lint, LINT_INVALID_DEFAULT_ARG_IN_FROM, look->at,
                     "'%s' is '%s' when no --build-arg is given, which is no name of an image: "
                     "give the ARG a default",
                     look->at->words.items[0], base);
    }
    strings_map_done(&plain.args);
}

/* What stands before the first FROM; an argument without a value is declared all the same. */
static void add_global_args(const struct builder *builder, struct strings_map *args)
{
    const struct cartefile *cartefile = builder->cartefile;

    strings_map_copy(args, &builder->args);
    for (size_t i = 0; i < builder->stages[0].first; i++) {
        const struct strings *words = &cartefile->instructions[i].words;

        for (size_t k = 0; k < words->count; k++) {
            AUTO_FREE char *name = alloc_text_part(words->items[k], strcspn(words->items[k], "="));

            if (!strings_map_find(args, name))
                strings_map_set(args, name, NULL);
        }
    }
}

static void check_from(struct lint *lint, struct shadow *shadow,
                       const struct cartefile_instruction *at)
{
    struct look look = { lint, shadow, at, LINT_UNDEFINED_ARG_IN_FROM, { 0 } };
    const struct strings_pair *platform = strings_map_find(&at->flags, "platform");

    free(expand(&look, at->words.items[0]));
    if (platform)
        free(expand(&look, platform->value));
    if (look.missing.count == 0)
        check_default(&look);
    strings_done(&look.missing);
}

/* The configuration of the image below, if it is at hand. */
static void load_base(struct lint *lint, struct shadow *shadow, const struct stage *stage,
                      const struct cartefile_instruction *at)
{
    const struct builder *builder = lint->builder;
    struct manifest **manifest = &shadow->stage.manifest;
    AUTO(image) struct image *image = NULL;
    struct error ignored = { 0 };
    AUTO_FREE char *own = platform_own();

    manifest_free(STEAL_PTR(*manifest));
    if (stage->manifest)
        *manifest = manifest_copy(stage->manifest);
    else if (strcmp(stage->base, "scratch") != 0 &&
             store_find_image(builder->store, stage->base, &image, &ignored) == 0 && image &&
             store_load_manifest(builder->store, image->digest, manifest, &ignored) < 0)
        error_clear(&ignored);
    shadow->is_known = *manifest || strcmp(stage->base, "scratch") == 0;
    if (!*manifest)
        *manifest = stage_new_scratch();
    if ((*manifest)->architecture && !text_ends_with(own, (*manifest)->architecture))
        lint_add(
            lint, LINT_INVALID_BASE_IMAGE_PLATFORM, at,
            "image '%s' is for linux/%s, and this build for %s: get the image of this platform",
            stage->base, (*manifest)->architecture, own);
}

static void shadow_done(struct shadow *shadow)
{
    manifest_free(shadow->stage.manifest);
    strings_map_done(&shadow->stage.args);
}

static void begin(struct lint *lint, struct shadow *shadows, size_t number)
{
    const struct builder *builder = lint->builder;
    const struct stage *stage = &builder->stages[number];
    const struct cartefile_instruction *at = &builder->cartefile->instructions[stage->first];
    const struct stage *below = stage_list_find_below(stage);
    struct shadow *shadow = &shadows[number];

    *shadow = (struct shadow){ .stage.builder = stage->builder, .is_known = true };
    shadow->stage.manifest = alloc_new(struct manifest);
    add_global_args(builder, &shadow->stage.args);
    check_from(lint, shadow, at);
    strings_map_done(&shadow->stage.args);
    if (below) {
        const struct shadow *other = &shadows[below - builder->stages];

        manifest_free(shadow->stage.manifest);
        shadow->stage.manifest = manifest_copy(other->stage.manifest);
        strings_map_copy(&shadow->stage.args, &other->stage.args);
        shadow->is_known = other->is_known;
        shadow->has_workdir = other->has_workdir;
        shadow->has_shell = other->has_shell;
    } else {
        load_base(lint, shadow, stage, at);
    }
}

void lint_stage_check(struct lint *lint)
{
    const struct builder *builder = lint->builder;
    AUTO_FREE struct shadow *shadows = alloc_array(struct shadow, MAX(builder->stage_count, 1U));

    for (size_t i = 0; i < builder->stage_count; i++) {
        begin(lint, shadows, i);
        for (size_t k = builder->stages[i].first + 1; k < builder->stages[i].end; k++)
            look_at(lint, &shadows[i], &builder->cartefile->instructions[k]);
    }
    for (size_t i = 0; i < builder->stage_count; i++)
        shadow_done(&shadows[i]);
}
