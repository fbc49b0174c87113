/* SPDX-License-Identifier: MIT */

/*
 * Stages, arguments, steps and triggers: one test for each promise users rely on
 */

#include "build_bed.h"

#include <sys/utsname.h>

#include "image/config_json.h"
#include "image/manifest.h"

static void from_takes_an_image_by_name_tag_digest_and_stage(void **state)
{
    struct bed *bed = *state;
    AUTO_FREE char *digest = NULL;
    AUTO_FREE char *text = NULL;

    assert_int_equal(bed_build(bed, "FROM scratch\nLABEL a=base\n", "base:v1"), 0);
    digest = alloc_text(bed->image->digest);
    assert_string_equal(bed_must_build(bed, "FROM base:v1\n")->labels.pairs[0].value, "base");
    text = alloc_format("FROM base@%s\n", digest);
    assert_string_equal(bed_must_build(bed, text)->labels.pairs[0].value, "base");
    free(text);
    text = alloc_format("FROM base:v1@%s AS one\nFROM ONE\n", digest);
    assert_string_equal(bed_must_build(bed, text)->labels.pairs[0].value, "base");
}

static void from_a_missing_image_says_how_to_get_it(void **state)
{
    struct bed *bed = *state;

    bed_must_fail(
        bed, "FROM debian:bookworm\n",
        "Cartefile:1:6: FROM: there is no image 'debian:bookworm' in the store: get it with "
        "'carte pull debian:bookworm'");
    assert_non_null(strstr(bed->err.text, "carte bootstrap"));
    bed_must_fail(bed, "FROM scratch AS builder\nFROM bulder\n",
                  "Cartefile:2:6: FROM: no earlier stage is called 'bulder', did you mean "
                  "'builder'?: there is no image");
    bed_must_fail(
        bed, "FROM scratch AS builder\nFROM scratch\nCOPY --from=bulder / /\n",
        "no earlier stage is called 'bulder', did you mean 'builder'?: 'bulder' is neither");
    /* Of a stage that is not needed nothing is asked. */
    bed_must_build(bed, "FROM debian:bookworm AS unused\nFROM scratch\n");
}

static void from_takes_this_platform_and_refuses_others(void **state)
{
    struct bed *bed = *state;
    struct utsname system;
    AUTO_FREE char *own = NULL;

    assert_int_equal(uname(&system), 0);
    own = alloc_format("FROM --platform=linux/%s scratch\n", system.machine);
    bed_must_build(bed, own);
    bed_must_build(bed, "FROM --platform=$BUILDPLATFORM scratch\n");
    bed_must_build(bed, "FROM --platform=${TARGETPLATFORM} scratch\n");
    bed_must_fail(bed, "FROM --platform=plan9/mips scratch\n",
                  "cannot be built here: this machine");
    bed_must_fail(bed, "FROM --platform=$NOTHING scratch\n", "--platform is empty");
}

static void stages_that_are_not_needed_are_not_built(void **state)
{
    struct bed *bed = *state;
    static const char text[] = "FROM scratch AS a\nRUN [\"a\"]\n"
                               "FROM scratch AS b\nRUN [\"b\"]\n"
                               "FROM a AS c\nRUN [\"c\"]\n"
                               "FROM scratch\nCOPY --from=0 / /x/\n";

    bed_must_build(bed, text);
    assert_string_equal(text_get(&bed->runs), "a\n");
    bed->request.target = "c";
    bed_must_build(bed, text);
    assert_string_equal(text_get(&bed->runs), "c\n");
    bed->request.target = "B";
    bed_must_build(bed, text);
    assert_string_equal(text_get(&bed->runs), "b\n");
    bed->request.target = "2";
    bed_must_build(bed, text);
    assert_int_equal(bed->uncached, 0);
}

