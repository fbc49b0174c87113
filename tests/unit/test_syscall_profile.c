/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include "bpf_bed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/syscall_profile.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

#define ERRNO(number) (SECCOMP_RET_ERRNO | (number))
#define X32 0x40000000

static void words_that_are_not_known_are_named(void **state)
{
    static const struct syscall_argument bad_argument = { 6, 0, 0, "SCMP_CMP_EQ" };
    static const struct syscall_argument bad_operator = { 0, 0, 0, "SCMP_CMP_ALMOST" };
    static const uint32_t number = 1;
    static const struct {
        const char *default_action, *architecture, *flag;
        struct syscall_rule rule;
        const char *says;
    } cases[] = {
        { "SCMP_ACT_MAYBE", NULL, NULL, { .action = "SCMP_ACT_ALLOW" }, "SCMP_ACT_MAYBE" },
        { NULL, NULL, NULL, { .action = "SCMP_ACT_ALLOW" }, "action" },
        { "SCMP_ACT_ALLOW", "SCMP_ARCH_PDP11", NULL, { .action = "SCMP_ACT_LOG" }, "PDP11" },
        { "SCMP_ACT_ALLOW", NULL, "FLAG_X", { .action = "SCMP_ACT_LOG" }, "FLAG_X" },
        { "SCMP_ACT_ALLOW", NULL, NULL, { .action = "" }, "action" },
        { "SCMP_ACT_ALLOW",
          NULL,
          NULL,
          { .action = "SCMP_ACT_TRAP", .number = &number },
          "no number" },
        { "SCMP_ACT_ALLOW",
          NULL,
          NULL,
          { .action = "SCMP_ACT_LOG", .arguments = &bad_argument, .argument_count = 1 },
          "argument 6" },
        { "SCMP_ACT_ALLOW",
          NULL,
          NULL,
          { .action = "SCMP_ACT_LOG", .arguments = &bad_operator, .argument_count = 1 },
          "SCMP_CMP_ALMOST" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct syscall_profile profile = { .default_action = cases[i].default_action,
                                           .rules = &cases[i].rule,
                                           .rule_count = 1 };
        struct sock_fprog program = { 0 };
        struct error err = { 0 };
        unsigned flags = 0;

        if (cases[i].architecture)
            strings_add(&profile.architectures, cases[i].architecture);
        if (cases[i].flag)
            strings_add(&profile.flags, cases[i].flag);
        assert_int_equal(syscall_profile_compile(&profile, &program, &flags, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
        strings_done(&profile.architectures);
        strings_done(&profile.flags);
    }
}

static void listener_is_asked_for_only_by_an_action(void **state)
{
    struct syscall_rule rule = { .action = "SCMP_ACT_NOTIFY" };
    struct syscall_profile profile = { .default_action = "SCMP_ACT_ALLOW",
                                       .rules = &rule,
                                       .rule_count = 1 };
    struct error err = { 0 };

    (void)state;
    strings_add(&rule.names, "mkdir");
    strings_add(&profile.flags, "SECCOMP_FILTER_FLAG_LOG");
    for (int notifies = 1; notifies >= 0; notifies--) {
        struct sock_fprog program = { 0 };
        unsigned flags = 0;

        rule.action = notifies ? "SCMP_ACT_NOTIFY" : "SCMP_ACT_KILL_PROCESS";
        assert_int_equal(syscall_profile_compile(&profile, &program, &flags, &err), 0);
        assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG |
                                    (notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0U));
        assert_true(program.len > 0);
        free(program.filter);
    }
    strings_done(&rule.names);
    strings_done(&profile.flags);
}

struct fixture {
    struct syscall_rule rule;
    struct syscall_profile profile;
    struct sock_fprog program;
};

/* What the default is not: `action` for the calls `names`, on all of `architectures`. */
static void begin(struct fixture *f, const char *default_action, const char *action,
                  const char *const *names, const char *const *architectures)
{
    *f = (struct fixture){
        .rule = { .action = action },
        .profile = { .default_action = default_action, .rules = &f->rule, .rule_count = 1 },
    };
    for (; *names; names++)
        strings_add(&f->rule.names, *names);
    for (; *architectures; architectures++)
        strings_add(&f->profile.architectures, *architectures);
}

static void compile(struct fixture *f)
{
    struct error err = { 0 };
    unsigned flags = 0;

    free(f->program.filter);
    if (syscall_profile_compile(&f->profile, &f->program, &flags, &err) < 0)
        fail_msg("%s", err.text);
}

static void end(struct fixture *f)
{
    free(f->program.filter);
    strings_done(&f->rule.names);
    strings_done(&f->profile.architectures);
}

static uint32_t judge(const struct fixture *f, uint32_t architecture, int number)
{
    const struct seccomp_data data = { .nr = number, .arch = architecture };

    return bpf_judge(&f->program, &data);
}

static void each_architecture_has_its_own_numbers(void **state)
{
    static const char *const names[] = { "mkdir", NULL };
    static const char *const orders[][4] = {
        { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", NULL },
        { "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL },
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names, orders[i]);
        compile(&f);
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 83), ERRNO(EPERM));
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 39), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, X32 | 83), ERRNO(EPERM));
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, X32 | 39), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(&f, AUDIT_ARCH_I386, 39), ERRNO(EPERM));
        assert_int_equal(judge(&f, AUDIT_ARCH_I386, 83), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(&f, AUDIT_ARCH_AARCH64, 34), SECCOMP_RET_KILL);
        end(&f);
    }
}

