/* SPDX-License-Identifier: MIT */

/*
 * Time
 *
 * Waits and decisions use the monotonic clock, which also counts while the machine sleeps;
 * wall time is for display and records only.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

int64_t clock_now_ms(void);  /* CLOCK_BOOTTIME */
int64_t clock_now_ns(void);  /* CLOCK_BOOTTIME */
int64_t clock_wall_ms(void); /* since 1970 */

/* "2026-01-31T12:00:00.123Z"; `out` holds at least 32 bytes. */
void clock_format_wall(int64_t wall_ms, char out[32]);

/*
 * The other way: "2026-01-31", "2026-01-31T12:00:00" with or without a fraction, and then "Z", an
 * offset such as "+02:00", or nothing, which is UTC. False: it is none.
 */
bool clock_parse_wall(const char *text, int64_t *wall_ms_out);

/* The id of this boot of the machine, 36 characters and a NUL. Aborts if /proc is missing. */
const char *clock_boot_id(void);
