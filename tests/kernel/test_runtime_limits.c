/* SPDX-License-Identifier: MIT */

/*
 * What a container may use, and its pause, on the cgroups that this machine has.
 */

#include "bare_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cgroup.h"
#include "runtime/cgroup_freezer.h"
#include "runtime/cgroup_limit.h"
#include "runtime/resources.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"

#define MIB (INT64_C(1) << 20)

static void start_sleeper(struct bed *f)
{
    struct error err = { 0 };

    bed_set_script(f, "exec sleep 1000");
    f->spec.program.stdout_fd = f->spec.program.stderr_fd = -1;
    bed_must(container_start(&f->spec, &f->process, &err), &err);
}

static void end_sleeper(struct bed *f)
{
    struct error err = { 0 };

    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    cleanup_close(&f->process.pidfd);
    bed_destroy(f);
}

/* The first line of a file of the container's cgroup: `v1` or `v2`, where its controller is. */
static void file_says(const struct bed *f, enum cgroup_controller controller, const char *v1,
                      const char *v2, const char *expected_v1, const char *expected_v2)
{
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };
    bool is_v1 = false;

    bed_must(cgroup_open(BED_PARENT, f->spec.id, &cgroup, &err), &err);
    is_v1 = cgroup_get_version(&cgroup, controller) == CGROUP_V1;
    if (!(is_v1 ? v1 : v2))
        return;
    bed_must(file_read(cgroup_get_folder(&cgroup, controller), is_v1 ? v1 : v2, 4096, &text, &err),
             &err);
    text.data[strcspn(text.data, "\n")] = '\0';
    assert_string_equal(text.data, is_v1 ? expected_v1 : expected_v2);
}

