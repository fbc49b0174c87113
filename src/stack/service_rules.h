/* SPDX-License-Identifier: MIT */

/*
 * Rules between the keys of a service, and spellings that no row can describe
 */

#pragma once

struct node;
struct reading;

/* As `prepare` and `check` of struct object (field.h). */
void service_rules_prepare(struct reading *reading, struct node *map);
void service_rules_check(struct reading *reading, const struct node *map, void *base);
