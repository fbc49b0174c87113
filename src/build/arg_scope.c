/* SPDX-License-Identifier: MIT */

/*
 * ARG: where the variables of a build are known, and which value each has
 */

#include "build/arg_scope.h"

#include <stdlib.h>
#include <string.h>

#include "build/platform.h"
#include "build/stage_expand.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/text.h"

/* One "NAME" or "NAME=default", its variables replaced. */
static void declare(const struct stage *stage, char *word, struct strings_map *args)
{
    const struct builder *builder = stage->builder;
    char *equals = strchr(word, '=');
    const struct strings_pair *given = NULL;
    const struct strings_pair *global = NULL;

    if (equals)
        *equals = '\0';
    given = strings_map_find(&builder->request->args, word);
    global = strings_map_find(&builder->args, word);
    if (given && given->value)
        strings_map_set(args, word, given->value);
    else if (equals)
        strings_map_set(args, word, equals + 1);
    else if (global && global->value)
        strings_map_set(args, word, global->value);
}

int arg_scope_step(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    AUTO_STRINGS struct strings words = { 0 };

    /* All defaults see the values from before the line. */
    if (stage_expand_words(stage, at, &words, err) < 0)
        return -1;
    for (size_t i = 0; i < words.count; i++)
        declare(stage, words.items[i], &stage->args);
    return 0;
}

/* Before FROM one word sees those before it. */
static int declare_global(struct stage *global, const struct cartefile_instruction *at,
                          struct error *err)
{
    for (size_t i = 0; i < at->words.count; i++) {
        AUTO_FREE char *word = NULL;

        if (stage_expand(global, at, at->words.items[i], &word, err) < 0)
            return -1;
        declare(global, word, &global->args);
    }
    return 0;
}

int arg_scope_read_global(struct builder *builder, struct error *err)
{
    struct stage global = { .builder = builder };
    int result = 0;

    platform_add_args(&global.args);
    for (size_t i = 0; i < builder->cartefile->count && result == 0; i++) {
        const struct cartefile_instruction *at = &builder->cartefile->instructions[i];

        if (at->keyword == CARTEFILE_FROM)
            break;
        if (at->keyword == CARTEFILE_ARG)
            result = declare_global(&global, at, err);
    }
    builder->args = global.args;
    return result;
}

bool arg_scope_is_proxy(const char *name)
{
    static const char *const names[] = {
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
        "ftp_proxy",  "NO_PROXY",   "no_proxy",    "ALL_PROXY",   "all_proxy",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void list_declared(const struct cartefile *cartefile, struct strings *out)
{
    for (size_t i = 0; i < cartefile->count; i++) {
        const struct cartefile_instruction *at = &cartefile->instructions[i];

        if (at->trigger)
            at = at->trigger;
        for (size_t k = 0; at->keyword == CARTEFILE_ARG && k < at->words.count; k++)
            strings_take(out,
                         alloc_text_part(at->words.items[k], strcspn(at->words.items[k], "=")));
    }
}

void arg_scope_warn_unused(const struct builder *builder, struct diagnostics *diagnostics)
{
    AUTO_STRINGS struct strings declared = { 0 };
    static const char *const none[] = { NULL };

    list_declared(builder->cartefile, &declared);
    for (size_t i = 0; i < builder->request->args.count; i++) {
        const char *name = builder->request->args.pairs[i].key;
        const char *const *names = declared.items ? (const char *const *)declared.items : none;
        const char *nearest = text_nearest(name, names);

        if (strings_has(&declared, name) || arg_scope_is_proxy(name) || platform_is_arg(name) ||
            strcmp(name, "SOURCE_DATE_EPOCH") == 0 || text_starts_with(name, "BUILDKIT_"))
            continue;
        diagnostic_add(diagnostics, DIAGNOSTIC_WARNING, NULL, NULL,
                       "--build-arg %s: no ARG of '%s' takes it%s%s%s", name,
                       builder->cartefile->path, nearest ? ": did you mean '" : "",
                       nearest ? nearest : "", nearest ? "'?" : "");
    }
}
