/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "supervise/front_message.h"
#include "supervise/front_names.h"
#include "util/alloc.h"

#define FRONT_ADDRESS 0x0a580002
#define STRANGER 0x0a580063

/* Two networks: `hidden` is internal and knows who of the replicas on `front` is on it, too. */
struct fixture {
    struct front_names *names;
    struct front_names_network *front, *hidden;
    struct front_message *message;
};

static void set_askers(struct fixture *f, struct front_names_network *network,
                       const uint32_t *askers, size_t count)
{
    f->message->type = FRONT_MESSAGE_NAMES_BEGIN;
    f->message->length = 0;
    front_names_begin(network, f->message);
    f->message->type = FRONT_MESSAGE_ASKERS;
    f->message->length = (uint32_t)(count * sizeof(*askers));
    if (count > 0)
        memcpy(f->message->data, askers, f->message->length);
    assert_true(front_names_read(network, f->message));
}

static int set_up(void **state)
{
    static const uint32_t askers[] = { 0x0a580007, FRONT_ADDRESS, 0x0a580005 };
    struct fixture *f = alloc_new(struct fixture);

    f->message = alloc_new(struct front_message);
    f->names = front_names_new();
    f->front = front_names_add(f->names, false);
    f->hidden = front_names_add(f->names, true);
    set_askers(f, f->hidden, askers, 3);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    front_names_free(f->names);
    free(f->message);
    free(f);
    return 0;
}

static void names_count_when_all_are_set(void **state)
{
    struct fixture *f = *state;
    struct dns_view view;

    assert_false(front_names_are_known(f->hidden));
    front_names_look(f->front, FRONT_ADDRESS, &view);
    assert_int_equal(view.count, 1);
    front_names_use(f->names);
    assert_true(front_names_are_known(f->hidden));
    assert_false(front_names_are_known(f->front));
    front_names_look(f->front, FRONT_ADDRESS, &view);
    assert_int_equal(view.count, 2);
    /* What is set again replaces what was set before. */
    set_askers(f, f->hidden, NULL, 0);
    front_names_use(f->names);
    front_names_look(f->front, FRONT_ADDRESS, &view);
    assert_int_equal(view.count, 1);
}

static void a_stranger_knows_the_asked_network_only(void **state)
{
    struct fixture *f = *state;
    struct dns_view view;

    front_names_use(f->names);
    assert_true(front_names_look(f->front, STRANGER, &view));
    assert_int_equal(view.count, 1);
    assert_false(front_names_look(f->hidden, STRANGER, &view));
    assert_int_equal(view.count, 1);
    assert_false(front_names_look(f->hidden, 0, &view));
}

static void one_open_network_is_a_way_out(void **state)
{
    static const uint32_t asker = 0x0a590002;
    struct fixture *f = *state;
    struct dns_view view;

    set_askers(f, f->front, &asker, 1);
    front_names_use(f->names);
    assert_true(front_names_look(f->hidden, asker, &view));
    assert_int_equal(view.count, 2);
    front_names_remove(f->front);
    assert_false(front_names_look(f->hidden, asker, &view));
    assert_int_equal(view.count, 1);
}

static void cut_addresses_are_malformed(void **state)
{
    struct fixture *f = *state;

    f->message->length = 7;
    assert_false(front_names_read(f->hidden, f->message));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_count_when_all_are_set),
        TEST(a_stranger_knows_the_asked_network_only),
        TEST(one_open_network_is_a_way_out),
        TEST(cut_addresses_are_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
