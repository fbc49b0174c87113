/* SPDX-License-Identifier: MIT */

/*
 * Short spellings of compose files
 *
 * Each function gives the long form of one: a mapping with the keys of the object's table.
 * NULL, or nothing appended: a message was given.
 */

#pragma once

#include "stack/reading.h"

/* "[[IP:](port|range):](port|range)[/protocol]"; ranges become one item for each port. */
void shorthand_add_ports(struct reading *reading, const struct node *node, struct node *list);

/* "[SOURCE:]TARGET[:MODE]" */
void shorthand_add_mount(struct reading *reading, const struct node *node, struct node *list);

/* "TARGET[:size=64m,mode=1777]" of `tmpfs` */
void shorthand_add_tmpfs(struct reading *reading, const struct node *node, struct node *list);

/* "SOURCE[:TARGET][:rwm]" of `devices` */
void shorthand_add_device(struct reading *reading, const struct node *node, struct node *list);

/* The name of a config or secret. */
void shorthand_add_source(struct reading *reading, const struct node *node, struct node *list);

/* The path of a file of variables. */
void shorthand_add_env_file(struct reading *reading, const struct node *node, struct node *list);

/* "no", "always", "on-failure[:N]" or "unless-stopped" */
struct node *shorthand_restart(struct reading *reading, const struct node *node);

/* "./folder" of `build` */
struct node *shorthand_build(struct reading *reading, const struct node *node);

/* One number for both limits of `ulimits` */
struct node *shorthand_ulimit(struct reading *reading, const struct node *node);
