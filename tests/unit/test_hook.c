/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oci/folder.h"
#include "oci/hook.h"
#include "oci/record.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"

static char root[] = "/tmp/carte-test-oci.XXXXXX";

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    struct error err = { 0 };

    (void)state;
    return file_remove_tree(AT_FDCWD, root, &err);
}

/* Run `script` by a shell as a hook. */
static int run_script(const char *script, const char *told, int64_t timeout_s, struct error *err)
{
    struct hook hook = { .path = "/bin/sh", .timeout_s = timeout_s };
    const struct hook_list list = { &hook, 1 };
    int result;

    strings_add(&hook.args, "sh");
    strings_add(&hook.args, "-c");
    strings_add(&hook.args, script);
    result = hook_run(HOOK_POSTSTART, &list, told, err);
    strings_done(&hook.args);
    return result;
}

static void a_hook_reads_the_state(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(run_script("test \"$(cat)\" = '{\"id\":1}'", "{\"id\":1}", 0, &err), 0);
}

static void a_hook_that_fails_says_what_it_printed(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(run_script("echo why >&2; exit 3", "{}", 0, &err), -1);
    assert_string_equal(err.text, "hooks.poststart[0]: '/bin/sh' ended with exit status 3: why");
}

static void a_hook_need_not_read(void **state)
{
    struct error err = { 0 };
    char *told = alloc_zeroed(1, (1 << 20) + 1);

    (void)state;
    memset(told, 'x', 1 << 20);
    assert_int_equal(run_script("exec <&-; exit 0", told, 0, &err), 0);
    free(told);
}

static void a_hook_may_print_much(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(run_script("head -c 300000 /dev/zero; exit 1", "{}", 0, &err), -1);
}

static void a_hook_that_takes_too_long_is_killed(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(run_script("kill -STOP $$", "{}", 1, &err), -1);
    assert_int_equal(err.code, ERROR_TIMEOUT);
}

static void a_hook_that_cannot_be_executed_is_an_error(void **state)
{
    struct hook hook = { .path = "/does/not/exist" };
    const struct hook_list list = { &hook, 1 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(hook_run(HOOK_PRESTART, &list, "{}", &err), -1);
    assert_non_null(strstr(err.text, "cannot be executed: No such file"));
}

static void the_environment_of_a_hook_is_its_own(void **state)
{
    char *env[] = { (char[]){ "A=b" }, NULL };
    char *args[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "test \"$A$HOME\" = b" }, NULL };
    struct hook hook = { "/bin/sh", { args, 3 }, { env, 1 }, true, true, 0 };
    const struct hook_list list = { &hook, 1 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(hook_run(HOOK_PRESTART, &list, "{}", &err), 0);
}

static void an_id_is_taken_once(void **state)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE, second = FOLDER_NONE;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(folder_make(root, "one", &folder, &err), 0);
    assert_int_equal(folder_make(root, "one", &second, &err), -1);
    assert_int_equal(err.code, ERROR_EXISTS);
    error_clear(&err);
    assert_int_equal(folder_remove(root, "one", &err), 0);
    assert_int_equal(folder_open(root, "one", &second, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void bad_ids_are_refused(void **state)
{
    static const char *const bad[] = { "",        ".",   "..",  "a/b",      "../x",
                                       ".hidden", "a b", "a\n", "\xc3\xa4", "-x" };
    static const char *const good[] = { "a", "A_b+c.d-9", "+x" };
    char longest[257];

    (void)state;
    memset(longest, 'a', 256);
    longest[256] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct error err = { 0 };

        assert_int_equal(folder_check_id(bad[i], &err), -1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct error err = { 0 };

        assert_int_equal(folder_check_id(good[i], &err), 0);
    }
    assert_int_equal(folder_check_id(longest, &(struct error){ 0 }), -1);
    assert_int_equal(folder_check_id(longest + 1, &(struct error){ 0 }), 0);
}

static void a_record_is_what_was_saved(void **state)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    struct strings_pair pair = { (char[]){ "key" }, (char[]){ "value" } };
    const struct record saved = {
        .id = "two",
        .bundle = "/b",
        .oci_version = "1.2.0",
        .root_path = "/b/r",
        .cgroup = "/c",
        .boot_id = clock_boot_id(),
        .pid = 4194303,
        .start_time = 77,
        .annotations = { &pair, 1 },
    };
    AUTO_RECORD struct record loaded = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(folder_make(root, "two", &folder, &err), 0);
    assert_int_equal(record_load(&folder, &loaded, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    error_clear(&err);
    assert_int_equal(record_save(&folder, &saved, &err), 0);
    assert_int_equal(record_load(&folder, &loaded, &err), 0);
    assert_string_equal(loaded.cgroup, "/c");
    assert_true(loaded.start_time == 77 && loaded.pid == 4194303);
    assert_string_equal(loaded.annotations.pairs[0].value, "value");
    assert_int_equal(record_get_status(&loaded), RECORD_STOPPED);
}

static void a_creation_without_its_maker_has_stopped(void **state)
{
    struct record record = { .boot_id = clock_boot_id(), .creator = 4194303 };

    (void)state;
    assert_int_equal(record_get_status(&record), RECORD_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hook_reads_the_state),
        cmocka_unit_test(a_hook_that_fails_says_what_it_printed),
        cmocka_unit_test(a_hook_need_not_read),
        cmocka_unit_test(a_hook_may_print_much),
        cmocka_unit_test(a_hook_that_takes_too_long_is_killed),
        cmocka_unit_test(a_hook_that_cannot_be_executed_is_an_error),
        cmocka_unit_test(the_environment_of_a_hook_is_its_own),
        cmocka_unit_test(an_id_is_taken_once),
        cmocka_unit_test(bad_ids_are_refused),
        cmocka_unit_test(a_record_is_what_was_saved),
        cmocka_unit_test(a_creation_without_its_maker_has_stopped),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
