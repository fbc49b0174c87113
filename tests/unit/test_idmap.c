/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "runtime/idmap.h"
#include "runtime/mount_spec.h"
#include "util/error.h"

static void maps_that_the_kernel_would_refuse_are_named(void **state)
{
    static const struct {
        struct container_id_map maps[2];
        size_t users, groups;
        const char *says; /* NULL: fine */
    } cases[] = {
        { { { 0, 1000, 1 }, { 0 } }, 1, 1, NULL },
        { { { 0, 1000, 10 }, { 10, 5000, 10 } }, 2, 2, NULL },
        { { { 0, 1000, 10 }, { 9, 5000, 10 } }, 2, 2, "overlap" },
        { { { 0, 1000, 10 }, { 20, 1009, 10 } }, 2, 2, "overlap" },
        { { { 0, 1000, 0 }, { 0 } }, 1, 1, "empty" },
        { { { 0, 4294967290, 100 }, { 0 } }, 1, 1, "too long" },
        { { { 4294967290, 0, 100 }, { 0 } }, 1, 1, "too long" },
        { { { 0, 1000, 1 }, { 0 } }, 1, 0, "both" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct container_id_maps maps = { cases[i].maps, cases[i].maps, cases[i].users,
                                                cases[i].groups };
        struct error err = { 0 };
        int result = idmap_check(&maps, &err);

        assert_int_equal(result, cases[i].says ? -1 : 0);
        if (cases[i].says)
            assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void ids_outside_are_found(void **state)
{
    static const struct container_id_map maps[] = { { 0, 1000, 1 }, { 1, 100000, 65535 } };

    (void)state;
    assert_int_equal(idmap_find_outside(maps, 2, 0), 1000);
    assert_int_equal(idmap_find_outside(maps, 2, 1), 100000);
    assert_int_equal(idmap_find_outside(maps, 2, 65535), 165534);
    assert_int_equal(idmap_find_outside(maps, 2, 65536), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_that_the_kernel_would_refuse_are_named),
        cmocka_unit_test(ids_outside_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
