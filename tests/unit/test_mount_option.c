/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "runtime/mount_option.h"
#include "runtime/mount_spec.h"
#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

/* Parse words that are separated by spaces; the data is left in `data`. */
static int parse(const char *type, const char *words, struct text *data,
                 struct container_mount *out, struct error *err)
{
    struct strings options = { 0 };
    char word[64];
    int used = 0, result = 0;

    for (const char *p = words; sscanf(p, "%63s%n", word, &used) == 1; p += used)
        strings_add(&options, word);
    *out = (struct container_mount){ .type = type };
    error_clear(err);
    text_clear(data);
    result = mount_option_parse(&options, data, out, err);
    strings_done(&options);
    return result;
}

static void words_become_attributes(void **state)
{
    static const struct {
        const char *words;
        uint64_t set, clear, all_set, all_clear;
    } cases[] = {
        { "ro nosuid", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0 },
        { "ro rw", 0, MOUNT_ATTR_RDONLY, 0, 0 },
        { "rw ro", MOUNT_ATTR_RDONLY, 0, 0, 0 },
        { "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0 },
        { "noatime strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 0 },
        { "noexec rro", MOUNT_ATTR_NOEXEC, 0, MOUNT_ATTR_RDONLY, 0 },
        { "rnodev rdev", 0, 0, 0, MOUNT_ATTR_NODEV },
        { "defaults silent", 0, 0, 0, 0 },
    };
    AUTO_TEXT struct text data = { 0 };
    struct container_mount mount;
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(parse("tmpfs", cases[i].words, &data, &mount, &err), 0);
        assert_int_equal(mount.own.set, cases[i].set);
        assert_int_equal(mount.own.clear, cases[i].clear);
        assert_int_equal(mount.all.set, cases[i].all_set);
        assert_int_equal(mount.all.clear, cases[i].all_clear);
        assert_null(mount.data);
    }
}

static void kind_follows_type_and_words(void **state)
{
    AUTO_TEXT struct text data = { 0 };
    struct container_mount mount;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parse("none", "rbind rslave", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_BIND && !mount.shallow);
    assert_int_equal(mount.propagation, MS_SLAVE | MS_REC);
    assert_int_equal(parse(NULL, "bind", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_BIND && mount.shallow);
    assert_int_equal(parse("bind", "ro", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_BIND && mount.shallow);
    assert_int_equal(parse("cgroup", "ro", &data, &mount, &err), 0);
    assert_int_equal(mount.kind, CONTAINER_MOUNT_CGROUP);
    assert_int_equal(parse("bind", "ridmap", &data, &mount, &err), 0);
    assert_true(mount.idmap && mount.idmap_below);
    assert_int_equal(parse("tmpfs", "tmpcopyup size=1m mode=700", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_TYPE && mount.copy_up);
    assert_string_equal(mount.data, "size=1m,mode=700");
    assert_int_equal(parse("none", "bind remount ro", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_CHANGE);
    assert_int_equal(parse(NULL, "remount size=1m", &data, &mount, &err), 0);
    assert_true(mount.kind == CONTAINER_MOUNT_CHANGE);
    assert_string_equal(mount.data, "size=1m");
}

static const char file_system_words[] = "async dirsync lazytime mand nolazytime nomand sync";

static void flags_of_a_file_system_go_there(void **state)
{
    AUTO_TEXT struct text data = { 0 };
    struct container_mount mount;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parse("ext4", file_system_words, &data, &mount, &err), 0);
    assert_string_equal(mount.data, "async,dirsync,lazytime,mand,nolazytime,nomand,sync");
    assert_int_equal(parse("ext4", "iversion noiversion loud silent", &data, &mount, &err), 0);
    assert_null(mount.data);
}

static void what_makes_no_sense_is_refused(void **state)
{
    AUTO_TEXT struct text data = { 0 };
    struct container_mount mount;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parse(NULL, "ro", &data, &mount, &err), -1);
    assert_int_equal(parse("proc", "tmpcopyup", &data, &mount, &err), -1);
    assert_int_equal(parse("tmpfs", "idmap", &data, &mount, &err), -1);
}

/* A word is found only once, and each is understood. */
static void every_word_is_known(void **state)
{
    const char *const *names = mount_option_names();
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; names[i]; i++) {
        AUTO_TEXT struct text data = { 0 };
        struct container_mount mount;

        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        if (strstr(names[i], "idmap"))
            continue;
        assert_int_equal(parse("tmpfs", names[i], &data, &mount, &err), 0);
        if (text_has_word(file_system_words, ' ', names[i]))
            assert_string_equal(mount.data, names[i]);
        else
            assert_null(mount.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_attributes),
        cmocka_unit_test(kind_follows_type_and_words),
        cmocka_unit_test(flags_of_a_file_system_go_there),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(every_word_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
