/* SPDX-License-Identifier: MIT */

/*
 * Each rule of `carte build --check`: what it finds and what it leaves alone
 */

#include "build_bed.h"

#include "build/lint.h"

/* The rules that `text` breaks, with their lines: "2 UndefinedVar|5 ...". */
static char *check(struct bed *bed, const char *text)
{
    AUTO_FREE char *folder = alloc_format("%s/context", bed->folder);
    struct build_request request = bed->request;
    AUTO_TEXT struct text out = { 0 };
    size_t findings = 0;

    bed_forget(bed);
    assert_int_equal(file_make_folders(folder, 0755, &bed->err), 0);
    request.context_folder = folder;
    request.cartefile_text = text;
    request.diagnostics = &bed->diagnostics;
    if (build_check(bed->store, &request, &findings, &bed->err) < 0)
        fail_msg("%s", bed->err.text);
    assert_int_equal(findings, bed->diagnostics.warning_count);
    for (size_t i = 0; i < bed->diagnostics.count; i++) {
        const struct diagnostic *item = &bed->diagnostics.items[i];

        assert_int_equal(item->severity, DIAGNOSTIC_WARNING);
        assert_non_null(item->source);
        assert_non_null(strstr(item->text, " "));
        text_add_format(&out, "%s%zu %s", i > 0 ? "|" : "", item->line, item->path);
    }
    return text_steal(&out);
}

struct row {
    const char *text, *found;
};

static void assert_rows(struct bed *bed, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *found = check(bed, rows[i].text);

        if (strcmp(found, rows[i].found) != 0)
            fail_msg("%s\nfound '%s', expected '%s'", rows[i].text, found, rows[i].found);
    }
}

#define RULE(name, ...)                                   \
    static void name(void **state)                        \
    {                                                     \
        static const struct row rows[] = { __VA_ARGS__ }; \
                                                          \
        assert_rows(*state, rows, ARRAY_SIZE(rows));      \
    }

RULE(stage_name_casing, { "FROM scratch AS Base\n", "1 StageNameCasing" },
     { "FROM scratch AS base-1\n", "" })

RULE(from_as_casing, { "FROM scratch as base\n", "1 FromAsCasing" },
     { "from scratch AS base\n", "1 FromAsCasing" }, { "from scratch as base\n", "" },
     { "FROM scratch AS base\n", "" })

RULE(no_empty_continuation, { "FROM scratch\nLABEL a=b \\\n\n  c=d\n", "3 NoEmptyContinuation" },
     { "FROM scratch\nLABEL a=b \\\n# comment\n  c=d\n", "" })

RULE(consistent_instruction_casing,
     { "FROM scratch\nenv a=b\nLABEL c=d\n", "2 ConsistentInstructionCasing" },
     { "from scratch\nENV a=b\nlabel c=d\n", "2 ConsistentInstructionCasing" },
     { "FROM scratch\nEnv a=b\n", "2 ConsistentInstructionCasing" },
     { "from scratch\nenv a=b\n", "" }, { "FROM scratch\nNAME x\nPATH .\nexe_PATH y\n", "" })

RULE(duplicate_stage_name,
     { "FROM scratch AS a\nFROM scratch AS b\nFROM scratch AS a\n", "3 DuplicateStageName" },
     { "FROM scratch AS a\nFROM scratch AS b\n", "" })

RULE(reserved_stage_name, { "FROM scratch AS context\n", "1 ReservedStageName" },
     { "FROM scratch AS scratch\n", "1 ReservedStageName" }, { "FROM scratch AS other\n", "" })

RULE(json_args_recommended, { "FROM scratch\nCMD a b\n", "2 JSONArgsRecommended" },
     { "FROM scratch\nENTRYPOINT a\n", "2 JSONArgsRecommended" },
     { "FROM scratch\nCMD ['a']\n", "2 JSONArgsRecommended" },
     { "FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"b\"]\nRUN c\n", "" },
     { "FROM scratch\nSHELL [\"/x\"]\nCMD a\n", "" },
     { "FROM scratch AS a\nSHELL [\"/x\"]\nFROM a\nCMD a\n", "" })

RULE(maintainer_deprecated, { "FROM scratch\nMAINTAINER me\n", "2 MaintainerDeprecated" },
     { "FROM scratch\nLABEL maintainer=me\n", "" })

RULE(undefined_arg_in_from, { "FROM scratch${TAGG}\n", "1 UndefinedArgInFrom" },
     { "ARG TAG\nFROM scratch${TAG}\n", "" }, { "FROM scratch${TAG:-}\n", "" })

RULE(workdir_relative_path, { "FROM scratch\nWORKDIR a\n", "2 WorkdirRelativePath" },
     { "FROM scratch\nWORKDIR /a\nWORKDIR b\n", "" },
     { "FROM scratch AS one\nWORKDIR /a\nFROM one\nWORKDIR b\n", "" },
     { "FROM scratch\nENV D=/d\nWORKDIR $D/x\n", "" })

