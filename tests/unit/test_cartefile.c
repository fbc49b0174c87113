/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "image/cartefile.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/text.h"

static struct cartefile *parse(const char *text)
{
    struct cartefile *cartefile = NULL;
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };

    if (cartefile_parse("Cartefile", text, strlen(text), &diagnostics, &cartefile, &err) < 0)
        print_message("%s\n", err.text);
    diagnostic_done(&diagnostics);
    assert_int_equal(err.code, ERROR_NONE);
    assert_non_null(cartefile);
    return cartefile;
}

/* One instruction after FROM, as "KEYWORD [flag=value] word|word". */
static char *describe(const struct cartefile_instruction *at)
{
    AUTO_TEXT struct text out = { 0 };

    text_add(&out, cartefile_keyword_name(at->keyword));
    for (size_t i = 0; i < at->flags.count; i++)
        text_add_format(&out, " [%s=%s]", at->flags.pairs[i].key, at->flags.pairs[i].value);
    text_add(&out, at->is_json ? " json" : "");
    for (size_t i = 0; i < at->words.count; i++)
        text_add_format(&out, "%s%s", i > 0 ? "|" : " ", at->words.items[i]);
    for (size_t i = 0; i < at->heredoc_count; i++)
        text_add_format(&out, " {%s%s:%s}", at->heredocs[i].expand ? "$" : "", at->heredocs[i].name,
                        at->heredocs[i].content);
    return text_steal(&out);
}

static const struct {
    const char *text, *instruction;
} written[] = {
    /* Lines */
    { "FROM scratch\r\nenv a=b\r\n", "ENV a=b" },
    { "FROM scratch\n  \tEnv\ta=b  ", "ENV a=b" },
    { "\xef\xbb\xbf"
      "FROM scratch\nENV a=b\n",
      "ENV a=b" },
    { "# comment\n\nFROM scratch\n# more\nENV a=b\n", "ENV a=b" },
    { "FROM scratch\nENV a=b \\\n  c=d \\  \n e=f\n", "ENV a=b|c=d|e=f" },
    { "FROM scratch\nENV a=b \\\n# comment\n\n   # another\n c=d\n", "ENV a=b|c=d" },
    { "FROM scratch\nENV a=b\\\nc\n", "ENV a=bc" },
    { "FROM scratch\nENV a=b\\\\\nENV c=d\n", "ENV a=b\\\\" },
    { "FROM scratch\nENV \\\n a=b\n", "ENV a=b" },
    { "FROM scratch\nENV a=b \\\n", "ENV a=b" },
    { "FROM scratch\nRUN a # kept\n", "RUN a|#|kept" },
    { "# escape=`\nFROM scratch\nCOPY a\\ `\n b /\n", "COPY a\\|b|/" },
    { "#escape = `\n#syntax=docker/dockerfile:1\nFROM scratch\nENV a=b `\nc=d\n", "ENV a=b|c=d" },
    { "# other=x\n# escape=`\nFROM scratch\nENV a=b \\\nc=d\n", "ENV a=b|c=d" },
    { "# a comment\n# escape=`\nFROM scratch\nENV a=b \\\nc=d\n", "ENV a=b|c=d" },
    { "\n# escape=`\nFROM scratch\nENV a=b \\\nc=d\n", "ENV a=b|c=d" },
    /* Words, quotes and flags */
    { "FROM scratch\nENV a=\"b c\" d='e f' g=h\\ i\n", "ENV a=\"b c\"|d='e f'|g=h\\ i" },
    { "FROM scratch\nCOPY --from=x --chown=\"1:2\" a b\n", "COPY [from=x] [chown=1:2] a|b" },
    { "FROM scratch\nCOPY --chmod='u=rw X' a b\n", "COPY [chmod=u=rw X] a|b" },
    { "FROM scratch\nCOPY -- --a b\n", "COPY --a|b" },
    { "FROM scratch\nCMD --help\n", "CMD --help" },
    { "FROM scratch\nHEALTHCHECK --retries=2 CMD --x\n", "HEALTHCHECK [retries=2] CMD|--x" },
    /* The exec form */
    { "FROM scratch\nCMD [\"a\", \"b c\", \"\\u00e4\"]\n", "CMD json a|b c|\xc3\xa4" },
    { "FROM scratch\nCMD [ ]\n", "CMD json" },
    { "FROM scratch\nCMD ['a']\n", "CMD ['a']" },
    { "FROM scratch\nCMD [\"a\"] b\n", "CMD [\"a\"]|b" },
    { "FROM scratch\nCMD [\"a\", \\\n  \"b\"]\n", "CMD json a|b" },
    { "FROM scratch\nCOPY [\"a b\", \"/c/\"]\n", "COPY json a b|/c/" },
    { "FROM scratch\nVOLUME [\"/a\"]\n", "VOLUME json /a" },
    { "FROM scratch\nEXPOSE [\"80\"]\n", "EXPOSE [\"80\"]" },
    /* Here-documents */
    { "FROM scratch\nRUN <<EOF\n# kept\n\n  a \\\nEOF\n", "RUN <<EOF {$EOF:# kept\n\n  a \\\n}" },
    { "FROM scratch\nRUN <<-EOF\n\t\ta\n\t b\n\tEOF\n", "RUN <<-EOF {$EOF:a\n b\n}" },
    { "FROM scratch\nRUN <<'E O'\nEOF\nE O\n", "RUN <<'E O' {E O:EOF\n}" },
    { "FROM scratch\nRUN <<E\"O\"F\nEOF\n", "RUN <<E\"O\"F {EOF:}" },
    { "FROM scratch\nRUN <<E\\OF\nEOF\n", "RUN <<E\\OF {EOF:}" },
    { "FROM scratch\nCOPY <<a <<\"b\" /x/\n1\na\n2\nb\n", "COPY <<a|<<\"b\"|/x/ {$a:1\n} {b:2\n}" },
    { "FROM scratch\nADD <<a /x\r\n1\r\na\r\n", "ADD <<a|/x {$a:1\n}" },
    { "FROM scratch\nRUN cat 3<<a && \\\n x\n1\na\n", "RUN cat|3<<a|&&|x {$a:1\n}" },
    { "FROM scratch\nRUN x <<<word $((1<<2))\n", "RUN x|<<<word|$((1<<2))" },
    { "FROM scratch\nRUN [\"a\", \"<<EOF\"]\n", "RUN json a|<<EOF" },
    { "FROM scratch\nENV a=<<EOF\n", "ENV a=<<EOF" },
};

