/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/dns.h"
#include "supervise/shared_names.h"
#include "supervise/shared_network.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

static char base[64];

static void make_stack(const char *project)
{
    AUTO_FREE char *path = alloc_format("%s/stacks/%s", base, project);
    struct error err = { 0 };

    assert_int_equal(file_make_folders(path, 0700, &err), 0);
}

static void drop_stack(const char *project)
{
    AUTO_FREE char *path = alloc_format("%s/stacks/%s", base, project);

    assert_int_equal(rmdir(path), 0);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(base, "/tmp/carte-shared-XXXXXX");
    assert_non_null(mkdtemp(base));
    setenv("CARTE_RUN", base, 1);
    setenv("CARTE_ROOT", base, 1);
    make_stack("left");
    make_stack("right");
    return 0;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    unsetenv("CARTE_RUN");
    unsetenv("CARTE_ROOT");
    return file_remove_tree(AT_FDCWD, base, &err);
}

static int take(const char *project, uint32_t address)
{
    struct error err = { 0 };
    int result = shared_network_take("meet", project, address, &err);

    if (result < 0)
        assert_int_equal(err.code, ERROR_EXISTS);
    return result;
}

static size_t count_users(void)
{
    AUTO_STRINGS struct strings projects = { 0 };
    struct error err = { 0 };

    assert_int_equal(shared_network_find_users("meet", &projects, &err), 0);
    return projects.count;
}

static void an_address_has_one_owner(void **state)
{
    (void)state;
    assert_int_equal(take("left", 0x0a580002), 0);
    assert_int_equal(take("left", 0x0a580002), 0);
    assert_int_equal(take("right", 0x0a580002), -1);
    assert_int_equal(take("right", 0x0a580003), 0);
    assert_int_equal(count_users(), 2);
    shared_network_release("meet", "right", 0x0a580002);
    assert_int_equal(take("right", 0x0a580002), -1);
    shared_network_release("meet", "left", 0x0a580002);
    assert_int_equal(take("right", 0x0a580002), 0);
    assert_int_equal(count_users(), 1);
}

static void addresses_of_a_stack_that_is_gone_are_free(void **state)
{
    (void)state;
    assert_int_equal(take("left", 0x0a580002), 0);
    drop_stack("left");
    assert_int_equal(count_users(), 0);
    assert_int_equal(take("right", 0x0a580002), 0);
}

static void publish(const char *project, const char *name, uint32_t address)
{
    struct dns_table table = { 0 };
    struct error err = { 0 };

    dns_table_add(&table, name, address);
    dns_table_add(&table, "everywhere", address);
    dns_table_add(&table, "nowhere", 0);
    assert_int_equal(shared_names_publish("meet", project, &table, &err), 0);
    dns_table_done(&table);
}

/* How many addresses the name has; a single one is `only`. -1: it is not there. */
static int count_addresses(const struct dns_table *table, const char *name, uint32_t only)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct dns_name *found = &table->names[i];

        if (strcmp(found->name, name) != 0)
            continue;
        if (found->address_count == 1)
            assert_int_equal(found->addresses[0], only);
        return (int)found->address_count;
    }
    return -1;
}

static void names_of_others_are_known_and_own_ones_come_first(void **state)
{
    struct dns_table table = { 0 };

    (void)state;
    make_stack("third");
    publish("left", "web", 7);
    publish("right", "db", 8);
    publish("third", "cache", 9);
    dns_table_add(&table, "db", 1);
    shared_names_gather("meet", "left", &table);
    assert_int_equal(count_addresses(&table, "web", 0), -1);
    assert_int_equal(count_addresses(&table, "db", 1), 1);
    assert_int_equal(count_addresses(&table, "cache", 9), 1);
    assert_int_equal(count_addresses(&table, "everywhere", 0), 2);
    assert_int_equal(count_addresses(&table, "nowhere", 0), 0);
    dns_table_done(&table);
}

static void names_of_a_stack_that_left_or_is_gone_are_forgotten(void **state)
{
    struct dns_table table = { 0 };

    (void)state;
    make_stack("third");
    publish("right", "db", 8);
    publish("third", "cache", 9);
    shared_names_remove("meet", "right");
    shared_names_remove("meet", "right");
    drop_stack("third");
    shared_names_gather("meet", "left", &table);
    shared_names_gather("nosuch", "left", &table);
    assert_int_equal(table.count, 0);
    dns_table_done(&table);
}

static void names_that_cannot_be_are_refused(void **state)
{
    static const char *const names[] = { "host", "none", "bridge", "default", "",
                                         "../x", "a/b",  "-x",     ".x",      "a b" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct shared_network_wish wish = { .name = names[i] };
        struct error err = { 0 };

        assert_int_equal(shared_network_create(&wish, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

#define SHARED_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(an_address_has_one_owner),
        SHARED_TEST(addresses_of_a_stack_that_is_gone_are_free),
        SHARED_TEST(names_of_others_are_known_and_own_ones_come_first),
        SHARED_TEST(names_of_a_stack_that_left_or_is_gone_are_forgotten),
        SHARED_TEST(names_that_cannot_be_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
