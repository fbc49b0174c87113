/* SPDX-License-Identifier: MIT */

/*
 * The health of the other services
 *
 * Asks /healthz of each service in PEERS by its name and answers, when all have answered or
 * two seconds are over, which replica of each spoke. 200 when all are well, else 503.
 */

#pragma once

struct exchange;

void peers_answer(struct exchange *exchange);