static void calls_of_an_architecture_that_is_not_listed_kill(void **state)
{
    static const char *const names[] = { "mkdir", NULL };
    static const char *const native[] = { "SCMP_ARCH_X86_64", NULL };
    static const char *const others[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X32", NULL };
    struct fixture f;

    (void)state;
    begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names, native);
    compile(&f);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, SYS_read), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, X32 | SYS_read), SECCOMP_RET_KILL);
    assert_int_equal(judge(&f, AUDIT_ARCH_I386, 3), SECCOMP_RET_KILL);
    end(&f);
    begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names, others);
    compile(&f);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, SYS_read), SECCOMP_RET_KILL);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, X32 | SYS_read), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&f, AUDIT_ARCH_I386, 3), SECCOMP_RET_ALLOW);
    end(&f);
}

/* Engines list them for all architectures. */
static void calls_newer_than_the_library_stay_refused_on_other_architectures(void **state)
{
    static const char *const names[] = { "read", "mseal", NULL };
    static const char *const both[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", NULL };
    struct error err = { 0 };
    unsigned flags = 0;
    struct fixture f;

    (void)state;
    begin(&f, "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", names, both);
    compile(&f);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 462), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&f, AUDIT_ARCH_I386, 3), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&f, AUDIT_ARCH_I386, 462), ERRNO(EPERM));
    end(&f);
    begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names, both);
    assert_int_equal(syscall_profile_compile(&f.profile, &f.program, &flags, &err), -1);
    assert_non_null(strstr(err.text, "mseal"));
    end(&f);
}

static char *only_file(const char *folder)
{
    DIR *stream = opendir(folder);
    struct dirent *entry = NULL;
    char *path = NULL;

    assert_non_null(stream);
    while ((entry = readdir(stream))) {
        if (entry->d_name[0] == '.')
            continue;
        assert_null(path);
        path = alloc_format("%s/%s", folder, entry->d_name);
    }
    closedir(stream);
    assert_non_null(path);
    return path;
}

/* It is loaded by whoever finds it: it is what was compiled, or it is compiled again. */
static void kept_filter_that_is_damaged_does_not_count(void **state)
{
    static const char *const names[] = { "mkdir", NULL };
    static const char *const native[] = { "SCMP_ARCH_X86_64", NULL };
    char folder[] = "/tmp/carte-filters-XXXXXX";
    AUTO_FREE char *path = NULL, *cache = NULL;
    struct error err = { 0 };
    struct stat status;
    struct fixture f;

    (void)state;
    assert_non_null(mkdtemp(folder));
    cache = alloc_format("%s/made", folder);
    begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names, native);
    f.profile.cache_folder = cache;
    compile(&f);
    path = only_file(cache);
    assert_int_equal(stat(path, &status), 0);
    for (off_t at = 0; at < status.st_size; at += 7) {
        AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
        unsigned char byte = 0;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x20;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        compile(&f);
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 83), ERRNO(EPERM));
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 84), SECCOMP_RET_ALLOW);
    }
    assert_int_equal(truncate(path, status.st_size - (off_t)sizeof(struct sock_filter)), 0);
    compile(&f);
    assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, 83), ERRNO(EPERM));
    end(&f);
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
}

/* With the same folder, each profile gets its own filter, also where they meet in one place. */
static void profiles_do_not_get_the_filter_of_another(void **state)
{
    static const char *const names[][2] = { { "mkdir", NULL }, { "rmdir", NULL } };
    static const char *const native[] = { "SCMP_ARCH_X86_64", NULL };
    char folder[] = "/tmp/carte-filters-XXXXXX";
    struct error err = { 0 };
    struct fixture f;
    uint32_t number = 0;

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (unsigned i = 0; i < 600; i++) {
        begin(&f, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", names[i % 2], native);
        number = 1 + i % 300;
        f.rule.number = &number;
        f.profile.cache_folder = folder;
        compile(&f);
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, i % 2 ? 84 : 83), ERRNO(number));
        assert_int_equal(judge(&f, AUDIT_ARCH_X86_64, i % 2 ? 83 : 84), SECCOMP_RET_ALLOW);
        end(&f);
    }
    assert_int_equal(file_remove_tree(AT_FDCWD, folder, &err), 0);
}

static void lists_of_words_end(void **state)
{
    const char *const *lists[] = { syscall_profile_actions(), syscall_profile_operators(),
                                   syscall_profile_architectures(), syscall_profile_flags() };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (size_t j = 1; lists[i][j]; j++)
            assert_true(strcmp(lists[i][j - 1], lists[i][j]) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_are_not_known_are_named),
        cmocka_unit_test(listener_is_asked_for_only_by_an_action),
        cmocka_unit_test(each_architecture_has_its_own_numbers),
        cmocka_unit_test(calls_of_an_architecture_that_is_not_listed_kill),
        cmocka_unit_test(calls_newer_than_the_library_stay_refused_on_other_architectures),
        cmocka_unit_test(kept_filter_that_is_damaged_does_not_count),
        cmocka_unit_test(profiles_do_not_get_the_filter_of_another),
        cmocka_unit_test(lists_of_words_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
