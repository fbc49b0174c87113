/* SPDX-License-Identifier: MIT */

/*
 * What a cgroup has used
 */

#pragma once

#include <stdint.h>

struct cgroup;
struct container_pressure;
struct container_usage;

/* What a missing controller would count is zero. */
void cgroup_usage_read(const struct cgroup *cgroup, struct container_usage *out);

/* Pure: the number after `key` in a text of lines "key number"; 0: there is none. */
uint64_t cgroup_usage_find(const char *text, const char *key);

/* Pure: the content of a file such as cpu.pressure; what is not there is zero. */
void cgroup_usage_parse_pressure(const char *text, struct container_pressure *out);
