/* SPDX-License-Identifier: MIT */

/*
 * What the commands of the control API do to the crew
 */

#pragma once

struct control_server_handlers;
struct crew;

void commands_fill(struct crew *crew, struct control_server_handlers *out);

/* Answer those commands whose end has come about; `down` ends the loop. */
void commands_settle(struct crew *crew);
