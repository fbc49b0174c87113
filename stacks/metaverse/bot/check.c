/* SPDX-License-Identifier: MIT */

/*
 * The functional walk over all requests
 */

#include "bot/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/alloc.h"
#include "util/cleanup.h"

void check_note(struct check *check, bool is_right, const char *what, const char *got)
{
    if (is_right) {
        check->passed++;
        return;
    }
    check->failed++;
    printf("wrong: %s\n  got: %.400s\n", what, got);
}

int check_run(const struct bot_options *options)
{
    struct check check = { .options = options };
    AUTO_FREE char *user = alloc_format("bot%08x", randombytes_random());
    AUTO_FREE char *map = alloc_format("%u", 1000000 + randombytes_uniform(1000000000));
    AUTO_FREE char *name = alloc_format("Baum-%08x", randombytes_random());

    variables_set(&check.variables, 'u', user);
    variables_set(&check.variables, 'c', options->creator);
    variables_set(&check.variables, 'm', map);
    variables_set(&check.variables, 'n', name);
    check_http_run(&check);
    check_game_run(&check);
    printf("%d answers were right, %d were wrong\n", check.passed, check.failed);
    variables_done(&check.variables);
    return check.failed == 0 && check.passed > 0 ? 0 : 1;
}
