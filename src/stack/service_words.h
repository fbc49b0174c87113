/* SPDX-License-Identifier: MIT */

/*
 * Words of a service that only the runtime or a library of the replica would find wrong
 */

#pragma once

struct node;
struct reading;
struct service;

/* Report words that mean nothing, at their places in `map`. */
void service_words_check(struct reading *reading, const struct node *map,
                         const struct service *service);
