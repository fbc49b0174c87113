/* SPDX-License-Identifier: MIT */

/*
 * What the tests of the runtime share: a container of a static busybox in a temporary folder
 */

#pragma once

#include "unit.h"

#include <sys/stat.h>

#include "runtime/container.h"
#include "util/error.h"
#include "util/text.h"

#define BED_PARENT "carte-test"
#define BED_TEST(test) cmocka_unit_test_setup_teardown(test, bed_set_up, bed_tear_down)

struct bed {
    char *root; /* a temporary folder */
    struct container_spec spec;
    struct container_process process;
    struct text output;
    int status; /* its exit code, or 128 + its signal */
};

/* Give the test a network and mounts of its own. */
int bed_enter(void);

int bed_set_up(void **state);
int bed_tear_down(void **state);
void bed_must(int result, const struct error *err);
char *bed_below(const struct bed *bed, const char *name);
void bed_set_script(struct bed *bed, const char *script);
void bed_reap(struct bed *bed);
void bed_destroy(const struct bed *bed);

/* Start, read all output, reap; the cgroup stays. NULL: the arguments are set. */
void bed_run(struct bed *bed, const char *script);
