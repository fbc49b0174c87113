/* SPDX-License-Identifier: MIT */

/*
 * The packet rules of a stack, compared with files that people have read. After a change on
 * purpose, run with CARTE_GOLDEN=write and read the difference.
 */

#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/rules.h"
#include "util/error.h"
#include "util/file.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const struct network networks[] = {
    { "carteaa01", IP(10, 88, 1, 0), 24, IP(10, 88, 1, 1), false },
    { "carteaa02", IP(10, 88, 2, 0), 23, IP(10, 88, 2, 1), true },
};
static const uint32_t replicas[] = { IP(10, 88, 1, 2), IP(10, 88, 1, 3), IP(10, 88, 1, 9) };
static const uint32_t inner[] = { IP(10, 88, 2, 2) };

static void compare(const struct rules *rules, const char *name)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO_TEXT struct text golden = { 0 };
    struct error err = { 0 };
    char path[128];

    (void)snprintf(path, sizeof(path), "tests/unit/golden/%s.nft", name);
    rules_format(rules, &text);
    if (getenv("CARTE_GOLDEN"))
        assert_int_equal(
            file_replace(AT_FDCWD, path, text.data, text.length, FILE_VOLATILE(0644), &err), 0);
    assert_int_equal(file_read(AT_FDCWD, path, 65536, &golden, &err), 0);
    assert_string_equal(text_get(&text), text_get(&golden));
}

static void a_stack_without_anything_has_a_table(void **state)
{
    const struct rules rules = { .table = "carte0" };

    (void)state;
    compare(&rules, "rules_empty");
}

static void published_ports_are_balanced(void **state)
{
    const struct rules_port ports[] = {
        { 0, 8000, 80, IPPROTO_TCP, replicas, 3 },
        { IP(127, 0, 0, 1), 5353, 53, IPPROTO_UDP, replicas, 1 },
        { 0, 9000, 9000, IPPROTO_TCP, NULL, 0 },
    };
    const struct rules rules = { .table = "carte1",
                                 .networks = networks,
                                 .network_count = 1,
                                 .ports = ports,
                                 .port_count = ARRAY_SIZE(ports) };

    (void)state;
    compare(&rules, "rules_published");
}

static void virtual_addresses_and_an_internal_network(void **state)
{
    static const uint16_t known[] = { 80, 443 };
    const struct rules_virtual virtuals[] = {
        { &networks[0], IP(10, 88, 1, 254), replicas, 2, known, 2 },
        { &networks[1], IP(10, 88, 3, 254), inner, 1, NULL, 0 },
        { &networks[1], IP(10, 88, 3, 253), NULL, 0, known, 1 },
    };
    const struct rules rules = { .table = "carte2",
                                 .networks = networks,
                                 .network_count = 2,
                                 .virtuals = virtuals,
                                 .virtual_count = ARRAY_SIZE(virtuals) };

    (void)state;
    compare(&rules, "rules_virtual");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_without_anything_has_a_table),
        cmocka_unit_test(published_ports_are_balanced),
        cmocka_unit_test(virtual_addresses_and_an_internal_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
