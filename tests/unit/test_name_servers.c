/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "cli/name_servers.h"

static void check(const char *from, enum name_servers_found found, const char *kept)
{
    AUTO_TEXT struct text out = { 0 };

    assert_int_equal(name_servers_filter(from, &out), found);
    assert_string_equal(text_get(&out), kept);
}

static void servers_elsewhere_are_kept_with_what_steers_them(void **state)
{
    (void)state;
    check("# made by hand\nsearch example.org\nnameserver 192.0.2.1\n\tnameserver\t192.0.2.2 \n"
          "options ndots:1\nsortlist 1.2.3.4",
          NAME_SERVERS_REACHED,
          "search example.org\nnameserver 192.0.2.1\n\tnameserver\t192.0.2.2 \n"
          "options ndots:1\n");
    check("nameserver 127.0.0.53\nnameserver 192.0.2.1", NAME_SERVERS_REACHED,
          "nameserver 192.0.2.1\n");
}

static void servers_that_a_step_does_not_reach_are_dropped(void **state)
{
    static const char *const cases[] = {
        "nameserver 127.0.0.53\n", "nameserver 127.1.2.3",
        "nameserver ::1\n",        "nameserver fe80::1%eth0\n",
        "nameserver 0.0.0.0\n",    "nameserver nonsense\n",
        "nameserver 1.2.3\n",      "nameserver 192.0.2.1.but.much.longer.than.an.address\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(cases[i], NAME_SERVERS_LOCAL, "");
}

static void a_text_without_servers_names_none(void **state)
{
    (void)state;
    check("", NAME_SERVERS_NONE, "");
    check("\n\n#nameserver 192.0.2.1\nnameserver192.0.2.1\n", NAME_SERVERS_NONE, "");
    check("domain example.org", NAME_SERVERS_NONE, "domain example.org\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_elsewhere_are_kept_with_what_steers_them),
        cmocka_unit_test(servers_that_a_step_does_not_reach_are_dropped),
        cmocka_unit_test(a_text_without_servers_names_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
