/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are an image's passwd and group files, whatever user is asked for: the first line is
 * the user, the rest is both files.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/account.h"
#include "runtime/cgroup_layout.h"
#include "runtime/process.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct cgroup_layout layout;
    struct account account;
    struct error err = { 0 };
    uint64_t start_time = 0;
    char *rest = NULL;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    cgroup_layout_parse(text, text, &layout);
    (void)process_parse_start_time(text, &start_time);
    rest = text + strcspn(text, "\n");
    if (*rest)
        *rest++ = '\0';
    if (account_resolve(rest, rest, text, NULL, &account, &err) == 0 &&
        (account.group_count == 0 || account.groups[0] != account.gid))
        abort();
    free(text);
    return 0;
}
