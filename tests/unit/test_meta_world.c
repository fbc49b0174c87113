/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "game/world.h"

static struct sockaddr_in address(int number)
{
    struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };

    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

/* Is the message accepted, coming from the client `from`? */
static bool say_at(struct world *world, int from, int64_t now_ms, const char *text)
{
    struct sockaddr_in sender = address(from);
    struct world_verdict verdict;
    struct message message;
    bool is_accepted = false;

    assert_true(message_parse(text, strlen(text), &message));
    world_apply(world, &message, &sender, now_ms, &verdict);
    is_accepted = verdict.is_accepted;
    world_verdict_done(&verdict);
    return is_accepted;
}

static bool say(struct world *world, int from, const char *text)
{
    return say_at(world, from, 1000, text);
}

static int set_up(void **state)
{
    struct world *world = world_new("*=teacher;7=ann,eve", 3);

    *state = world;
    return say(world, 1, "PlayerJoin$ann;1;Ann;7") && say(world, 2, "PlayerJoin$bob;1;Bob;7") ? 0
                                                                                              : -1;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static void joining_the_same_map_again_succeeds(void **state)
{
    assert_true(say(*state, 1, "PlayerJoin$ann;2;Ann;7"));
    assert_int_equal(world_count(*state), 2);
}

static void a_user_or_address_that_is_in_the_game_cannot_join_anew(void **state)
{
    assert_false(say(*state, 1, "PlayerJoin$ann;2;Ann;8"));
    assert_false(say(*state, 3, "PlayerJoin$ann;2;Ann;7"));
    assert_false(say(*state, 1, "PlayerJoin$eve;2;Eve;7"));
}

static void there_is_room_for_so_many_players_only(void **state)
{
    assert_true(say(*state, 3, "PlayerJoin$eve;2;Eve;8"));
    assert_false(say(*state, 4, "PlayerJoin$dan;2;Dan;8"));
    assert_true(say(*state, 3, "PlayerLeave$eve;3"));
    assert_true(say(*state, 4, "PlayerJoin$dan;4;Dan;8"));
}

static void nobody_speaks_for_another(void **state)
{
    assert_false(say(*state, 2, "PlayerJump$ann;2"));
    assert_false(say(*state, 3, "PlayerJump$ann;2"));
    assert_false(say(*state, 3, "PlayerJump$eve;2"));
    assert_true(say(*state, 1, "PlayerJump$ann;2"));
}

static void only_creators_create(void **state)
{
    assert_true(say(*state, 1, "AssetCreate$ann;2;a;o;p;r;s;t;m;b"));
    assert_false(say(*state, 2, "AssetCreate$bob;2;a;o;p;r;s;t;m;b"));
}

static void creators_are_listed_by_map_or_for_all(void **state)
{
    assert_true(world_is_creator(*state, "7", "eve"));
    assert_false(world_is_creator(*state, "8", "eve"));
    assert_false(world_is_creator(*state, "77", "eve"));
    assert_false(world_is_creator(*state, "7", "ev"));
    assert_true(world_is_creator(*state, "8", "teacher"));
    assert_false(world_is_creator(*state, "8", ""));
}

static void one_holds_a_lock_and_the_others_fail(void **state)
{
    assert_true(say(*state, 1, "AssetSelect$ann;2;o"));
    assert_true(say(*state, 1, "AssetSelect$ann;2;o"));
    assert_false(say(*state, 2, "AssetSelect$bob;2;o"));
    assert_false(say(*state, 2, "AssetMove$bob;2;o;p;r;s"));
    assert_false(say(*state, 2, "AssetDeselect$bob;2;o"));
    assert_false(say(*state, 2, "AssetDelete$bob;2;o"));
    assert_true(say(*state, 1, "AssetMove$ann;2;o;p;r;s"));
    assert_true(say(*state, 1, "AssetDeselect$ann;2;o"));
    assert_false(say(*state, 1, "AssetMove$ann;2;o;p;r;s"));
    assert_true(say(*state, 2, "AssetSelect$bob;2;o"));
    assert_true(say(*state, 2, "AssetDelete$bob;2;o"));
    assert_true(say(*state, 1, "AssetSelect$ann;2;o"));
}

static void locks_of_one_map_do_not_touch_another(void **state)
{
    assert_true(say(*state, 3, "PlayerJoin$eve;2;Eve;8"));
    assert_true(say(*state, 1, "AssetSelect$ann;2;o"));
    assert_true(say(*state, 3, "AssetSelect$eve;2;o"));
}

static void leaving_releases_what_was_held(void **state)
{
    const char *text = "PlayerLeave$ann;3";
    struct sockaddr_in sender = address(1);
    struct world_verdict verdict;
    struct message message;

    assert_true(say(*state, 1, "AssetSelect$ann;2;o1"));
    assert_true(say(*state, 2, "AssetSelect$bob;2;o2"));
    assert_true(message_parse(text, strlen(text), &message));
    world_apply(*state, &message, &sender, 1000, &verdict);
    assert_true(verdict.is_accepted);
    assert_null(verdict.player);
    assert_string_equal(verdict.map, "7");
    assert_int_equal(verdict.released_count, 1);
    assert_string_equal(verdict.released[0], "o1");
    world_verdict_done(&verdict);
    assert_true(say(*state, 2, "AssetSelect$bob;3;o1"));
    assert_false(say(*state, 1, "PlayerLeave$ann;4"));
}

static void the_silent_are_found(void **state)
{
    assert_null(world_find_silent(*state, 1000));
    assert_true(say_at(*state, 1, 5000, "PlayerJump$ann;2"));
    assert_string_equal(world_find_silent(*state, 4000)->user, "bob");
    assert_false(say_at(*state, 3, 6000, "PlayerJump$bob;2"));
    assert_string_equal(world_find_silent(*state, 4000)->user, "bob");
}

static void a_lock_can_be_taken_back(void **state)
{
    assert_true(say(*state, 1, "AssetSelect$ann;2;o"));
    world_unlock(*state, "7", "o", "bob");
    assert_false(say(*state, 2, "AssetSelect$bob;2;o"));
    world_unlock(*state, "7", "o", "ann");
    assert_true(say(*state, 2, "AssetSelect$bob;2;o"));
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(joining_the_same_map_again_succeeds),
        WORLD_TEST(a_user_or_address_that_is_in_the_game_cannot_join_anew),
        WORLD_TEST(there_is_room_for_so_many_players_only),
        WORLD_TEST(nobody_speaks_for_another),
        WORLD_TEST(only_creators_create),
        WORLD_TEST(creators_are_listed_by_map_or_for_all),
        WORLD_TEST(one_holds_a_lock_and_the_others_fail),
        WORLD_TEST(locks_of_one_map_do_not_touch_another),
        WORLD_TEST(leaving_releases_what_was_held),
        WORLD_TEST(the_silent_are_found),
        WORLD_TEST(a_lock_can_be_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
