/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "runtime/capability.h"
#include "util/error.h"
#include "util/strings.h"

static struct strings one(const char *name)
{
    struct strings list = { 0 };

    strings_add(&list, name);
    return list;
}

static void default_is_eleven(void **state)
{
    (void)state;
    assert_int_equal(__builtin_popcountll(capability_default()), 11);
    assert_int_equal(capability_default(), 0x800405fb);
}

static void names_come_in_any_form(void **state)
{
    static const char *const names[] = { "NET_RAW", "cap_net_raw", "Cap_Net_Raw", "net_raw" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct strings add = one(names[i]);
        struct error err = { 0 };
        uint64_t set = 0;

        assert_int_equal(capability_apply(0, &add, NULL, &set, &err), 0);
        assert_int_equal(set, 1 << 13);
        strings_done(&add);
    }
}

static void all_is_all_but_what_is_named_against(void **state)
{
    struct strings all = one("ALL"), chown = one("CHOWN");
    struct error err = { 0 };
    uint64_t set = 0;

    (void)state;
    assert_int_equal(capability_apply(capability_default(), &chown, &all, &set, &err), 0);
    assert_int_equal(set, 1);
    assert_int_equal(capability_apply(0, &all, &chown, &set, &err), 0);
    assert_int_equal(set, capability_all() & ~UINT64_C(1));
    strings_done(&all);
    strings_done(&chown);
}

static void unknown_name_brings_the_nearest(void **state)
{
    struct strings add = one("net_admim");
    struct error err = { 0 };
    uint64_t set = 5;

    (void)state;
    assert_int_equal(capability_apply(0, &add, NULL, &set, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.text, "NET_ADMIN"));
    assert_int_equal(set, 5);
    strings_done(&add);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_is_eleven),
        cmocka_unit_test(names_come_in_any_form),
        cmocka_unit_test(all_is_all_but_what_is_named_against),
        cmocka_unit_test(unknown_name_brings_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
