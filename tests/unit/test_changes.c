/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/changes.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

/* Marks and owners need root. */
#define NEEDS_ROOT()        \
    do {                    \
        if (geteuid() != 0) \
            skip();         \
    } while (0)

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-changes.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static void shell(const char *script)
{
    AUTO_FREE char *line = alloc_format("cd %s && set -e && %s", folder, script);

    assert_int_equal(system(line), 0);
}

static char *at(const char *name)
{
    return alloc_format("%s/%s", folder, name);
}

/* "A /a C /b", of what lies in `upper` over `lower`. */
static void assert_changes(uint32_t first_id, const char *expected)
{
    AUTO_STRINGS struct strings lower = { 0 };
    AUTO_FREE char *upper = at("upper");
    AUTO_CHANGES struct changes changes = { 0 };
    AUTO_TEXT struct text out = { 0 };
    const struct changes_source source = { upper, &lower, { first_id, first_id ? 65536 : 0 } };
    struct error err = { 0 };

    strings_take(&lower, at("lower"));
    assert_int_equal(changes_find(&source, &changes, &err), 0);
    for (size_t i = 0; i < changes.count; i++)
        text_add_format(&out, "%s%c %s", i ? " " : "", (char)changes.entries[i].kind,
                        changes.entries[i].path);
    assert_string_equal(text_get(&out), expected);
}

static void what_was_written_changed_and_deleted_is_told_apart(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower/etc lower/old/deep upper/etc upper/new && echo a >lower/etc/a && "
          "echo b >lower/etc/b && cp -p lower/etc/b upper/etc/b && echo longer >upper/etc/a && "
          "mknod upper/old c 0 0 && touch upper/new/file && ln -s x upper/link && "
          "mknod upper/never c 0 0");
    assert_changes(0, "C /etc C /etc/a A /link A /new A /new/file D /old");
}

static void a_copied_file_that_is_the_same_is_no_change(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower/etc upper/etc && echo a >lower/etc/a && cp -p lower/etc/a upper/etc/a");
    assert_changes(0, "");
    shell("chmod 600 upper/etc/a");
    assert_changes(0, "C /etc C /etc/a");
    shell("chmod 644 upper/etc/a && touch -d @7 upper/etc/a");
    assert_changes(0, "C /etc C /etc/a");
}

static void a_folder_made_anew_hides_what_was_in_it(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower/d/sub upper/d/sub && touch lower/d/gone lower/d/sub/x upper/d/fresh && "
          "setfattr -n trusted.overlay.opaque -v y upper/d");
    assert_changes(0, "C /d A /d/fresh D /d/gone C /d/sub D /d/sub/x");
    shell("rm -r upper/d && touch upper/d");
    assert_changes(0, "C /d");
}

static void a_link_below_is_not_followed(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower/usr/lib upper/lib && touch lower/usr/lib/x && ln -s usr/lib lower/lib && "
          "touch upper/lib/x");
    assert_changes(0, "C /lib A /lib/x");
}

static void empty_mount_points_are_left_out(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower upper/dev upper/proc upper/sys upper/etc && touch upper/etc/hosts "
          "upper/etc/resolv.conf");
    assert_changes(0, "");
    shell("echo own >upper/etc/hosts");
    assert_changes(0, "A /etc A /etc/hosts");
}

static void ids_are_those_of_the_container(void **state)
{
    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower upper && touch lower/a && cp -p lower/a upper/a && "
          "chown 70000:70000 upper upper/a");
    assert_changes(70000, "");
    shell("chown 70005 upper/a");
    assert_changes(70000, "C /a");
}

static void a_copy_has_all_that_a_layer_has(void **state)
{
    AUTO_STRINGS struct strings lower = { 0 };
    AUTO_FREE char *upper = at("upper");
    AUTO_FREE char *copy = at("copy");
    const struct changes_source source = { upper, &lower, { 70000, 65536 } };
    AUTO_CLOSE int tree = -1;
    struct error err = { 0 };

    (void)state;
    NEEDS_ROOT();
    shell("mkdir -p lower upper/d/deep upper/etc copy && echo text >upper/d/one && "
          "ln upper/d/one upper/two && ln -s one upper/d/link && mknod upper/d/gone c 0 0 && "
          "setfattr -n trusted.overlay.opaque -v y upper/d/deep && mkfifo upper/pipe && "
          "touch upper/etc/hosts && chown -hR 70000:70000 upper && chown 70033 upper/d/one && "
          "chmod 4750 upper/d/one");
    strings_take(&lower, at("lower"));
    tree = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(changes_copy(&source, tree, &err), 0);
    shell("test \"$(cat copy/two)\" = text && test copy/two -ef copy/d/one && "
          "test \"$(stat -c '%u:%g %a' copy/two)\" = '33:0 4750' && "
          "test \"$(readlink copy/d/link)\" = one && test -c copy/d/gone && test -p copy/pipe && "
          "getfattr -n trusted.overlay.opaque copy/d/deep >/dev/null && test ! -e copy/etc && "
          "test \"$(stat -c %u copy/d)\" = 0");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_changed_and_deleted_is_told_apart),
        TEST(a_copied_file_that_is_the_same_is_no_change),
        TEST(a_folder_made_anew_hides_what_was_in_it),
        TEST(a_link_below_is_not_followed),
        TEST(empty_mount_points_are_left_out),
        TEST(ids_are_those_of_the_container),
        TEST(a_copy_has_all_that_a_layer_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
