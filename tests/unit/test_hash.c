/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "util/hash.h"

static void known_digests_are_found(void **state)
{
    char hex[HASH_SHA256_HEX_SIZE];

    (void)state;
    hash_sha256_hex_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256_hex_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    char whole[HASH_SHA256_HEX_SIZE];
    char pieces[HASH_SHA256_HEX_SIZE];
    struct hash_sha256 hash;

    (void)state;
    hash_sha256_hex_of("a\0bc", 5, whole);
    hash_sha256_init(&hash);
    hash_sha256_update_text(&hash, "a");
    hash_sha256_update_text(&hash, "bc");
    hash_sha256_hex(&hash, pieces);
    assert_string_equal(pieces, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests_are_found),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