static void an_unknown_target_names_the_nearest(void **state)
{
    struct bed *bed = *state;

    bed->request.target = "finl";
    bed_must_fail(bed, "FROM scratch AS first\nFROM scratch AS final\n",
                  "Cartefile: there is no stage 'finl': did you mean 'final'?");
    bed->request.target = "7";
    bed_must_fail(bed, "FROM scratch AS first\n", "no stage '7': the first is 'first'");
    bed->request.target = "x";
    bed_must_fail(bed, "FROM scratch\n", "none has a name");
}

static void arg_before_from_is_for_from_until_declared_again(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    config = bed_must_build(bed, "ARG BASE=scratch\nARG V=1\nARG W=$V-2\nFROM ${BASE}\n"
                                 "ENV A=x$V\nARG V\nENV B=$V\nARG W\nENV C=$W\n");
    bed_assert_env(config, "A", "x");
    bed_assert_env(config, "B", "1");
    bed_assert_env(config, "C", "1-2");
    bed_give_arg(bed, "V", "9");
    config = bed_must_build(bed, "ARG V=1\nFROM scratch\nENV A=x$V\nARG V\nENV B=$V\n");
    bed_assert_env(config, "A", "x");
    bed_assert_env(config, "B", "9");
    bed_must_fail(bed, "ARG NONE\nFROM ${NONE}\n", "FROM names nothing: '${NONE}' is empty");
}

static void arg_is_known_from_its_line_on_and_in_stages_based_on_it(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    bed_give_arg(bed, "X", "given");
    config = bed_must_build(bed, "FROM scratch AS one\nENV A=$X\nARG X=default\nENV B=$X\n"
                                 "FROM one\nENV C=$X\n"
                                 "ARG X=again\nENV D=$X\n");
    bed_assert_env(config, "A", "");
    bed_assert_env(config, "B", "given");
    bed_assert_env(config, "C", "given");
    bed_assert_env(config, "D", "given");
    config = bed_must_build(bed, "FROM scratch AS one\nARG X\nFROM scratch\nENV A=$X\n");
    bed_assert_env(config, "A", "");
    config = bed_must_build(bed, "FROM scratch\nARG P=1 Q=$P\nENV A=$Q\n");
    bed_assert_env(config, "A", "");
}

static void env_counts_before_arg_and_arg_is_not_in_the_image(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    bed_give_arg(bed, "X", "arg");
    config = bed_must_build(bed, "FROM scratch\nENV X=env\nARG X\nARG Y=secret\nRUN [\"x\"]\n"
                                 "ENV A=$X\n");
    bed_assert_env(config, "A", "env");
    bed_assert_env(config, "Y", "(none)");
    assert_string_equal(strings_find_env(&bed->run_env, "X"), "env");
    assert_string_equal(strings_find_env(&bed->run_env, "Y"), "secret");
}

static void proxies_are_known_to_run_and_leave_no_trace(void **state)
{
    struct bed *bed = *state;
    static const char text[] = "FROM scratch\nENV A=$http_proxy\nRUN [\"x\"]\n";
    AUTO_FREE char *id = NULL;

    bed_must_build(bed, text);
    assert_null(strings_find_env(&bed->run_env, "http_proxy"));
    id = alloc_text(bed->image->id);
    bed_give_arg(bed, "http_proxy", "http://proxy");
    bed_assert_env(bed_must_build(bed, text), "A", "");
    assert_int_equal(bed->uncached, 0);
    assert_string_equal(bed->image->id, id);
    bed->request.no_cache = true;
    bed_must_build(bed, text);
    assert_string_equal(strings_find_env(&bed->run_env, "http_proxy"), "http://proxy");
    assert_string_equal(bed->image->id, id);
}

