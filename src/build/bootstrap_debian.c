/* SPDX-License-Identifier: MIT */

/*
 * Packages of Debian or of a distribution like it
 *
 * What the host's own apt is set up with for the suite is the source, else what mmdebstrap knows.
 * The settings of the host's apt for proxies and clocks hold meanwhile and are not in the image.
 */

#include "build/bootstrap_debian.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "build/bootstrap_tree.h"
#include "build/external.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Of day 0 a password's last change would mean: to be changed at the first login. */
#define FIRST_DAY 86400

static const struct distribution {
    const char *name, *keyring, *package;
} distributions[] = {
    { "debian", "/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring" },
    { "ubuntu", "/usr/share/keyrings/ubuntu-archive-keyring.gpg", "ubuntu-keyring" },
    { "kali", "/usr/share/keyrings/kali-archive-keyring.gpg", "kali-archive-keyring" },
};

/* In an image, servers are not started by their installation. */
static const char policy[] = "#!/bin/sh\n"
                             "# Nothing is started while packages are installed.\n"
                             "exit 101\n";

static const struct distribution *find_distribution(const char *base)
{
    for (size_t i = 0; i < ARRAY_SIZE(distributions); i++) {
        size_t length = strlen(distributions[i].name);

        if (strncmp(base, distributions[i].name, length) == 0 && base[length] == ':')
            return &distributions[i];
    }
    return NULL;
}

const char *bootstrap_debian_find_suite(const char *base)
{
    const struct distribution *distribution = find_distribution(base);

    return distribution ? base + strlen(distribution->name) + 1 : NULL;
}

static int check(const struct bootstrap_request *request, struct error *err)
{
    const struct distribution *distribution = find_distribution(request->base);
    const char *suite = distribution ? request->base + strlen(distribution->name) + 1 : "";

    if (!distribution || !*suite ||
        strspn(suite, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(suite) || *suite == '-')
        return error_set(err, ERROR_INVALID, "'%s' is no name of a suite: write debian:bookworm",
                         request->base);
    for (size_t i = 0; i < request->include.count; i++) {
        if (*request->include.items[i] == '-' || strpbrk(request->include.items[i], " /'\"?~"))
            return error_set(err, ERROR_INVALID, "'%s' is no name of a package",
                             request->include.items[i]);
    }
    if (!file_exists(AT_FDCWD, distribution->keyring))
        return error_set(err, ERROR_UNSUPPORTED,
                         "the keys of %s are not here: install the package '%s'",
                         distribution->name, distribution->package);
    return 0;
}

/* What apt is set up with: lines "URI SUITE COMPONENT", as apt prints them. */
struct sources {
    const char *suite;
    struct strings lines; /* of sources.list */
};

static void add_source(void *context, const char *line)
{
    struct sources *sources = context;
    char uri[1024];
    char suite[128];
    char component[128];
    size_t length = strlen(sources->suite);

    if (sscanf(line, "%1023s %127s %127s", uri, suite, component) != 3 ||
        strncmp(suite, sources->suite, length) != 0)
        return;
    if (suite[length] == '\0' || strcmp(suite + length, "-updates") == 0 ||
        strcmp(suite + length, "-security") == 0)
        strings_take(&sources->lines, alloc_format("deb %s %s %s", uri, suite, component));
}

static int list_sources(struct sources *sources, struct error *err)
{
    AUTO_EXTERNAL struct external apt = {
        .package = "apt",
        .output = add_source,
        .context = sources,
    };
    static const char *const args[] = {
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Identifier: Packages",
    };

    for (size_t i = 0; i < ARRAY_SIZE(args); i++)
        strings_add(&apt.args, args[i]);
    return external_run(&apt, err);
}

static void add_setting(void *context, const char *line)
{
    strings_take(context, alloc_format("--aptopt=%s", line));
}

/* "Acquire::http::Proxy "http://proxy:3128";" and the like. */
static int add_settings(struct strings *args, struct error *err)
{
    static const char *const words[] = {
        "apt-config",          "dump",          "--no-empty",     "--format",
        "%f \"%v\";%n",        "Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
    };
    AUTO_EXTERNAL struct external apt = {
        .package = "apt",
        .output = add_setting,
        .context = args,
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        strings_add(&apt.args, words[i]);
    return external_run(&apt, err);
}

static int add_mirrors(const struct bootstrap_request *request, const char *suite,
                       struct strings *args, struct error *err)
{
    struct sources sources = { .suite = suite };
    int result = 0;

    if (request->mirror) {
        strings_add(args, request->mirror);
        return 0;
    }
    result = list_sources(&sources, err);
    for (size_t i = 0; i < sources.lines.count; i++)
        strings_add(args, sources.lines.items[i]);
    strings_done(&sources.lines);
    return result;
}

/* mmdebstrap says what it does in lines "I: installing essential packages...". */
static void take_message(void *context, const char *line)
{
    const struct bootstrap_tree *tree = context;
    AUTO_FREE char *doing = NULL;
    size_t length = strlen(line);

    if (!text_starts_with(line, "I: ") || !text_ends_with(line, "..."))
        return;
    doing = alloc_text_part(line + 3, length - 6);
    if (!strchr(doing, '/'))
        bootstrap_tree_note(tree, doing);
}

static int install(const struct bootstrap_tree *tree, struct error *err)
{
    const struct bootstrap_request *request = tree->request;
    const char *suite = bootstrap_debian_find_suite(request->base);
    AUTO_EXTERNAL struct external program = {
        .package = "mmdebstrap",
        .message = take_message,
        .context = (void *)(uintptr_t)tree,
    };
    struct strings *args = &program.args;

    strings_add(args, "mmdebstrap");
    strings_add(args, "--mode=root");
    strings_add(args, "--format=directory");
    strings_take(args,
                 alloc_format("--variant=%s", request->variant ? request->variant : "minbase"));
    for (size_t i = 0; i < request->include.count; i++)
        strings_take(args, alloc_format("--include=%s", request->include.items[i]));
    if (add_settings(args, err) < 0)
        return -1;
    strings_add(args, "--customize-hook=rm -f \"$1/etc/apt/apt.conf.d/99mmdebstrap\"");
    strings_add(args, suite);
    strings_add(args, tree->path);
    if (add_mirrors(request, suite, args, err) < 0)
        return -1;
    strings_take(&program.env, alloc_format("SOURCE_DATE_EPOCH=%lld",
                                            (long long)MAX(tree->epoch, (int64_t)FIRST_DAY)));
    strings_take(&program.env, alloc_format("TMPDIR=%s", tree->spare));
    return external_run(&program, err);
}

int bootstrap_debian_fill(const struct bootstrap_tree *tree, struct error *err)
{
    if (check(tree->request, err) < 0 || install(tree, err) < 0 ||
        bootstrap_tree_put(tree, "usr/sbin/policy-rc.d", S_IFREG | 0755, policy, err) < 0)
        return -1;
    strings_add(&tree->manifest->config.cmd, "bash");
    return 0;
}