RULE(undefined_var, { "FROM scratch\nENV a=$b\n", "2 UndefinedVar" },
     { "FROM scratch\nCOPY ${b}x /\n", "2 UndefinedVar" },
     { "FROM scratch\nENV a=${b:-c}${b+d}\n", "" }, { "FROM scratch\nARG b\nENV a=$b\n", "" },
     { "FROM scratch\nENV b=c\nENV a=$b p=$PATH\n", "" },
     { "FROM scratch\nENV b=c a=$b\n", "2 UndefinedVar" },
     { "FROM scratch\nRUN echo $b\nCMD [\"$b\"]\n", "" },
     { "FROM scratch AS one\nARG b\nFROM one\nENV a=$b\n", "" },
     { "ARG b=1\nFROM scratch\nLABEL a=$b\n", "3 UndefinedVar" },
     { "FROM not-in-the-store\nENV a=$b\n", "" })

RULE(multiple_instructions_disallowed,
     { "FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]\n", "2 MultipleInstructionsDisallowed" },
     { "FROM scratch\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\n",
       "2 MultipleInstructionsDisallowed" },
     { "FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK CMD a\n", "2 MultipleInstructionsDisallowed" },
     { "FROM scratch AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n", "" })

RULE(legacy_key_value_format, { "FROM scratch\nENV a b\n", "2 LegacyKeyValueFormat" },
     { "FROM scratch\nLABEL a b c\n", "2 LegacyKeyValueFormat" },
     { "FROM scratch\nENV a=b\nLABEL c=d\n", "" })

RULE(redundant_target_platform,
     { "FROM --platform=$TARGETPLATFORM scratch\n", "1 RedundantTargetPlatform" },
     { "FROM --platform=${TARGETPLATFORM} scratch\n", "1 RedundantTargetPlatform" },
     { "FROM --platform=$BUILDPLATFORM scratch\n", "" })

RULE(secrets_used_in_arg_or_env, { "FROM scratch\nARG DB_PASSWORD\n", "2 SecretsUsedInArgOrEnv" },
     { "FROM scratch\nENV token=x\n", "2 SecretsUsedInArgOrEnv" },
     { "FROM scratch\nENV AWS_SECRET_KEY x\n", "2 LegacyKeyValueFormat|2 SecretsUsedInArgOrEnv" },
     { "FROM scratch\nENV MONKEY=x PUBLIC_KEY=y\nARG AUTHOR\nLABEL token=x\n", "" })

static void invalid_default_arg_in_from(void **state)
{
    static const struct row rows[] = {
        { "ARG A\nFROM $A\n", "2 InvalidDefaultArgInFrom" },
        { "ARG A=UPPER\nFROM ${A}:x\n", "2 InvalidDefaultArgInFrom" },
        { "ARG A=scratch\nFROM $A\n", "" },
        { "ARG A\nFROM scratch${A}\n", "" },
    };

    bed_give_arg(*state, "A", "scratch");
    assert_rows(*state, rows, ARRAY_SIZE(rows));
}

RULE(copy_ignored_file, { "FROM scratch\nCOPY drop.txt /\n", "2 CopyIgnoredFile" },
     { "FROM scratch\nADD ./drop.txt keep /x/\n", "2 CopyIgnoredFile" },
     { "FROM scratch\nCOPY keep folder /x/\n", "" }, { "FROM scratch\nCOPY *.txt /x/\n", "" },
     { "FROM scratch AS a\nFROM scratch\nCOPY --from=a drop.txt /\n", "" },
     { "FROM scratch\nADD http://host/drop.txt /\n", "" })

RULE(invalid_definition_description,
     { "# check=experimental=InvalidDefinitionDescription\n\n# other words\nFROM scratch AS base\n"
       "# wrong\nARG V=1\n",
       "4 InvalidDefinitionDescription|6 InvalidDefinitionDescription" },
     { "# check=experimental=all\n\n# base is it\nFROM scratch AS base\n# V too\nARG V=1\n"
       "# free\n\nARG W\n",
       "" },
     { "\n# other words\nFROM scratch AS base\n", "" })

RULE(expose_proto_casing, { "FROM scratch\nEXPOSE 80/TCP\n", "2 ExposeProtoCasing" },
     { "FROM scratch\nENV P=Udp\nEXPOSE 80/$P 81/tcp\n", "3 ExposeProtoCasing" },
     { "FROM scratch\nEXPOSE 80/udp 81\n", "" })

RULE(expose_invalid_format, { "FROM scratch\nEXPOSE 80:80\n", "2 ExposeInvalidFormat" },
     { "FROM scratch\nEXPOSE 127.0.0.1:80:80/tcp\n", "2 ExposeInvalidFormat" },
     { "FROM scratch\nEXPOSE 80-82/udp\n", "" })