static void a_reservation_comes_and_goes_while_it_runs(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };

    f->spec.limits.memory_low_bytes = 32 * MIB;
    start_sleeper(f);
    file_says(f, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low", "33554432", "33554432");
    f->spec.limits.memory_low_bytes = 16 * MIB;
    bed_must(container_update(BED_PARENT, f->spec.id, &f->spec.limits, &err), &err);
    file_says(f, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low", "16777216", "16777216");
    f->spec.limits.memory_low_bytes = 0;
    bed_must(container_update(BED_PARENT, f->spec.id, &f->spec.limits, &err), &err);
    file_says(f, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low", "9223372036854771712",
              "0");
    end_sleeper(f);
}

static void figures_reach_the_kernel(void **state)
{
    struct bed *f = *state;
    struct container_resources resources = { .cpus = "0", .memory_nodes = "0" };
    struct error err = { 0 };

    resources_set(&resources, CONTAINER_CPU_SHARES, 512);
    resources_set(&resources, CONTAINER_CPU_PERIOD, 50000);
    resources_set(&resources, CONTAINER_CPU_QUOTA, 20000);
    resources_set(&resources, CONTAINER_MEMORY_LIMIT, 64 * MIB);
    resources_set(&resources, CONTAINER_MEMORY_LOW, 32 * MIB);
    resources_set(&resources, CONTAINER_PIDS, 50);
    f->spec.resources = &resources;
    start_sleeper(f);
    file_says(f, CGROUP_CPU, "cpu.shares", "cpu.weight", "512", "59");
    file_says(f, CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max", "20000", "20000 50000");
    file_says(f, CGROUP_CPU, "cpu.cfs_period_us", NULL, "50000", NULL);
    file_says(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864", "67108864");
    file_says(f, CGROUP_MEMORY, "memory.soft_limit_in_bytes", "memory.low", "33554432", "33554432");
    file_says(f, CGROUP_PIDS, "pids.max", "pids.max", "50", "50");
    file_says(f, CGROUP_CPUSET, "cpuset.cpus", "cpuset.cpus", "0", "0");
    /* What is not given stays; what is -1 is lifted. */
    resources = (struct container_resources){ 0 };
    resources_set(&resources, CONTAINER_CPU_QUOTA, -1);
    resources_set(&resources, CONTAINER_PIDS, -1);
    bed_must(container_update_resources(BED_PARENT, f->spec.id, &resources, &err), &err);
    file_says(f, CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max", "-1", "max 50000");
    file_says(f, CGROUP_PIDS, "pids.max", "pids.max", "max", "max");
    file_says(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864", "67108864");
    resources_set(&resources, CONTAINER_MEMORY_LIMIT, 4096);
    resources.check_before_update = true;
    assert_int_equal(container_update_resources(BED_PARENT, f->spec.id, &resources, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    end_sleeper(f);
}

static void memory_and_swap_grow_and_shrink_in_any_order(void **state)
{
    static const int64_t steps[] = { 64, 256, 16, 128, 32 };
    struct bed *f = *state;
    struct error err = { 0 };

    start_sleeper(f);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct container_resources resources = { 0 };
        AUTO_FREE char *expected = alloc_format("%lld", (long long)(steps[i] * MIB));

        resources_set(&resources, CONTAINER_MEMORY_LIMIT, steps[i] * MIB);
        resources_set(&resources, CONTAINER_MEMORY_SWAP, 2 * steps[i] * MIB);
        if (container_update_resources(BED_PARENT, f->spec.id, &resources, &err) < 0) {
            assert_int_equal(err.code, ERROR_UNSUPPORTED); /* a kernel that counts no swap */
            error_clear(&err);
            break;
        }
        file_says(f, CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max", expected, expected);
        file_says(f, CGROUP_MEMORY, NULL, "memory.swap.max", NULL, expected);
    }
    end_sleeper(f);
}

static void shares_are_weights_on_version_2(void **state)
{
    (void)state;
    assert_int_equal(cgroup_limit_convert_shares(2), 1);
    assert_int_equal(cgroup_limit_convert_shares(1024), 100);
    assert_int_equal(cgroup_limit_convert_shares(262144), 10000);
}

/* A figure that this machine's version of cgroups does not have must not pass in silence. */
static void what_cannot_be_set_is_refused(void **state)
{
    struct strings_map unified = { 0 };
    const struct container_huge_pages pages = { "../2MB", 4096 };
    const struct container_resources tricks[] = {
        { .huge_pages = &pages, .huge_page_count = 1 },
        { .unified = &unified },
        { .cpus = "99999" },
    };
    struct bed *f = *state;

    strings_map_set(&unified, "../x/memory.max", "1");
    bed_set_script(f, "true");
    for (size_t i = 0; i < ARRAY_SIZE(tricks); i++) {
        struct error err = { 0 };

        f->spec.resources = &tricks[i];
        assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
        assert_int_not_equal(err.code, ERROR_NONE);
        error_clear(&err);
        assert_int_equal(
            container_usage(BED_PARENT, f->spec.id, &(struct container_usage){ 0 }, &err), -1);
    }
    strings_map_done(&unified);
}

static void device_rules_can_change_while_it_runs(void **state)
{
    static const struct container_device device = {
        .path = "/dev/message", .type = 'c', .major = 1, .minor = 11, .mode = 0666
    };
    static const struct container_device_rule none[] = { { false, 'a', -1, -1, "rwm" } };
    static const struct container_device_rule some[] = { { false, 'a', -1, -1, "rwm" },
                                                         { true, 'c', 1, 11, "r" } };
    struct container_resources resources = { .device_rules = none, .device_rule_count = 1 };
    struct bed *f = *state;
    struct error err = { 0 };
    int pipe_in[2], pipe_out[2];
    char answer = 0;

    f->spec.devices = &device;
    f->spec.device_count = 1;
    f->spec.program.capabilities |= UINT64_C(1) << 34; /* SYSLOG */
    assert_true(pipe2(pipe_in, O_CLOEXEC) == 0 && pipe2(pipe_out, O_CLOEXEC) == 0);
    f->spec.program.stdin_fd = pipe_in[0];
    f->spec.program.stdout_fd = pipe_out[1];
    bed_set_script(f, "while read x; do (: </dev/message) 2>/dev/null && printf y || printf n; "
                      "(: </dev/zero) || printf lost; done");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    for (int i = 0; i < 5; i++) {
        static const char expected[] = "ynyny";

        if (i > 0) {
            resources.device_rules = i % 2 ? none : some;
            resources.device_rule_count = i % 2 ? ARRAY_SIZE(none) : ARRAY_SIZE(some);
            bed_must(container_update_resources(BED_PARENT, f->spec.id, &resources, &err), &err);
        }
        assert_int_equal(write(pipe_in[1], "\n", 1), 1);
        assert_int_equal(read(pipe_out[0], &answer, 1), 1);
        assert_int_equal(answer, expected[i]);
    }
    close(pipe_in[0]);
    close(pipe_in[1]);
    close(pipe_out[0]);
    close(pipe_out[1]);
    bed_reap(f);
    bed_destroy(f);
}

/* The processor time that the container has used. */
static uint64_t used_ns(const struct bed *f)
{
    struct container_usage usage = { 0 };
    struct error err = { 0 };

    bed_must(container_usage(BED_PARENT, f->spec.id, &usage, &err), &err);
    return usage.cpu_ns;
}

static void frozen_container_stands_still_and_can_be_killed(void **state)
{
    struct bed *f = *state;
    struct error err = { 0 };
    AUTO_FREE pid_t *pids = NULL;
    size_t count = 0;
    uint64_t before = 0;

    bed_set_script(f, "while :; do :; done & while :; do :; done");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    bed_must(container_freeze(BED_PARENT, f->spec.id, 60000, &err), &err);
    assert_true(container_is_frozen(BED_PARENT, f->spec.id));
    bed_must(container_freeze(BED_PARENT, f->spec.id, 60000, &err), &err);
    before = used_ns(f);
    for (int i = 0; i < 100; i++)
        sched_yield();
    assert_int_equal(used_ns(f), before);
    bed_must(container_thaw(BED_PARENT, f->spec.id, &err), &err);
    assert_false(container_is_frozen(BED_PARENT, f->spec.id));
    while (used_ns(f) == before)
        sched_yield(); /* it runs again, sooner or later */
    bed_must(container_list(BED_PARENT, f->spec.id, NULL, &pids, &count, &err), &err);
    assert_in_range(count, 1, 2);
    bed_must(container_freeze(BED_PARENT, f->spec.id, 60000, &err), &err);
    bed_must(container_kill_all(BED_PARENT, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    bed_destroy(f);
    assert_int_equal(container_freeze(BED_PARENT, f->spec.id, 1000, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

/* Hosts that have both freezers use that of version 2, so the other one is asked for here. */
static void freezer_of_version_1_does_the_same(void **state)
{
    struct cgroup_layout layout = { .hierarchies[0].version = CGROUP_V1, .count = 1 };
    AUTO_CGROUP struct cgroup cgroup = CGROUP_NONE;
    const char *folder = "/sys/fs/cgroup/freezer/carte-kernel-test";
    struct error err = { 0 };
    int status = 0;
    pid_t pid = -1;

    (void)state;
    if (access("/sys/fs/cgroup/freezer/tasks", W_OK) < 0)
        skip();
    layout.unified = -1;
    cgroup.layout = &layout;
    assert_int_equal(mkdir(folder, 0755), 0);
    cgroup.dirfd[0] = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid = fork();
    if (pid == 0) {
        for (;;)
            sched_yield();
    }
    bed_must(cgroup_add(&cgroup, pid, &err), &err);
    bed_must(cgroup_freezer_freeze(&cgroup, 60000, &err), &err);
    assert_true(cgroup_freezer_is_frozen(&cgroup));
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it cannot even die */
    bed_must(cgroup_freezer_thaw(&cgroup, &err), &err);
    assert_false(cgroup_freezer_is_frozen(&cgroup));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (rmdir(folder) < 0)
        assert_int_equal(errno, EBUSY);
}

static void whole_path_names_the_cgroup(void **state)
{
    struct bed *f = *state;
    struct container_usage usage;
    struct error err = { 0 };

    f->spec.cgroup_parent = "/carte-kernel-test/deep/one";
    f->spec.id = "Any_Name.1+x";
    bed_set_script(f, "exec sleep 1000");
    bed_must(container_start(&f->spec, &f->process, &err), &err);
    assert_int_equal(
        system("test -n \"$(find /sys/fs/cgroup -path '*/carte-kernel-test/deep/one' -type d)\""),
        0);
    bed_must(container_usage(f->spec.cgroup_parent, f->spec.id, &usage, &err), &err);
    assert_int_equal(usage.pids, 1);
    bed_must(container_kill_all(f->spec.cgroup_parent, f->spec.id, 5000, &err), &err);
    bed_reap(f);
    bed_must(container_destroy(f->spec.cgroup_parent, f->spec.id, &err), &err);
    assert_int_equal(
        system("test -z \"$(find /sys/fs/cgroup -path '*/carte-kernel-test*' -type d)\""), 0);
    f->spec.cgroup_parent = "/carte-kernel-test/../../x";
    assert_int_equal(container_start(&f->spec, &f->process, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
}

static void usage_counts_what_was_done(void **state)
{
    struct bed *f = *state;
    struct container_usage usage;
    struct error err = { 0 };

    f->spec.limits.cpu_millis = 50;
    f->spec.limits.pids = 17;
    f->spec.limits.memory_bytes = 64 << 20;
    bed_run(f, "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; head -c 8000000 /dev/zero >/x");
    bed_must(container_usage(BED_PARENT, f->spec.id, &usage, &err), &err);
    assert_true(usage.cpu_ns > 0 && usage.cpu_user_ns + usage.cpu_system_ns > 0);
    assert_true(usage.cpu_periods >= usage.throttled_periods);
    assert_int_equal(usage.pids, 0);
    assert_int_equal(usage.pids_limit, 17);
    assert_true(usage.memory_peak_bytes == 0 || usage.memory_peak_bytes >= 1 << 20);
    bed_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(a_reservation_comes_and_goes_while_it_runs),
        BED_TEST(figures_reach_the_kernel),
        BED_TEST(memory_and_swap_grow_and_shrink_in_any_order),
        cmocka_unit_test(shares_are_weights_on_version_2),
        BED_TEST(what_cannot_be_set_is_refused),
        BED_TEST(device_rules_can_change_while_it_runs),
        BED_TEST(frozen_container_stands_still_and_can_be_killed),
        cmocka_unit_test(freezer_of_version_1_does_the_same),
        BED_TEST(whole_path_names_the_cgroup),
        BED_TEST(usage_counts_what_was_done),
    };

    return bed_enter() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
