/* SPDX-License-Identifier: MIT */

/*
 * What each instruction of a Cartefile may have
 */

#include "image/cartefile_rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/text.h"

#define ONCE(name_)                             \
    {                                           \
        .name = (name_), .kind = CARTEFILE_ONCE \
    }
#define AGAIN(name_)                             \
    {                                            \
        .name = (name_), .kind = CARTEFILE_AGAIN \
    }
#define SWITCH(name_)                             \
    {                                             \
        .name = (name_), .kind = CARTEFILE_SWITCH \
    }

static const struct cartefile_rule rules[CARTEFILE_KEYWORD_COUNT] = {
    [CARTEFILE_FROM] = {
        .name = "FROM",
        .form = "IMAGE [AS NAME]",
        .doc = "Begins a stage: an image of the store, an earlier stage, or `scratch`.",
        .flags = { ONCE("platform") },
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_ARG] = {
        .name = "ARG",
        .form = "NAME[=DEFAULT]...",
        .doc = "A variable of the build, given by `--build-arg`; before the first FROM for the FROM "
               "lines, and for a stage that declares it again.",
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_RUN] = {
        .name = "RUN",
        .form = "COMMAND",
        .doc = "Runs a command; what it changes is a layer.",
        .flags = { AGAIN("mount"), ONCE("network"), ONCE("security") },
        .missing = { "device" },
        .words_min = 1,
        .takes_json = true,
        .takes_heredocs = true,
    },
    [CARTEFILE_COPY] = {
        .name = "COPY",
        .form = "SOURCE... DESTINATION",
        .doc = "Copies files of the context, of a stage or of an image.",
        .flags = { ONCE("from"), ONCE("chown"), ONCE("chmod"), SWITCH("link"), SWITCH("parents"),
                   AGAIN("exclude") },
        .words_min = 2,
        .takes_json = true,
        .takes_heredocs = true,
        .expands = true,
    },
    [CARTEFILE_ADD] = {
        .name = "ADD",
        .form = "SOURCE... DESTINATION",
        .doc = "As COPY, and unpacks archives, and fetches files and repositories.",
        .flags = { ONCE("chown"), ONCE("chmod"), SWITCH("link"), ONCE("checksum"),
                   SWITCH("keep-git-dir"), AGAIN("exclude"), SWITCH("unpack") },
        .words_min = 2,
        .takes_json = true,
        .takes_heredocs = true,
        .expands = true,
    },
    [CARTEFILE_ENV] = {
        .name = "ENV",
        .form = "NAME=VALUE...",
        .doc = "Variables of the steps that follow and of the container; also the old form NAME "
               "VALUE.",
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_WORKDIR] = {
        .name = "WORKDIR",
        .form = "FOLDER",
        .doc = "The folder to work in, made if missing; a relative one continues the one before.",
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_USER] = {
        .name = "USER",
        .form = "USER[:GROUP]",
        .doc = "Who runs the steps that follow and the container.",
        .words_min = 1,
        .words_max = 1,
        .expands = true,
    },
    [CARTEFILE_LABEL] = {
        .name = "LABEL",
        .form = "NAME=VALUE...",
        .doc = "Labels of the image; also the old form NAME VALUE.",
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_EXPOSE] = {
        .name = "EXPOSE",
        .form = "PORT[-PORT][/PROTOCOL]...",
        .doc = "Ports on which the container listens: tcp, udp or sctp.",
        .words_min = 1,
        .expands = true,
    },
    [CARTEFILE_VOLUME] = {
        .name = "VOLUME",
        .form = "FOLDER...",
        .doc = "Folders that are volumes in the container.",
        .words_min = 1,
        .takes_json = true,
        .expands = true,
    },
    [CARTEFILE_ENTRYPOINT] = {
        .name = "ENTRYPOINT",
        .form = "COMMAND",
        .doc = "What the container executes; takes away a CMD of the image below.",
        .takes_json = true,
    },
    [CARTEFILE_CMD] = {
        .name = "CMD",
        .form = "COMMAND",
        .doc = "The arguments of the entry point, or the command where there is none.",
        .takes_json = true,
    },
    [CARTEFILE_HEALTHCHECK] = {
        .name = "HEALTHCHECK",
        .form = "CMD COMMAND | NONE",
        .doc = "How to find out whether the container is healthy.",
        .flags = { ONCE("interval"), ONCE("timeout"), ONCE("start-period"), ONCE("start-interval"),
                   ONCE("retries") },
        .words_min = 1,
    },
    [CARTEFILE_STOPSIGNAL] = {
        .name = "STOPSIGNAL",
        .form = "SIGNAL",
        .doc = "The signal that asks the container to end.",
        .words_min = 1,
        .words_max = 1,
        .expands = true,
    },
    [CARTEFILE_SHELL] = {
        .name = "SHELL",
        .form = "[\"PROGRAM\", \"OPTION\"...]",
        .doc = "The shell of the shell form, instead of `/bin/sh -c`.",
        .words_min = 1,
        .takes_json = true,
    },
    [CARTEFILE_MAINTAINER] = {
        .name = "MAINTAINER",
        .form = "TEXT",
        .doc = "The label `maintainer`; deprecated, use LABEL.",
        .words_min = 1,
    },
    [CARTEFILE_ONBUILD] = {
        .name = "ONBUILD",
        .form = "INSTRUCTION",
        .doc = "An instruction for the images that are based on this one: it runs right after "
               "their FROM.",
        .words_min = 1,
    },
    [CARTEFILE_NAME] = {
        .name = "NAME",
        .form = "NAME",
        .doc = "Short form: the image's name.",
        .words_min = 1,
        .words_max = 1,
        .expands = true,
    },
    [CARTEFILE_PATH] = {
        .name = "PATH",
        .form = "FOLDER",
        .doc = "Short form: the program's folder, copied to `/app`.",
        .words_min = 1,
        .words_max = 1,
        .expands = true,
    },
    [CARTEFILE_EXE_PATH] = {
        .name = "exe_PATH",
        .form = "FILE",
        .doc = "Short form: the executable below PATH; it becomes the entry point.",
        .words_min = 1,
        .words_max = 1,
        .expands = true,
    },
};