static void from_platform_flag_const_disallowed(void **state)
{
    struct bed *bed = *state;
    AUTO_FREE char *found = NULL;

    /* The build is for this machine whatever it is: it accepts the bare system, too. */
    found = check(bed, "FROM --platform=linux scratch\n");
    assert_string_equal(found, "1 FromPlatformFlagConstDisallowed");
    free(found);
    found = check(bed, "FROM --platform=linux scratch AS build_linux\n");
    assert_string_equal(found, "");
}

/* The image below is for another machine. */
static void invalid_base_image_platform(void **state)
{
    struct bed *bed = *state;
    AUTO_FREE char *found = NULL;
    struct manifest *manifest = alloc_new(struct manifest);
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_FREE char *digest = NULL;

    manifest->created = alloc_text("1970-01-01T00:00:00Z");
    manifest->architecture = alloc_text("pdp11");
    strings_add(&names, "foreign");
    assert_int_equal(store_save_image(bed->store, manifest, &names, &digest, &bed->err), 0);
    manifest_free(manifest);
    found = check(bed, "FROM foreign\n");
    assert_string_equal(found, "1 InvalidBaseImagePlatform");
}

static void each_rule_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (enum lint_rule i = 0; i < LINT_RULE_COUNT; i++) {
        assert_non_null(lint_get_row(i)->name);
        assert_true(text_ends_with(lint_get_row(i)->doc, "."));
        for (enum lint_rule k = 0; k < i; k++)
            assert_string_not_equal(lint_get_row(i)->name, lint_get_row(k)->name);
    }
}

static void the_directive_skips_rules(void **state)
{
    static const struct row rows[] = {
        { "# check=skip=MaintainerDeprecated,LegacyKeyValueFormat\nFROM scratch\nMAINTAINER x\n"
          "ENV a b\nCMD c\n",
          "5 JSONArgsRecommended" },
        { "# check=skip=all\nFROM scratch\nMAINTAINER x\nENV a b\n", "" },
        { "# check=skip=maintainerdeprecated;error=false\nFROM scratch\nMAINTAINER x\n", "" },
    };

    assert_rows(*state, rows, ARRAY_SIZE(rows));
}

static void a_rule_that_does_not_exist_is_told_of(void **state)
{
    struct bed *bed = *state;

    if (bed_build(bed, "# check=skip=MaintainerDeprecate\nFROM scratch\n", "test") < 0)
        fail_msg("%s", bed->err.text);
    assert_int_equal(bed->diagnostics.warning_count, 1);
    assert_string_equal(bed->diagnostics.items[0].text,
                        "there is no rule 'MaintainerDeprecate': did you mean "
                        "'MaintainerDeprecated'?");
}

static void findings_do_not_stop_a_build_unless_they_are_errors(void **state)
{
    struct bed *bed = *state;

    bed_must_build(bed, "FROM scratch\nMAINTAINER x\n");
    assert_int_equal(bed->diagnostics.warning_count, 1);
    bed_must_fail(bed, "# check=error=true\nFROM scratch\nRUN [\"x\"]\nMAINTAINER x\n",
                  "Cartefile: 1 finding, which the directive check=error=true makes mistakes");
    assert_string_equal(text_get(&bed->runs), "");
    bed_must_build(bed,
                   "# check=error=true;skip=MaintainerDeprecated\nFROM scratch\nMAINTAINER x\n");
}

static int set_up_context(void **state)
{
    struct bed *bed = NULL;

    if (bed_set_up(state) < 0)
        return -1;
    bed = *state;
    bed_write(bed, "context/.dockerignore", "drop.txt\nfolder\n!folder/in\n");
    bed_write(bed, "context/drop.txt", "");
    bed_write(bed, "context/folder/in", "");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(stage_name_casing),
        BED_TEST(from_as_casing),
        BED_TEST(no_empty_continuation),
        BED_TEST(consistent_instruction_casing),
        BED_TEST(duplicate_stage_name),
        BED_TEST(reserved_stage_name),
        BED_TEST(json_args_recommended),
        BED_TEST(maintainer_deprecated),
        BED_TEST(undefined_arg_in_from),
        BED_TEST(workdir_relative_path),
        BED_TEST(undefined_var),
        BED_TEST(multiple_instructions_disallowed),
        BED_TEST(legacy_key_value_format),
        BED_TEST(invalid_base_image_platform),
        BED_TEST(redundant_target_platform),
        BED_TEST(secrets_used_in_arg_or_env),
        BED_TEST(invalid_default_arg_in_from),
        BED_TEST(from_platform_flag_const_disallowed),
        cmocka_unit_test_setup_teardown(copy_ignored_file, set_up_context, bed_tear_down),
        BED_TEST(invalid_definition_description),
        BED_TEST(expose_proto_casing),
        BED_TEST(expose_invalid_format),
        BED_TEST(each_rule_has_a_name_and_a_sentence),
        BED_TEST(the_directive_skips_rules),
        BED_TEST(a_rule_that_does_not_exist_is_told_of),
        BED_TEST(findings_do_not_stop_a_build_unless_they_are_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
