/* SPDX-License-Identifier: MIT */

/*
 * What instructions leave in the configuration of an image
 */

#include "build_bed.h"

static void workdir_joins_the_one_before(void **state)
{
    struct bed *bed = *state;

    assert_string_equal(bed_must_build(bed, "FROM scratch\nWORKDIR /a\nWORKDIR b\nENV D=c\n"
                                            "WORKDIR ./$D/../d\n")
                            ->working_dir,
                        "/a/b/d");
    assert_string_equal(bed_must_build(bed, "FROM scratch\nWORKDIR x\n")->working_dir, "/x");
    assert_string_equal(bed_must_build(bed, "FROM scratch\nWORKDIR /a b\n")->working_dir, "/a b");
}

static void ports_have_protocols_and_ranges(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config =
        bed_must_build(bed, "FROM scratch\nENV P=\"1 2/udp\"\nEXPOSE 80 53/udp 80/tcp 90/SCTP\n"
                            "EXPOSE 8000-8002 $P\nEXPOSE 127.0.0.1:81:82/tcp\n");
    bed_assert_list(&config->exposed, "1/tcp|2/udp|53/udp|80/tcp|8000/tcp|8001/tcp|8002/tcp|82/tcp|"
                                      "90/sctp");
    bed_must_fail(bed, "FROM scratch\nEXPOSE 0\n", "Cartefile:2:1: EXPOSE: '0' is no port");
    bed_must_fail(bed, "FROM scratch\nEXPOSE 9-8\n", "'9-8' is no port");
    bed_must_fail(bed, "FROM scratch\nEXPOSE 80/quic\n", "'80/quic' is no port");
    assert_int_equal(
        bed_must_build(bed, "FROM scratch\nEXPOSE 1-65535\nEXPOSE 1-65535/udp\n")->exposed.count,
        2 * 65535);
}

static void volumes_users_and_signals_are_metadata(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config =
        bed_must_build(bed, "FROM scratch\nENV D=/d U=app\nVOLUME [\"/a b\", \"$D\"]\nVOLUME /c "
                            "rel\nUSER $U:staff\nSTOPSIGNAL SIGUSR1\n");
    bed_assert_list(&config->volumes, "/a b|/c|/d|/rel");
    assert_string_equal(config->user, "app:staff");
    assert_string_equal(config->stop_signal, "SIGUSR1");
    bed_must_fail(bed, "FROM scratch\nSTOPSIGNAL SIGNOTHING\n", "is no signal");
}

static void a_health_check_has_all_its_options(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config =
        bed_must_build(bed, "FROM scratch\nHEALTHCHECK --interval=1m --timeout=5s "
                            "--start-period=10s --start-interval=500ms --retries=7 CMD a $b\n");
    bed_assert_list(&config->health_test, "CMD-SHELL|a $b");
    assert_int_equal(config->health_interval_ms, 60000);
    assert_int_equal(config->health_timeout_ms, 5000);
    assert_int_equal(config->health_start_period_ms, 10000);
    assert_int_equal(config->health_start_interval_ms, 500);
    assert_int_equal(config->health_retries, 7);
    config = bed_must_build(bed, "FROM scratch\nHEALTHCHECK cmd [\"a\", \"b\"]\n");
    bed_assert_list(&config->health_test, "CMD|a|b");
    config = bed_must_build(bed, "FROM scratch\nHEALTHCHECK --retries=2 CMD x\nHEALTHCHECK NONE\n");
    bed_assert_list(&config->health_test, "NONE");
    assert_int_equal(config->health_retries, 0);
}