static void instructions_are_read_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
        AUTO(cartefile) struct cartefile *file = NULL;
        AUTO_FREE char *found = NULL;

        file = parse(written[i].text);
        assert_true(file->count >= 2);
        found = describe(&file->instructions[1]);
        if (strcmp(found, written[i].instruction) != 0)
            fail_msg("%s\n'%s', expected '%s'", written[i].text, found, written[i].instruction);
    }
}

static void each_instruction_knows_its_lines(void **state)
{
    AUTO(cartefile)
    struct cartefile *file =
        parse("# first\n\n# about base\n FROM scratch\nRUN a \\\n\n b <<E\nx\nE\n"
              "CMD [\"c\"]\n");

    (void)state;
    assert_int_equal(file->count, 3);
    assert_string_equal(file->instructions[0].comment, "about base");
    assert_int_equal(file->instructions[0].line, 4);
    assert_int_equal(file->instructions[0].column, 2);
    assert_int_equal(file->instructions[1].line, 5);
    assert_int_equal(file->instructions[1].empty_line, 6);
    assert_int_equal(file->instructions[1].last_line, 9);
    assert_null(file->instructions[1].comment);
    assert_int_equal(file->instructions[2].line, 10);
}

static void directives_are_read_at_the_top_only(void **state)
{
    AUTO(cartefile)
    struct cartefile *file =
        parse("# SYNTAX=docker/dockerfile:1.7-labs\n# check = skip=A, B;error=true;"
              "experimental=all\n# escape=`\nFROM scratch\n");

    (void)state;
    assert_int_equal(file->escape, '`');
    assert_true(file->findings_are_errors);
    assert_int_equal(file->skipped_rules.count, 2);
    assert_string_equal(file->skipped_rules.items[1], "B");
    assert_string_equal(file->experimental_rules.items[0], "all");
}

static void a_foreign_language_is_warned_of(void **state)
{
    static const char text[] = "# syntax=example/other:1\nFROM scratch\n";
    AUTO(cartefile) struct cartefile *file = NULL;
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(
        cartefile_parse("Cartefile", text, sizeof(text) - 1, &diagnostics, &file, &err), 0);
    assert_int_equal(diagnostics.warning_count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "'example/other:1' is not used"));
    diagnostic_done(&diagnostics);
}

static void triggers_are_instructions_themselves(void **state)
{
    AUTO(cartefile)
    struct cartefile *file =
        parse("FROM a\nONBUILD copy --from=x a \\\n  b\nONBUILD RUN <<-A\n\tx\nA\nUSER u\n");
    AUTO(cartefile) struct cartefile *triggers = NULL;
    AUTO_STRINGS struct strings texts = { 0 };
    AUTO_FREE char *found = NULL;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(file->count, 4);
    found = describe(file->instructions[1].trigger);
    assert_string_equal(found, "COPY [from=x] a|b");
    assert_string_equal(file->instructions[2].rest, "RUN <<-A\nx\nA");
    strings_add(&texts, file->instructions[1].rest);
    strings_add(&texts, file->instructions[2].rest);
    assert_int_equal(
        cartefile_parse_triggers(file, &file->instructions[0], &texts, &triggers, &err), 0);
    assert_int_equal(triggers->count, 2);
    assert_int_equal(triggers->instructions[1].line, 1);
    assert_string_equal(triggers->instructions[1].heredocs[0].content, "x\n");
}

