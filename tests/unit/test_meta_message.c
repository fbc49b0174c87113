/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "game/message.h"

static bool parses(const char *text)
{
    struct message message;

    return message_parse(text, strlen(text), &message);
}

static void a_message_is_split_into_its_fields(void **state)
{
    const char *text = "AssetMove$ann;2026;stone;1,2,3;0,90,0;1,1,1";
    struct message message;

    (void)state;
    assert_true(message_parse(text, strlen(text), &message));
    assert_int_equal(message.command, MESSAGE_ASSET_MOVE);
    assert_string_equal(message.user, "ann");
    assert_string_equal(message.time, "2026");
    assert_string_equal(message.args[0], "stone");
    assert_string_equal(message.args[3], "1,1,1");
    assert_string_equal(message_get_object(&message), "stone");
}

static void the_object_of_a_creation_is_its_second_argument(void **state)
{
    const char *text = "AssetCreate$ann;1;a1;o1;p;r;s;t;m;b";
    struct message message;

    (void)state;
    assert_true(message_parse(text, strlen(text), &message));
    assert_string_equal(message_get_object(&message), "o1");
}

static void a_wrong_number_of_arguments_is_refused(void **state)
{
    (void)state;
    assert_true(parses("PlayerJump$ann;1"));
    assert_false(parses("PlayerJump$ann"));
    assert_false(parses("PlayerJump$ann;1;"));
    assert_false(parses("PlayerJoin$ann;1;Ann"));
    assert_false(parses("PlayerJoin$ann;1;Ann;7;8"));
    assert_false(parses("AssetCreate$ann;1;a;o;p;r;s;t;m;b;x;y;z"));
}

static void what_is_no_command_is_refused(void **state)
{
    (void)state;
    assert_false(parses(""));
    assert_false(parses("$"));
    assert_false(parses("PlayerJump"));
    assert_false(parses("PlayerFly$ann;1"));
    assert_false(parses("playerjump$ann;1"));
    assert_false(parses("PlayerJump$an$n;1"));
    assert_false(parses("PlayerJump$;1"));
}

static void control_bytes_and_broken_text_are_refused(void **state)
{
    struct message message;

    (void)state;
    assert_false(parses("PlayerJump$ann;1\n"));
    assert_false(parses("PlayerJump$a\x7f;1"));
    assert_false(parses("PlayerJump$a\xff;1"));
    assert_false(message_parse("PlayerJump$ann;\0", 16, &message));
    assert_true(parses("PlayerJump$\xed\x95\x9c;1"));
}

static void coordinates_must_be_finite(void **state)
{
    (void)state;
    assert_true(parses("PlayerMove$ann;1;(1.5, -2e3, 0);0,0,0"));
    assert_false(parses("PlayerMove$ann;1;1,NaN,0;0,0,0"));
    assert_false(parses("PlayerMove$ann;1;0,0,0;-inf,0,0"));
    assert_false(parses("PlayerMove$ann;1;1e400,0,0;0,0,0"));
    assert_true(parses("AssetCreate$ann;1;a;o;1;2;3;nano;m;b"));
}

static void sizes_are_limited(void **state)
{
    char text[MESSAGE_SIZE_MAX + 2];
    struct message message;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "PlayerJump$a;", 13);
    assert_true(message_parse(text, MESSAGE_SIZE_MAX, &message));
    assert_false(message_parse(text, MESSAGE_SIZE_MAX + 1, &message));
    memset(text + 11, 'u', MESSAGE_ID_MAX + 1);
    memcpy(text + 11 + MESSAGE_ID_MAX + 1, ";1", 2);
    assert_false(message_parse(text, 11 + MESSAGE_ID_MAX + 3, &message));
}

/* Whatever comes in, what is accepted keeps the limits. */
static void no_datagram_breaks_it(void **state)
{
    static const char alphabet[] = "PlayerJoinAssetSelect$$;;;;1.eE-nainf \x01\x80\xc3\xff";
    uint32_t random = 12345;
    char bytes[300];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t length = 0;
        struct message message;

        random = random * 1664525 + 1013904223;
        length = random >> 24;
        memcpy(bytes, "AssetSelect$a;b;c;d;e;f", 23);
        for (size_t i = (unsigned int)round % 24U; i < length; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
        }
        if (message_parse(bytes, length, &message)) {
            assert_true(strlen(message.user) <= MESSAGE_ID_MAX);
            assert_true(message.command < MESSAGE_COMMAND_COUNT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_split_into_its_fields),
        cmocka_unit_test(the_object_of_a_creation_is_its_second_argument),
        cmocka_unit_test(a_wrong_number_of_arguments_is_refused),
        cmocka_unit_test(what_is_no_command_is_refused),
        cmocka_unit_test(control_bytes_and_broken_text_are_refused),
        cmocka_unit_test(coordinates_must_be_finite),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(no_datagram_breaks_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