static void the_platform_is_told_by_arguments(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;
    AUTO_FREE char *platform = alloc_format("linux/%s", config_json_architecture());

    config =
        bed_must_build(bed, "FROM --platform=$BUILDPLATFORM scratch\nENV BEFORE=x$TARGETARCH\n"
                            "ARG TARGETARCH\nARG TARGETOS\nARG TARGETVARIANT\n"
                            "ARG TARGETPLATFORM BUILDPLATFORM BUILDOS BUILDARCH\n"
                            "ENV ARCH=$TARGETARCH OS=$TARGETOS VARIANT=$TARGETVARIANT "
                            "PLATFORM=$TARGETPLATFORM BUILD=$BUILDPLATFORM/$BUILDOS/$BUILDARCH\n");
    bed_assert_env(config, "BEFORE", "x");
    bed_assert_env(config, "ARCH", config_json_architecture());
    bed_assert_env(config, "OS", "linux");
    bed_assert_env(config, "VARIANT", "");
    bed_assert_env(config, "PLATFORM", platform);
}

static void an_argument_used_later_keeps_the_steps_before_it(void **state)
{
    struct bed *bed = *state;
    static const char text[] = "FROM scratch\nRUN [\"one\"]\nARG V\nRUN [\"two\"]\n";

    bed_give_arg(bed, "V", "1");
    bed_must_build(bed, text);
    bed_give_arg(bed, "V", "2");
    bed_must_build(bed, text);
    assert_string_equal(text_get(&bed->runs), "two\n");
}

static void an_argument_that_nothing_takes_is_warned_of(void **state)
{
    struct bed *bed = *state;
    AUTO_TEXT struct text out = { 0 };

    bed_give_arg(bed, "VERSIN", "1");
    bed_give_arg(bed, "HTTP_PROXY", "x");
    bed_give_arg(bed, "TARGETARCH", "x");
    bed_give_arg(bed, "SOURCE_DATE_EPOCH", "5");
    bed_must_build(bed, "FROM scratch\nARG VERSION\n");
    diagnostic_format(&bed->diagnostics, false, &out);
    assert_string_equal(text_get(&out), "warning: --build-arg VERSIN: no ARG of 'Cartefile' takes "
                                        "it: did you mean 'VERSION'?\n");
}

static void run_has_a_shell_form_an_exec_form_and_scripts(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *text, *runs;
    } cases[] = {
        { "RUN a && \\\n  b\n", "/bin/sh|-c|a &&   b\n" },
        { "RUN [\"a\", \"$b\"]\n", "a|$b\n" },
        { "SHELL [\"/bin/bash\", \"-c\"]\nRUN a\n", "/bin/bash|-c|a\n" },
        { "RUN <<EOF\na\n$b\nEOF\n", "/bin/sh|-c|a\n$b\n\n" },
        { "RUN <<-EOF\n\t\ta\n\tEOF\n", "/bin/sh|-c|a\n\n" },
        { "RUN cat <<A <<'B'\na\nA\nb\nB\n", "/bin/sh|-c|cat <<A <<'B'\na\nA\nb\nB\n" },
        { "RUN <<EOF\n#!/usr/bin/env  python -u \nx\nEOF\n",
          "/usr/bin/env|python -u|/dev/pipes/script\n" },
        { "RUN <<'EOF'\n#! /bin/awk\nEOF\n", "/bin/awk|/dev/pipes/script\n" },
        { "RUN <<EOF|sh\n#!/x\nEOF\n", "/bin/sh|-c|<<EOF|sh\n#!/x\nEOF\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *text = alloc_format("FROM scratch\n%s", cases[i].text);

        bed_must_build(bed, text);
        assert_string_equal(text_get(&bed->runs), cases[i].runs);
    }
}

static void a_script_of_its_own_is_part_of_the_key(void **state)
{
    struct bed *bed = *state;

    bed_must_build(bed, "FROM scratch\nRUN <<EOF\n#!/bin/a\none\nEOF\n");
    bed_must_build(bed, "FROM scratch\nRUN <<EOF\n#!/bin/a\none\nEOF\n");
    assert_string_equal(text_get(&bed->runs), "");
    bed_must_build(bed, "FROM scratch\nRUN <<EOF\n#!/bin/a\ntwo\nEOF\n");
    assert_string_equal(text_get(&bed->runs), "/bin/a|/dev/pipes/script\n");
}

