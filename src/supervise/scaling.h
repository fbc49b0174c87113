/* SPDX-License-Identifier: MIT */

/*
 * Each second: what replicas use, and how many there should be
 *
 * Measures the running replicas and, once per period of its policy, asks autoscale.h about
 * each service that scales by itself.
 */

#pragma once

struct crew;

void scaling_tick(struct crew *crew);
