/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a --mount, a source of ADD with its checksum, a --chmod and a path: lines one to
 * four. What is taken keeps the promises of the headers.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "build/add_remote.h"
#include "build/copy_match.h"
#include "build/owner.h"
#include "build/run_mount.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int expand(void *context, const char *value, char **out, struct error *err)
{
    (void)context;
    (void)err;
    *out = alloc_text(value);
    return 0;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void try_mount(const char *text)
{
    struct run_mount mount = { 0 };
    struct error err = { 0 };
    char *from = run_mount_find_from(text);

    if (run_mount_parse(text, expand, NULL, &mount, &err) == 0) {
        require(mount.kind < RUN_MOUNT_KIND_COUNT);
        require(mount.target || mount.kind == RUN_MOUNT_SECRET || mount.kind == RUN_MOUNT_SSH);
        require(!mount.from || from);
    } else {
        require(err.code == ERROR_INVALID);
    }
    free(from);
    run_mount_done(&mount);
}

static void try_remote(const char *word, const char *checksum)
{
    struct add_remote remote = { 0 };
    struct error err = { 0 };

    if (add_remote_parse(word, *checksum ? checksum : NULL, false, &remote, &err) == 0) {
        require(!remote.name || !strchr(remote.name, '/'));
        require(!remote.name || strcmp(remote.name, "..") != 0);
        require(!remote.ref || remote.ref[0] != '-');
        require(!remote.checksum ||
                strspn(remote.checksum, "0123456789abcdef") == strlen(remote.checksum));
    } else {
        require(err.code == ERROR_INVALID);
    }
    add_remote_done(&remote);
}

static void try_mode(const char *text)
{
    struct error err = { 0 };
    mode_t mode = 0;

    if (owner_apply_mode(text, S_IFREG | 0644, &mode, &err) == 0)
        require(S_ISREG(mode));
}

static void try_path(const char *text)
{
    char *clean = copy_match_clean(text);
    char *again = copy_match_clean(clean);

    require(*clean != '/' && strcmp(clean, again) == 0);
    require(!text_starts_with(clean, "../") && strcmp(clean, "..") != 0);
    free(clean);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = alloc_text_part((const char *)data, size);
    char *lines[4] = { text };

    for (size_t i = 1; i < 4; i++) {
        lines[i] = lines[i - 1] + strcspn(lines[i - 1], "\n");
        if (*lines[i])
            *lines[i]++ = '\0';
    }
    try_mount(lines[0]);
    try_remote(lines[1], lines[2]);
    try_mode(lines[2]);
    try_path(lines[3]);
    free(text);
    return 0;
}
