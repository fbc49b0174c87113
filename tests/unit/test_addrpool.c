/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "net/addrpool.h"
#include "util/error.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void an_address_is_four_numbers(void **state)
{
    static const char *const wrong[] = { "",          "10.1.2",    "10.1.2.3.4", "10.1.2.256",
                                         "10.1.2.03", "10.1.2.3 ", "10.1..3",    " 10.1.2.3",
                                         "a.b.c.d",   "10.1.2.-3", "10.1.2.1000" };
    struct error err = { 0 };
    uint32_t address = 0;
    char text[16];

    (void)state;
    assert_int_equal(addrpool_parse_address("255.0.10.3", &address, &err), 0);
    assert_int_equal(address, IP(255, 0, 10, 3));
    addrpool_format_address(address, text);
    assert_string_equal(text, "255.0.10.3");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(addrpool_parse_address(wrong[i], &address, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        error_clear(&err);
    }
    assert_int_equal(address, IP(255, 0, 10, 3));
}

static void a_subnet_has_a_prefix_and_no_host_bits(void **state)
{
    static const char *const wrong[] = { "10.1.2.0",    "10.1.2.0/",    "10.1.2.0/31", "10.1.2.0/0",
                                         "10.1.2.3/24", "10.1.2.0/24x", "/24" };
    struct error err = { 0 };
    uint32_t subnet = 0;
    uint8_t prefix = 0;

    (void)state;
    assert_int_equal(addrpool_parse_subnet("10.1.2.0/23", &subnet, &prefix, &err), 0);
    assert_int_equal(subnet, IP(10, 1, 2, 0));
    assert_int_equal(prefix, 23);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(addrpool_parse_subnet(wrong[i], &subnet, &prefix, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        error_clear(&err);
    }
    assert_int_equal(addrpool_parse_subnet("10.1.2.3/24", &subnet, &prefix, &err), -1);
    assert_non_null(strstr(err.text, "write 10.1.2.0/24"));
}

static void addresses_rest_before_they_are_used_again(void **state)
{
    struct addrpool pool;
    struct error err = { 0 };
    uint32_t address = 0;

    (void)state;
    addrpool_init(&pool, IP(10, 88, 1, 0), 29, IP(10, 88, 1, 1));
    for (unsigned int i = 2; i <= 4; i++) {
        assert_int_equal(addrpool_take(&pool, &address, &err), 0);
        assert_int_equal(address, IP(10, 88, 1, i));
    }
    addrpool_release(&pool, IP(10, 88, 1, 2));
    assert_int_equal(addrpool_take(&pool, &address, &err), 0);
    assert_int_equal(address, IP(10, 88, 1, 5));
    assert_int_equal(addrpool_take(&pool, &address, &err), 0);
    assert_int_equal(address, IP(10, 88, 1, 6));
    assert_int_equal(addrpool_take(&pool, &address, &err), 0);
    assert_int_equal(address, IP(10, 88, 1, 2));
    assert_int_equal(addrpool_take(&pool, &address, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    addrpool_done(&pool);
}

static void a_given_address_is_taken_once(void **state)
{
    static const uint32_t wrong[] = { IP(10, 88, 1, 0), IP(10, 88, 1, 255), IP(10, 88, 2, 5),
                                      IP(10, 88, 0, 255) };
    struct addrpool pool;
    struct error err = { 0 };

    (void)state;
    addrpool_init(&pool, IP(10, 88, 1, 0), 24, IP(10, 88, 1, 1));
    assert_int_equal(addrpool_take_given(&pool, IP(10, 88, 1, 5), &err), 0);
    assert_int_equal(addrpool_take_given(&pool, IP(10, 88, 1, 5), &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    error_clear(&err);
    assert_int_equal(addrpool_take_given(&pool, IP(10, 88, 1, 1), &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    error_clear(&err);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(addrpool_take_given(&pool, wrong[i], &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        error_clear(&err);
        addrpool_release(&pool, wrong[i]);
    }
    addrpool_release(&pool, IP(10, 88, 1, 5));
    assert_int_equal(addrpool_take_given(&pool, IP(10, 88, 1, 5), &err), 0);
    addrpool_done(&pool);
}

static void the_smallest_and_a_large_subnet_work(void **state)
{
    struct addrpool pool;
    struct error err = { 0 };
    uint32_t address = 0;

    (void)state;
    addrpool_init(&pool, IP(10, 88, 1, 0), 30, IP(10, 88, 1, 1));
    assert_int_equal(addrpool_take(&pool, &address, &err), 0);
    assert_int_equal(address, IP(10, 88, 1, 2));
    assert_int_equal(addrpool_take(&pool, &address, &err), -1);
    addrpool_done(&pool);
    error_clear(&err);
    addrpool_init(&pool, IP(10, 0, 0, 0), 12, IP(10, 0, 0, 1));
    assert_int_equal(addrpool_take_given(&pool, IP(10, 15, 255, 254), &err), 0);
    addrpool_done(&pool);
}

static void a_gateway_is_in_its_subnet_and_never_handed_out(void **state)
{
    struct addrpool pool;
    struct error err = { 0 };
    uint32_t gateway = 0;
    uint32_t address = 0;

    (void)state;
    assert_int_equal(addrpool_parse_gateway("10.88.1.0", IP(10, 88, 1, 0), 29, &gateway, &err), -1);
    error_clear(&err);
    assert_int_equal(addrpool_parse_gateway("10.88.1.7", IP(10, 88, 1, 0), 29, &gateway, &err), -1);
    error_clear(&err);
    assert_int_equal(addrpool_parse_gateway("10.88.2.1", IP(10, 88, 1, 0), 29, &gateway, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    error_clear(&err);
    assert_int_equal(addrpool_parse_gateway("10.88.1.3", IP(10, 88, 1, 0), 29, &gateway, &err), 0);
    addrpool_init(&pool, IP(10, 88, 1, 0), 29, gateway);
    addrpool_release(&pool, gateway);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(addrpool_take(&pool, &address, &err), 0);
        assert_int_not_equal(address, gateway);
    }
    assert_int_equal(addrpool_take(&pool, &address, &err), -1);
    addrpool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_four_numbers),
        cmocka_unit_test(a_subnet_has_a_prefix_and_no_host_bits),
        cmocka_unit_test(addresses_rest_before_they_are_used_again),
        cmocka_unit_test(a_given_address_is_taken_once),
        cmocka_unit_test(the_smallest_and_a_large_subnet_work),
        cmocka_unit_test(a_gateway_is_in_its_subnet_and_never_handed_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
