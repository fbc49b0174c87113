/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "image/cartefile.h"
#include "util/diagnostic.h"
#include "util/error.h"

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

static void lines_are_joined_and_comments_left_out(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse("# a comment\n\nfrom scratch\r\nRUN a && \\\n  # inside\n\n  b "
                                   "\\\n\nCMD [\"x\", \"y z\"]\n");

    (void)state;
    assert_int_equal(file->count, 2);
    assert_int_equal(file->instructions[0].keyword, CARTEFILE_FROM);
    assert_int_equal(file->instructions[0].line, 3);
    assert_int_equal(file->instructions[1].line, 4);
    assert_string_equal(file->instructions[1].rest, "a &&   b CMD [\"x\", \"y z\"]");
}

static void the_escape_can_be_chosen(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse("\xef\xbb\xbf# escape=`\nFROM scratch\nCOPY a\\ `\n b /\n");

    (void)state;
    assert_int_equal(file->escape, '`');
    assert_int_equal(file->instructions[1].words.count, 3);
    assert_string_equal(file->instructions[1].words.items[0], "a\\");
}

static void flags_and_json_are_read(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse(
        "FROM scratch AS one\nCOPY --from=one --chown=1:2 [\"a b\", \"/c/\"]\nCMD [not json]\n");

    (void)state;
    assert_string_equal(strings_map_find(&file->instructions[1].flags, "chown")->value, "1:2");
    assert_true(file->instructions[1].is_json);
    assert_string_equal(file->instructions[1].words.items[0], "a b");
    assert_false(file->instructions[2].is_json);
}

static void here_documents_are_collected(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse("FROM scratch\nRUN <<EOF\n# kept\n  a\nEOF\nCOPY <<-\"A\" <<B "
                                   "/x/\n\tone $y\n\tA\ntwo\nB\n");
    const struct cartefile_instruction *copy = &file->instructions[2];

    (void)state;
    assert_string_equal(file->instructions[1].heredocs[0].content, "# kept\n  a\n");
    assert_int_equal(copy->heredoc_count, 2);
    assert_string_equal(copy->heredocs[0].content, "one $y\n");
    assert_false(copy->heredocs[0].expand);
    assert_string_equal(copy->heredocs[1].content, "two\n");
    assert_true(copy->heredocs[1].expand);
    assert_int_equal(copy->last_line, 10);
}

static void the_short_form_is_known(void **state)
{
    AUTO(cartefile)
    struct cartefile *file = parse("FROM base\nNAME app\nPATH ./app\nexe_PATH start\n");

    (void)state;
    assert_true(file->is_short);
}

static void mistakes_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "Cartefile:1:1: no FROM" },
        { "FROM\n", "Cartefile:1:1: FROM needs at least 1" },
        { "FROM a b c d\n", "Cartefile:1:6: expected FROM IMAGE, or FROM IMAGE AS NAME" },
        { "FROM a\n\nCPOY a b\n",
          "Cartefile:3:1: unknown instruction 'CPOY': did you mean 'COPY'?" },
        { "FROM a\nCOPY a\n", "Cartefile:2:1: COPY needs at least 2" },
        { "FROM a\nCOPY --form=x a b\n", "COPY has no flag '--form': did you mean '--from'?" },
        { "FROM a\nCOPY --from= a b\n", "the flag '--from' needs a value" },
        { "FROM a\nCOPY --link a b\n", "COPY --link is not built yet" },
        { "FROM a\nCOPY --from=x --from=y a b\n", "is given twice" },
        { "FROM a\nONBUILD RNU x\n",
          "Cartefile:2:9: unknown instruction 'RNU': did you mean 'RUN'?" },
        { "FROM a\nRUN <<EOF\nx\n", "Cartefile:2:5: unterminated here-document: no line is 'EOF'" },
        { "FROM a\nSHELL sh\n", "SHELL needs a JSON array" },
        { "ENV a=b\nFROM a\n", "Cartefile:1:1: ENV stands before FROM" },
        { "FROM a\nNAME x\n", "PATH is missing" },
        { "FROM a\nNAME x\nRUN y\n", "Cartefile:3:1: RUN does not go with NAME" },
        { "FROM a\nNAME x\nNAME y\n", "Cartefile:3:1: NAME is given twice" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cartefile *file = NULL;
        struct diagnostics diagnostics = { 0 };
        struct error err = { 0 };

        assert_int_equal(cartefile_parse("Cartefile", cases[i].text, strlen(cases[i].text),
                                         &diagnostics, &file, &err),
                         -1);
        diagnostic_done(&diagnostics);
        assert_null(file);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, cases[i].message))
            print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_joined_and_comments_left_out),
        cmocka_unit_test(the_escape_can_be_chosen),
        cmocka_unit_test(flags_and_json_are_read),
        cmocka_unit_test(here_documents_are_collected),
        cmocka_unit_test(the_short_form_is_known),
        cmocka_unit_test(mistakes_are_refused_with_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