const struct cartefile_rule *cartefile_rules_get(enum cartefile_keyword keyword)
{
    return &rules[keyword];
}

const struct cartefile_rule *cartefile_rules_find(const char *word, enum cartefile_keyword *out)
{
    for (size_t i = 0; i < CARTEFILE_KEYWORD_COUNT; i++) {
        if (strcasecmp(rules[i].name, word) != 0)
            continue;
        *out = (enum cartefile_keyword)i;
        return &rules[i];
    }
    return NULL;
}

const struct cartefile_flag *cartefile_rules_find_flag(const struct cartefile_rule *rule,
                                                       const char *name)
{
    for (size_t i = 0; i < CARTEFILE_FLAGS_MAX && rule->flags[i].name; i++) {
        if (strcmp(rule->flags[i].name, name) == 0)
            return &rule->flags[i];
    }
    return NULL;
}

const char *cartefile_rules_nearest(const char *word)
{
    const char *names[CARTEFILE_KEYWORD_COUNT + 1] = { 0 };
    AUTO_FREE char *upper = alloc_text(word);

    for (size_t i = 0; i < CARTEFILE_KEYWORD_COUNT; i++)
        names[i] = rules[i].name;
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text_nearest(upper, names);
}

const char *cartefile_rules_nearest_flag(const struct cartefile_rule *rule, const char *name)
{
    const char *names[CARTEFILE_FLAGS_MAX + 1] = { 0 };

    for (size_t i = 0; i < CARTEFILE_FLAGS_MAX; i++)
        names[i] = rule->flags[i].name;
    return text_nearest(name, names);
}
