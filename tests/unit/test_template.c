/* SPDX-License-Identifier: MIT */

/*
 * Templates of --format, by tables of template and result.
 */

#include "unit.h"

#include <string.h>

#include "cli/template.h"
#include "util/cleanup.h"
#include "util/error.h"

static const char value[] =
    "{\"ID\":\"sha256:12\",\"Size\":1984,\"Half\":0.5,\"Ok\":true,\"None\":null,\"Empty\":[],"
    "\"Tags\":[\"a:1\",\"b:2\"],\"Labels\":{\"z\":\"last\",\"a.b\":\"dotted\"},"
    "\"Config\":{\"Env\":[\"A=b\",\"C=d e\"],\"Cmd\":null},\"Evil\":\"x\\u001b[31m\\ny\"}";

struct example {
    const char *template_text;
    const char *result; /* or what the error says */
};

static int format(const char *template_text, struct text *out, struct error *err)
{
    AUTO(json) struct json *json = json_parse(value, strlen(value), err);

    assert_non_null(json);
    return template_format(template_text, json, out, err);
}

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_TEXT struct text out = { 0 };
        struct error err = { 0 };

        if (format(examples[i].template_text, &out, &err) < 0)
            fail_msg("%s: %s", examples[i].template_text, err.text);
        assert_string_equal(text_get(&out), examples[i].result);
    }
}

static void values_print_as_go_prints_them(void **state)
{
    static const struct example examples[] = {
        { "", "" },
        { "plain } text { ", "plain } text { " },
        { "{{.ID}}", "sha256:12" },
        { "{{ .Size }}/{{.Half}}/{{.Ok}}/{{.None}}", "1984/0.5/true/<nil>" },
        { "{{.Tags}}{{.Empty}}", "[a:1 b:2][]" },
        { "{{.Labels}}", "map[a.b:dotted z:last]" },
        { "{{.ID}}\\t{{.Size}}\\n", "sha256:12\t1984\n" },
        { "{{json .Config}}", "{\"Env\":[\"A=b\",\"C=d e\"],\"Cmd\":null}" },
        { "{{json .ID}}{{json .None}}", "\"sha256:12\"null" },
        { "{{.Evil}}", "x?[31m\ny" },
    };

    (void)state;
    check(examples, ARRAY_SIZE(examples));
}

static void functions_take_arguments_and_pipes(void **state)
{
    static const struct example examples[] = {
        { "{{join .Tags \", \"}}", "a:1, b:2" },
        { "{{.ID | upper}} {{upper .ID | lower | len}}", "SHA256:12 9" },
        { "{{index .Tags 1}} {{index .Labels \"a.b\"}} {{index .Tags 7}}", "b:2 dotted " },
        { "{{index (split .ID \":\") 1}}", "12" },
        { "{{truncate .ID 6}}", "sha256" },
        { "{{len .Tags}}{{len .ID}}{{len .Labels}}", "292" },
        { "{{print .Size \"x\"}}{{println .ID 1}}", "1984xsha256:12 1\n" },
        { "{{eq .Size 1984}} {{ne .ID \"a\"}} {{not .Empty}}", "true true true" },
        { "{{eq .ID \"a\" \"sha256:12\"}}", "true" },
        { "{{or .None .ID}} {{and .Ok .Size}} {{and .Empty .ID}}", "sha256:12 1984 []" },
        { "{{json (index .Config.Env 0)}} {{(index .Tags 0) | json}}", "\"A=b\" \"a:1\"" },
        { "{{`raw \\n`}} {{\"tab\\t\"}}", "raw \\n tab\t" },
    };

    (void)state;
    check(examples, ARRAY_SIZE(examples));
}

static void blocks_choose_and_repeat(void **state)
{
    static const struct example examples[] = {
        { "{{if .Ok}}yes{{else}}no{{end}}", "yes" },
        { "{{if .Empty}}yes{{else}}no{{end}}", "no" },
        { "{{if .None}}1{{else if .Empty}}2{{else if .Ok}}3{{else}}4{{end}}5", "35" },
        { "{{range .Tags}}[{{.}}]{{end}}", "[a:1][b:2]" },
        { "{{range .Empty}}x{{else}}none{{end}}", "none" },
        { "{{range $i, $t := .Tags}}{{$i}}={{$t}} {{$.Size}};{{end}}", "0=a:1 1984;1=b:2 1984;" },
        { "{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "z=last;a.b=dotted;" },
        { "{{range $t := .Tags}}{{$t}} {{end}}", "a:1 b:2 " },
        { "{{range .Config.Env}}{{println .}}{{end}}", "A=b\nC=d e\n" },
        { "{{range .Tags}}{{if eq . \"a:1\"}}{{range $.Tags}}{{.}},{{end}}{{end}}{{end}}",
          "a:1,b:2," },
        { "{{with .Config}}{{.Env}}{{end}}{{with .None}}x{{else}}y{{end}}", "[A=b C=d e]y" },
        { "a {{- .Size -}}  b {{/* nothing */}}c", "a1984b c" },
        { "{{range .Tags}}\n  {{- .}}\n{{- end}}", "a:1b:2" },
    };

    (void)state;
    check(examples, ARRAY_SIZE(examples));
}

static void mistakes_are_named(void **state)
{
    static const struct example examples[] = {
        { "{{.Sise}}", "there is no field 'Sise'; did you mean 'Size'?" },
        { "{{.Quite}}", "there is no field 'Quite'" },
        { "{{.ID.Foo}}", "'.Foo' is asked of what has no fields" },
        { "{{.ID", "not understood" },
        { "{{}}", "nothing to print" },
        { "{{foo .ID}}", "not understood" },
        { "{{if .Ok}}x", "an {{end}} is missing" },
        { "x{{end}}", "too much" },
        { "{{else}}", "too much" },
        { "{{if .Ok}}{{else}}{{else}}{{end}}", "a second {{else}}" },
        { "{{join .Tags}}", "'join' takes 2 arguments, not 1" },
        { "{{$x}}", "no such variable" },
        { "{{\"open}}", "a string is not closed" },
        { "{{/* open }}", "a comment is not closed" },
        { "{{(.ID}}", "a ')' is missing" },
        { "{{.ID | }}", "no function after '|'" },
        { "{{range $a, $b .Tags}}{{end}}", "a ':=' is missing" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        AUTO_TEXT struct text out = { 0 };
        struct error err = { 0 };

        if (format(examples[i].template_text, &out, &err) == 0)
            fail_msg("%s is understood", examples[i].template_text);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, examples[i].result))
            fail_msg("%s: %s", examples[i].template_text, err.text);
    }
}

static void nesting_has_a_limit(void **state)
{
    AUTO_TEXT struct text deep = { 0 };
    AUTO_TEXT struct text out = { 0 };
    struct error err = { 0 };

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        text_add(&deep, "{{if .Ok}}");
    assert_int_equal(format(text_get(&deep), &out, &err), -1);
    text_clear(&deep);
    error_clear(&err);
    text_add(&deep, "{{");
    for (size_t i = 0; i < 100000; i++)
        text_add(&deep, "(");
    assert_int_equal(format(text_get(&deep), &out, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_print_as_go_prints_them),
        cmocka_unit_test(functions_take_arguments_and_pipes),
        cmocka_unit_test(blocks_choose_and_repeat),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(nesting_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