static void triggers_of_an_image_are_not_trusted(void **state)
{
    static const char *const cases[][2] = {
        { "FROM x", "expected one instruction" },
        { "ONBUILD RUN x", "expected one instruction" },
        { "RUN a\nRUN b", "expected one instruction" },
        { "", "expected one instruction" },
        { "RNU x", "did you mean 'RUN'?" },
        { "RUN <<EOF\nx", "unterminated" },
    };
    AUTO(cartefile) struct cartefile *file = parse("FROM a\n");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(cartefile) struct cartefile *triggers = NULL;
        AUTO_STRINGS struct strings texts = { 0 };
        struct error err = { 0 };

        strings_add(&texts, cases[i][0]);
        assert_int_equal(
            cartefile_parse_triggers(file, &file->instructions[0], &texts, &triggers, &err), -1);
        assert_true(text_starts_with(err.text, "Cartefile:1:1: FROM: trigger '"));
        assert_non_null(strstr(err.text, cases[i][1]));
    }
}

static void the_short_form_is_known(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse("FROM base\nNAME app\nPATH ./app\nexe_PATH start\n");

    (void)state;
    assert_true(file->is_short);
}

static const struct {
    const char *text, *message;
} mistakes[] = {
    { "", "Cartefile:1:1: no FROM" },
    { "FROM\n", "Cartefile:1:1: FROM needs at least 1" },
    { "FROM a b c d\n", "Cartefile:1:6: expected FROM IMAGE, or FROM IMAGE AS NAME" },
    { "FROM a\n\nCPOY a b\n", "Cartefile:3:1: unknown instruction 'CPOY': did you mean 'COPY'?" },
    { "FROM a\nCOPY a\n", "Cartefile:2:1: COPY needs at least 2" },
    { "FROM a\nCOPY --form=x a b\n", "COPY has no flag '--form': did you mean '--from'?" },
    { "FROM a\nCOPY --from= a b\n", "the flag '--from' needs a value" },
    { "FROM a\nRUN --device=x y\n", "RUN --device is not built yet" },
    { "FROM a\nCOPY --from=x --from=y a b\n", "is given twice" },
    { "FROM a\nONBUILD RNU x\n", "Cartefile:2:9: unknown instruction 'RNU': did you mean 'RUN'?" },
    { "FROM a\nRUN <<EOF\nx\n", "Cartefile:2:5: unterminated here-document: no line is 'EOF'" },
    { "FROM a\nRUN <<A <<B\nA\n", "Cartefile:2:5: unterminated here-document: no line is 'B'" },
    { "FROM a\nONBUILD ONBUILD RUN x\n", "ONBUILD ONBUILD is not allowed" },
    { "FROM a\nONBUILD FROM x\n", "ONBUILD FROM is not allowed" },
    { "FROM a\nONBUILD MAINTAINER x\n", "ONBUILD MAINTAINER is not allowed" },
    { "FROM a\nONBUILD\n", "ONBUILD needs at least 1 argument: INSTRUCTION" },
    { "FROM a\nCMD [1]\n", "Cartefile:2:5: a JSON array of CMD has strings only" },
    { "FROM a AS 1x\n", "'1x' is no name of a stage" },
    { "FROM a b\n", "expected FROM IMAGE, or FROM IMAGE AS NAME" },
    { "FROM a\nENV x\n", "Cartefile:2:5: 'x' has no value: write x=..." },
    { "FROM a\nENV x=y z\n", "'z' is not of the form NAME=value" },
    { "FROM a\nLABEL =y\n", "Cartefile:2:7: '=y' is not of the form NAME=value" },
    { "FROM a\nARG =y\n", "'=y' has no name" },
    { "FROM a\nHEALTHCHECK true\n", "HEALTHCHECK needs NONE, or CMD and a command" },
    { "FROM a\nHEALTHCHECK CMD\n", "HEALTHCHECK CMD needs a command" },
    { "FROM a\nHEALTHCHECK NONE x\n", "HEALTHCHECK NONE stands alone" },
    { "FROM a\nHEALTHCHECK --interval=5 CMD x\n", "--interval: " },
    { "FROM a\nHEALTHCHECK --retries=-1 CMD x\n", "--retries: " },
    { "FROM a\nUSER a b\n", "USER takes at most 1 argument: USER[:GROUP]" },
    { "# escape=x\nFROM a\n", "Cartefile:1:10: escape 'x': expected '\\' or '`'" },
    { "# escape=`\n# Escape=`\nFROM a\n", "Cartefile:2:3: the directive 'escape' is given twice" },
    { "# check=skp=A\nFROM a\n", "Cartefile:1:9: check: 'skp': expected skip" },
    { "# check=error=perhaps\nFROM a\n", "check: error=perhaps: expected true or false" },
    { "FROM a\nRUN x \\\n  && y\nCOPY \\\n  --fron=b c d\n",
      "Cartefile:5:3: COPY has no flag '--fron': did you mean '--from'?" },
    { "FROM a\nSHELL sh\n", "SHELL needs a JSON array" },
    { "RUN x\nENV a=b\n", "Cartefile:1:1: no FROM: begin with FROM IMAGE or FROM scratch" },
    { "ENV a=b\nFROM a\n", "Cartefile:1:1: ENV stands before FROM" },
    { "FROM a\nNAME x\n", "PATH is missing" },
    { "FROM a\nNAME x\nRUN y\n", "Cartefile:3:1: RUN does not go with NAME" },
    { "FROM a\nNAME x\nNAME y\n", "Cartefile:3:1: NAME is given twice" },
};

