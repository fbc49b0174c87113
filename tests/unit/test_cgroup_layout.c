/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdbool.h>

#include "runtime/cgroup_layout.h"
#include "runtime/cgroup_usage.h"
#include "runtime/container.h"

static const char hybrid[] =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n"
    "37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static struct cgroup_layout layout;

static void pure_v2_owns_everything(void **state)
{
    (void)state;
    cgroup_layout_parse("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
                        "cpuset cpu io memory pids hugetlb rdma\n", &layout);
    assert_int_equal(layout.count, 1);
    assert_int_equal(layout.unified, 0);
    for (size_t c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
        bool only_v1 = c == CGROUP_NETWORK_CLASS || c == CGROUP_NETWORK_PRIORITY;

        assert_int_equal(layout.owner[c], only_v1 ? -1 : 0);
    }
    assert_string_equal(layout.hierarchies[0].path, "/sys/fs/cgroup");
}

static void controllers_that_v2_lacks_have_no_owner(void **state)
{
    (void)state;
    cgroup_layout_parse("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "cpuset pids",
                        &layout);
    assert_int_equal(layout.owner[CGROUP_CPU], -1);
    assert_int_equal(layout.owner[CGROUP_MEMORY], -1);
    assert_int_equal(layout.owner[CGROUP_PIDS], 0);
}

static void hybrid_takes_v1_controllers_and_the_v2_freezer(void **state)
{
    (void)state;
    cgroup_layout_parse(hybrid, "hugetlb\n", &layout);
    assert_int_equal(layout.count, 6); /* all but the one that has only a name */
    assert_int_equal(layout.owner[CGROUP_CPU], layout.owner[CGROUP_CPUACCT]);
    assert_string_equal(layout.hierarchies[layout.owner[CGROUP_CPU]].name, "cpu,cpuacct");
    assert_string_equal(layout.hierarchies[layout.owner[CGROUP_MEMORY]].name, "memory");
    assert_int_equal(layout.hierarchies[layout.owner[CGROUP_DEVICES]].version, CGROUP_V1);
    assert_int_equal(layout.owner[CGROUP_FREEZER], layout.unified);
    assert_string_equal(layout.hierarchies[layout.unified].name, "unified");
}

static void order_of_mounts_does_not_matter(void **state)
{
    (void)state;
    cgroup_layout_parse("1 1 0:1 / /u rw - cgroup2 cgroup2 rw\n"
                        "2 1 0:2 / /f rw - cgroup cgroup rw,freezer\n"
                        "3 1 0:3 / /d rw - cgroup cgroup rw,devices\n",
                        "cpu memory pids", &layout);
    assert_int_equal(layout.count, 2);
    assert_string_equal(layout.hierarchies[layout.owner[CGROUP_DEVICES]].path, "/d");
    assert_string_equal(layout.hierarchies[layout.owner[CGROUP_MEMORY]].path, "/u");
}

static void text_without_cgroups_gives_none(void **state)
{
    static const char *const cases[] = {
        "", "\n\n", "x", " - cgroup", "1 1 0:1 / /a rw - ext4 a rw", "1 - cgroup cgroup"
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cgroup_layout_parse(cases[i], "", &layout);
        assert_int_equal(layout.count, 0);
    }
}

static void figures_are_found_by_whole_key(void **state)
{
    static const char events[] = "low 1\noom 4\noom_kill 2\noom_kill_disable 9\n";

    (void)state;
    assert_int_equal(cgroup_usage_find(events, "oom_kill"), 2);
    assert_int_equal(cgroup_usage_find(events, "oom"), 4);
    assert_int_equal(cgroup_usage_find(events, "kill"), 0);
}

static void pressure_is_in_hundredths(void **state)
{
    struct container_pressure pressure;

    (void)state;
    cgroup_usage_parse_pressure("some avg10=1.53 avg60=1.00 avg300=0.25 total=4711\n"
                                "full avg10=0.07 avg60=0.10 avg300=0.20 total=815\n",
                                &pressure);
    assert_int_equal(pressure.some_10s, 153);
    assert_int_equal(pressure.some_total_us, 4711);
    assert_int_equal(pressure.full_10s, 7);
    assert_int_equal(pressure.full_total_us, 815);
    cgroup_usage_parse_pressure("", &pressure);
    assert_int_equal(pressure.some_total_us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pure_v2_owns_everything),
        cmocka_unit_test(controllers_that_v2_lacks_have_no_owner),
        cmocka_unit_test(hybrid_takes_v1_controllers_and_the_v2_freezer),
        cmocka_unit_test(order_of_mounts_does_not_matter),
        cmocka_unit_test(text_without_cgroups_gives_none),
        cmocka_unit_test(figures_are_found_by_whole_key),
        cmocka_unit_test(pressure_is_in_hundredths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
