/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/syscall_profile.h"
#include "util/error.h"

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
        cmocka_unit_test(lists_of_words_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