static char *read_layer_file(const struct bed *bed, const char *path)
{
    AUTO_FREE char *full = alloc_format("%s/%s", bed->image->layers.items[0], path);
    AUTO_TEXT struct text text = { 0 };
    struct error err = { 0 };

    assert_int_equal(file_read(AT_FDCWD, full, 4096, &text, &err), 0);
    return text_steal(&text);
}

static void copy_writes_here_documents(void **state)
{
    struct bed *bed = *state;
    AUTO_FREE char *one = NULL;
    AUTO_FREE char *two = NULL;

    bed_must_build(bed, "FROM scratch\nARG V=1\nCOPY <<one <<-'two' /d/\n$V \"${V:+x}\" \\$V\none\n"
                        "\t$V\n\ttwo\n");
    one = read_layer_file(bed, "d/one");
    two = read_layer_file(bed, "d/two");
    assert_string_equal(one, "1 \"x\" $V\n");
    assert_string_equal(two, "$V\n");
}

static void assert_created(struct bed *bed, const char *expected)
{
    AUTO(manifest) struct manifest *manifest = NULL;

    assert_int_equal(store_load_manifest(bed->store, bed->image->digest, &manifest, &bed->err), 0);
    assert_string_equal(manifest->created, expected);
}

static void the_epoch_is_an_argument_of_the_build(void **state)
{
    struct bed *bed = *state;
    static const char text[] = "FROM scratch\nARG SOURCE_DATE_EPOCH\nENV E=$SOURCE_DATE_EPOCH\n";

    bed_must_build(bed, text);
    assert_created(bed, "1970-01-01T00:00:00Z");
    bed_give_arg(bed, "SOURCE_DATE_EPOCH", "1000000000");
    bed_assert_env(bed_must_build(bed, text), "E", "1000000000");
    assert_created(bed, "2001-09-09T01:46:40Z");
    assert_int_equal(bed->diagnostics.warning_count, 0);
    bed_give_arg(bed, "SOURCE_DATE_EPOCH", "yesterday");
    bed_must_fail(bed, text, "SOURCE_DATE_EPOCH");
}

static void triggers_run_right_after_the_childs_from_and_only_there(void **state)
{
    struct bed *bed = *state;
    const struct image_config *config = NULL;

    assert_int_equal(
        bed_build(bed,
                  "FROM scratch\nONBUILD ENV T=$W\nonbuild RUN [\"trigger\"]\nENV W=below\n"
                  "ONBUILD RUN <<EOF\nscript\nEOF\n",
                  "parent"),
        0);
    bed_assert_list(&bed->image->config.on_build,
                    "ENV T=$W|RUN [\"trigger\"]|RUN <<EOF\nscript\nEOF");
    assert_string_equal(text_get(&bed->runs), "");
    bed_assert_env(&bed->image->config, "T", "(none)");
    config = bed_must_build(bed, "FROM parent\nRUN [\"own\"]\nENV A=$T\n");
    assert_string_equal(text_get(&bed->runs), "trigger\n/bin/sh|-c|script\n\nown\n");
    bed_assert_env(config, "A", "below");
    assert_int_equal(config->on_build.count, 0);
    assert_non_null(strstr(text_get(&bed->steps), "[2/6] ENV T=$W\n"));
    assert_int_equal(bed_build(bed, "FROM parent\n", "child"), 0);
    bed_must_build(bed, "FROM child\n");
    assert_string_equal(text_get(&bed->runs), "");
    config =
        bed_must_build(bed, "FROM scratch AS one\nONBUILD ENV S=1\nFROM one AS two\nFROM two\n");
    bed_assert_env(config, "S", "1");
    assert_int_equal(config->on_build.count, 0);
}