/* The table of the reference: no entry point, shell form, exec form x no, exec, shell command. */
static void entry_points_and_commands_go_together_as_in_the_table(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *text, *entrypoint, *cmd;
    } cases[] = {
        { "", "", "" },
        { "CMD [\"c\", \"p\"]\n", "", "c|p" },
        { "CMD c p\n", "", "/bin/sh|-c|c p" },
        { "ENTRYPOINT e p\n", "/bin/sh|-c|e p", "" },
        { "ENTRYPOINT e p\nCMD [\"c\"]\n", "/bin/sh|-c|e p", "c" },
        { "ENTRYPOINT e p\nCMD c p\n", "/bin/sh|-c|e p", "/bin/sh|-c|c p" },
        { "ENTRYPOINT [\"e\", \"p\"]\n", "e|p", "" },
        { "ENTRYPOINT [\"e\"]\nCMD [\"c\"]\n", "e", "c" },
        { "ENTRYPOINT [\"e\"]\nCMD c p\n", "e", "/bin/sh|-c|c p" },
        { "CMD [\"c\"]\nENTRYPOINT [\"e\"]\n", "e", "c" },
        { "CMD [\"c\"]\nCMD [\"last\"]\n", "", "last" },
        { "CMD [\"c\"]\nCMD []\n", "", "" },
        { "SHELL [\"/bin/bash\", \"-ec\"]\nCMD c\nENTRYPOINT e\n", "/bin/bash|-ec|e",
          "/bin/bash|-ec|c" },
        { "CMD ['no json']\n", "", "/bin/sh|-c|['no json']" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *text = alloc_format("FROM scratch\n%s", cases[i].text);
        const struct image_config *config = bed_must_build(bed, text);

        bed_assert_list(&config->entrypoint, cases[i].entrypoint);
        bed_assert_list(&config->cmd, cases[i].cmd);
    }
}

static void a_new_entry_point_drops_the_command_of_the_image_below(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    assert_int_equal(bed_build(bed, "FROM scratch\nENTRYPOINT [\"old\"]\nCMD [\"c\"]\n", "below"),
                     0);
    config = bed_must_build(bed, "FROM below\n");
    bed_assert_list(&config->cmd, "c");
    config = bed_must_build(bed, "FROM below\nENTRYPOINT [\"e\"]\n");
    bed_assert_list(&config->entrypoint, "e");
    bed_assert_list(&config->cmd, "");
    config = bed_must_build(bed, "FROM below\nCMD [\"own\"]\nENTRYPOINT [\"e\"]\n");
    bed_assert_list(&config->cmd, "own");
    config =
        bed_must_build(bed, "FROM scratch AS one\nCMD [\"c\"]\nFROM one\nENTRYPOINT [\"e\"]\n");
    bed_assert_list(&config->cmd, "");
}

static void labels_have_two_forms_and_expand(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config = bed_must_build(bed, "FROM scratch\nENV V=1\nLABEL a=$V \"b c\"=\"x y\"\nLABEL old two "
                                 "words\nMAINTAINER me <me@here>\n");
    assert_string_equal(strings_map_find(&config->labels, "a")->value, "1");
    assert_string_equal(strings_map_find(&config->labels, "b c")->value, "x y");
    assert_string_equal(strings_map_find(&config->labels, "old")->value, "two words");
    assert_string_equal(strings_map_find(&config->labels, "maintainer")->value, "me <me@here>");
}

static void env_has_two_forms_and_sees_the_values_before_it(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config = bed_must_build(bed, "FROM scratch\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n"
                                 "ENV OLD some words \"and quotes\"\n"
                                 "ENV Q=\"a b\" E=c\\ d S='$abc' N=\nENV P=$PATH:/opt\n");
    bed_assert_env(config, "def", "hello");
    bed_assert_env(config, "ghi", "bye");
    bed_assert_env(config, "OLD", "some words and quotes");
    bed_assert_env(config, "Q", "a b");
    bed_assert_env(config, "E", "c d");
    bed_assert_env(config, "S", "$abc");
    bed_assert_env(config, "N", "");
    bed_assert_env(config, "P",
                   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(workdir_joins_the_one_before),
        BED_TEST(ports_have_protocols_and_ranges),
        BED_TEST(volumes_users_and_signals_are_metadata),
        BED_TEST(a_health_check_has_all_its_options),
        BED_TEST(entry_points_and_commands_go_together_as_in_the_table),
        BED_TEST(a_new_entry_point_drops_the_command_of_the_image_below),
        BED_TEST(labels_have_two_forms_and_expand),
        BED_TEST(env_has_two_forms_and_sees_the_values_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