static void mistakes_are_refused_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        struct cartefile *file = NULL;
        struct diagnostics diagnostics = { 0 };
        struct error err = { 0 };

        assert_int_equal(cartefile_parse("Cartefile", mistakes[i].text, strlen(mistakes[i].text),
                                         &diagnostics, &file, &err),
                         -1);
        diagnostic_done(&diagnostics);
        assert_null(file);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, mistakes[i].message))
            print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, mistakes[i].message));
    }
}

static void all_mistakes_are_told_of_at_once(void **state)
{
    static const char text[] = "FROM a\nRUM <<EOF\nCPOY in the script\nEOF\nENV x\nCOPY --form=a "
                               "--chwn=b c d\n";
    AUTO(cartefile) struct cartefile *file = NULL;
    AUTO_TEXT struct text out = { 0 };
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(
        cartefile_parse("Cartefile", text, sizeof(text) - 1, &diagnostics, &file, &err), -1);
    assert_string_equal(
        err.text, "Cartefile:2:1: unknown instruction 'RUM': did you mean 'RUN'? (and 3 more)");
    assert_int_equal(diagnostics.error_count, 4);
    diagnostic_format(&diagnostics, false, &out);
    assert_non_null(strstr(text_get(&out), "Cartefile:5:5: 'x' has no value: write x=...\n"
                                           "--------------------\n"
                                           "   1 |     FROM a\n"
                                           "   2 |     RUM <<EOF\n"
                                           "   3 |     CPOY in the script\n"
                                           "   4 |     EOF\n"
                                           "   5 | >>> ENV x\n"
                                           "     |         ^\n"
                                           "   6 |     COPY --form=a --chwn=b c d\n"
                                           "--------------------\n"));
    assert_non_null(strstr(text_get(&out), "Cartefile:6:15: COPY has no flag '--chwn'"));
    diagnostic_done(&diagnostics);
}

static void too_much_is_refused(void **state)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO(cartefile) struct cartefile *file = NULL;
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };

    (void)state;
    text_add(&text, "FROM a\n");
    for (size_t i = 0; i < CARTEFILE_INSTRUCTIONS_MAX; i++)
        text_add(&text, "RUN x\n");
    assert_int_equal(
        cartefile_parse("Cartefile", text_get(&text), text.length, &diagnostics, &file, &err), -1);
    assert_non_null(strstr(err.text, "Cartefile:2001:1: more than 2000 instructions"));
    diagnostic_done(&diagnostics);
    error_clear(&err);
    assert_int_equal(cartefile_parse("Cartefile", "FROM a\0", 7, &diagnostics, &file, &err), -1);
    assert_non_null(strstr(err.text, "NUL"));
    diagnostic_done(&diagnostics);
}

/* A line may be longer than any tool's buffer. */
static void a_long_line_is_read_whole(void **state)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO(cartefile) struct cartefile *file = NULL;

    (void)state;
    text_add(&text, "FROM a\nRUN ");
    for (size_t i = 0; i < 200000; i++)
        text_add(&text, "word \\\n");
    file = parse(text_get(&text));
    assert_int_equal(file->instructions[1].words.count, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_are_read_as_written),
        cmocka_unit_test(each_instruction_knows_its_lines),
        cmocka_unit_test(directives_are_read_at_the_top_only),
        cmocka_unit_test(a_foreign_language_is_warned_of),
        cmocka_unit_test(triggers_are_instructions_themselves),
        cmocka_unit_test(triggers_of_an_image_are_not_trusted),
        cmocka_unit_test(all_mistakes_are_told_of_at_once),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_long_line_is_read_whole),
        cmocka_unit_test(the_short_form_is_known),
        cmocka_unit_test(mistakes_are_refused_with_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
