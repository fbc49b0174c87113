/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/digest_cache.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define FILES 100U

struct place {
    char folder[64];
    int fd;
    struct strings folders;
};

static int set_up(void **state)
{
    struct place *place = alloc_new(struct place);

    snprintf(place->folder, sizeof(place->folder), "/tmp/carte-digests.XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    place->fd = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    strings_add(&place->folders, "/a/context");
    *state = place;
    return place->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct error err = { 0 };
    int result = file_remove_tree(AT_FDCWD, place->folder, &err);

    close(place->fd);
    strings_done(&place->folders);
    free(place);
    return result;
}

static struct stat status_of(unsigned number)
{
    return (struct stat){
        .st_dev = 7,
        .st_ino = 1000 - number,
        .st_size = number,
        .st_mtim = { .tv_sec = 1000, .tv_nsec = number },
        .st_ctim = { .tv_sec = 2000, .tv_nsec = number },
    };
}

static void fill(const struct place *place)
{
    struct digest_cache *cache = digest_cache_open(place->fd, &place->folders);

    for (unsigned i = 0; i < FILES; i++) {
        struct stat status = status_of(i);
        uint8_t digest[HASH_SHA256_SIZE];

        memset(digest, (int)i, sizeof(digest));
        digest_cache_add(cache, &status, digest);
    }
    digest_cache_close(cache);
}

static unsigned count_known(const struct place *place)
{
    AUTO(digest_cache) struct digest_cache *cache = digest_cache_open(place->fd, &place->folders);
    unsigned known = 0;

    for (unsigned i = 0; i < FILES; i++) {
        struct stat status = status_of(i);
        const uint8_t *digest = digest_cache_find(cache, &status);

        if (digest)
            assert_int_equal(digest[0], i);
        known += digest != NULL;
    }
    return known;
}

static void what_was_added_is_known_in_the_next_run_and_for_this_view(void **state)
{
    struct place *place = *state;
    AUTO_STRINGS struct strings other = { 0 };
    AUTO(digest_cache) struct digest_cache *cache = NULL;
    struct stat status = status_of(1);

    assert_int_equal(count_known(place), 0);
    fill(place);
    assert_int_equal(count_known(place), FILES);
    strings_add(&other, "/another/context");
    cache = digest_cache_open(place->fd, &other);
    assert_null(digest_cache_find(cache, &status));
}

static void a_file_that_has_changed_is_not_known(void **state)
{
    struct place *place = *state;
    AUTO(digest_cache) struct digest_cache *cache = NULL;
    struct stat changed[6];

    fill(place);
    cache = digest_cache_open(place->fd, &place->folders);
    for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
        changed[i] = status_of(5);
    changed[0].st_dev++;
    changed[1].st_ino = 5000;
    changed[2].st_size++;
    changed[3].st_mtim.tv_nsec++;
    changed[4].st_ctim.tv_nsec++;
    changed[5].st_ctim.tv_sec--;
    for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
        assert_null(digest_cache_find(cache, &changed[i]));
}

static void a_file_that_was_just_changed_is_read_again(void **state)
{
    struct place *place = *state;
    const uint8_t digest[HASH_SHA256_SIZE] = { 1 };
    struct digest_cache *cache = digest_cache_open(place->fd, &place->folders);
    struct stat recent = status_of(1);
    struct stat old = status_of(2);
    struct stat ahead = status_of(3);

    recent.st_ctim.tv_sec = time(NULL);
    ahead.st_mtim.tv_sec = time(NULL) + 100000;
    digest_cache_add(cache, &recent, digest);
    digest_cache_add(cache, &ahead, digest);
    digest_cache_add(cache, &old, digest);
    digest_cache_close(cache);
    cache = digest_cache_open(place->fd, &place->folders);
    assert_null(digest_cache_find(cache, &recent));
    assert_null(digest_cache_find(cache, &ahead));
    assert_non_null(digest_cache_find(cache, &old));
    digest_cache_close(cache);
}

static void rows_that_nobody_asks_for_go(void **state)
{
    struct place *place = *state;

    fill(place);
    for (unsigned i = 0; i < 20; i++) {
        struct digest_cache *cache = digest_cache_open(place->fd, &place->folders);
        const uint8_t digest[HASH_SHA256_SIZE] = { 5 };
        struct stat asked = status_of(5);
        struct stat new = status_of(5000 + i);

        new.st_ino = 5000 + i;
        assert_non_null(digest_cache_find(cache, &asked));
        digest_cache_add(cache, &new, digest);
        digest_cache_close(cache);
    }
    assert_int_equal(count_known(place), 1);
}

/* The one file of the cache. */
static char *find_file(const struct place *place)
{
    AUTO_CLOSE int fd = openat(place->fd, "contexts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STRINGS struct strings names = { 0 };
    struct error err = { 0 };

    assert_int_equal(file_list(fd, &names, &err), 0);
    assert_int_equal(names.count, 1);
    return alloc_format("contexts/%s", names.items[0]);
}

static void a_damaged_file_counts_as_empty(void **state)
{
    struct place *place = *state;
    AUTO_FREE char *path = NULL;
    AUTO_TEXT struct text whole = { 0 };
    struct error err = { 0 };

    fill(place);
    path = find_file(place);
    assert_int_equal(file_read(place->fd, path, 1U << 20, &whole, &err), 0);
    for (size_t i = 0; i < whole.length; i += 61) {
        whole.data[i] ^= 0x10;
        assert_int_equal(
            file_replace(place->fd, path, whole.data, whole.length, FILE_VOLATILE(0600), &err), 0);
        assert_int_equal(count_known(place), 0);
        whole.data[i] ^= 0x10;
        assert_int_equal(file_replace(place->fd, path, whole.data, i, FILE_VOLATILE(0600), &err),
                         0);
        assert_int_equal(count_known(place), 0);
    }
    assert_int_equal(
        file_replace(place->fd, path, whole.data, whole.length, FILE_VOLATILE(0600), &err), 0);
    assert_int_equal(count_known(place), FILES);
}

/* Whoever can write a right digest below can also write rows out of order, or a wrong count. */
static void rows_out_of_order_count_as_none(void **state)
{
    struct place *place = *state;
    AUTO_FREE char *path = NULL;
    AUTO_TEXT struct text whole = { 0 };
    struct error err = { 0 };
    struct hash_sha256 hash;
    size_t body = 0;

    fill(place);
    path = find_file(place);
    assert_int_equal(file_read(place->fd, path, 1U << 20, &whole, &err), 0);
    body = whole.length - HASH_SHA256_SIZE;
    memset(whole.data + 16 + 80, 0xff, 16); /* device and inode of the second row */
    hash_sha256_init(&hash);
    hash_sha256_update(&hash, whole.data, body);
    hash_sha256_digest(&hash, (uint8_t *)whole.data + body);
    assert_int_equal(
        file_replace(place->fd, path, whole.data, whole.length, FILE_VOLATILE(0600), &err), 0);
    assert_int_equal(count_known(place), 0);
    memset(whole.data + 8, 0xff, 8); /* the count */
    hash_sha256_update(&hash, whole.data, body);
    hash_sha256_digest(&hash, (uint8_t *)whole.data + body);
    assert_int_equal(
        file_replace(place->fd, path, whole.data, whole.length, FILE_VOLATILE(0600), &err), 0);
    assert_int_equal(count_known(place), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_added_is_known_in_the_next_run_and_for_this_view),
        TEST(a_file_that_has_changed_is_not_known),
        TEST(a_file_that_was_just_changed_is_read_again),
        TEST(rows_that_nobody_asks_for_go),
        TEST(a_damaged_file_counts_as_empty),
        TEST(rows_out_of_order_count_as_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