static void a_trigger_needs_the_stages_it_copies_from(void **state)
{
    struct bed *bed = *state;

    assert_int_equal(bed_build(bed, "FROM scratch\nONBUILD COPY --from=tools / /x/\n", "parent"),
                     0);
    bed_must_build(bed, "FROM scratch AS tools\nRUN [\"tools\"]\nFROM parent\n");
    assert_string_equal(text_get(&bed->runs), "tools\n");
}

static void a_failed_step_shows_the_lines_around_it(void **state)
{
    struct bed *bed = *state;

    bed->run_status = 3;
    bed_must_fail(bed, "FROM scratch\nENV a=b\n\n  RUN [\"x\", \\\n    \"y\"]\nENV c=d\nCMD []\n",
                  "Cartefile:4:3: RUN [\"x\",     \"y\"]: ended with exit status 3");
    assert_string_equal(text_get(&bed->excerpt), "--------------------\n"
                                                 "   2 |     ENV a=b\n"
                                                 "   3 |     \n"
                                                 "   4 | >>>   RUN [\"x\", \\\n"
                                                 "     |       ^\n"
                                                 "   5 | >>>     \"y\"]\n"
                                                 "   6 |     ENV c=d\n"
                                                 "   7 |     CMD []\n"
                                                 "--------------------\n");
}

static void the_ignore_file_beside_the_cartefile_comes_first(void **state)
{
    struct bed *bed = *state;
    AUTO_FREE char *path = alloc_format("%s/other/web.Cartefile", bed->folder);

    bed_write(bed, "other/web.Cartefile", "FROM scratch\nCOPY a /\nCOPY b /\n");
    bed_write(bed, "context/a", "a");
    bed_write(bed, "context/b", "b");
    bed->request.cartefile = path;
    bed_must_build(bed, NULL);
    bed_write(bed, "context/.dockerignore", "a\n");
    bed_must_fail(bed, NULL, "COPY");
    assert_non_null(strstr(bed->err.text, ".dockerignore"));
    bed_write(bed, "context/.carteignore", "nothing\n");
    bed_must_build(bed, NULL);
    bed_write(bed, "other/web.Cartefile.dockerignore", "b\n");
    bed_must_fail(bed, NULL, "web.Cartefile:3:6: COPY");
    bed_write(bed, "other/web.Cartefile.carteignore", "# nothing\n");
    bed_must_build(bed, NULL);
    bed_write(bed, "other/web.Cartefile.carteignore", "x\n[\n");
    bed_must_fail(bed, NULL, "web.Cartefile.carteignore:2: pattern '[': '[' is not closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(from_takes_an_image_by_name_tag_digest_and_stage),
        BED_TEST(from_a_missing_image_says_how_to_get_it),
        BED_TEST(from_takes_this_platform_and_refuses_others),
        BED_TEST(stages_that_are_not_needed_are_not_built),
        BED_TEST(an_unknown_target_names_the_nearest),
        BED_TEST(arg_before_from_is_for_from_until_declared_again),
        BED_TEST(arg_is_known_from_its_line_on_and_in_stages_based_on_it),
        BED_TEST(env_counts_before_arg_and_arg_is_not_in_the_image),
        BED_TEST(proxies_are_known_to_run_and_leave_no_trace),
        BED_TEST(the_platform_is_told_by_arguments),
        BED_TEST(an_argument_used_later_keeps_the_steps_before_it),
        BED_TEST(an_argument_that_nothing_takes_is_warned_of),
        BED_TEST(run_has_a_shell_form_an_exec_form_and_scripts),
        BED_TEST(a_script_of_its_own_is_part_of_the_key),
        BED_TEST(copy_writes_here_documents),
        BED_TEST(the_epoch_is_an_argument_of_the_build),
        BED_TEST(triggers_run_right_after_the_childs_from_and_only_there),
        BED_TEST(a_trigger_needs_the_stages_it_copies_from),
        BED_TEST(a_failed_step_shows_the_lines_around_it),
        BED_TEST(the_ignore_file_beside_the_cartefile_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
