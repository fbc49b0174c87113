/* SPDX-License-Identifier: MIT */

/*
 * The parts of the functional walk
 *
 * Variables: u a new user, c the creator, m a new map, n a new asset's name, and what the
 * servers gave: t the session token, i the asset's id.
 */

#pragma once

#include "bot/bot.h"
#include "bot/variables.h"

struct check {
    const struct bot_options *options;
    struct variables variables;
    int passed;
    int failed;
};

/* Count and print one result; `got` is shown when it is not what was expected. */
void check_note(struct check *check, bool is_right, const char *what, const char *got);

void check_http_run(struct check *check);
void check_game_run(struct check *check);
