/* SPDX-License-Identifier: MIT */

#include "stack_bed.h"

static void ten_mistakes_get_ten_messages(void **state)
{
    static const struct {
        size_t line;
        const char *text;
    } expected[] = {
        { 4, "did you mean 'build'?" },
        { 6, "'80:http' is not a port" },
        { 8, "'ten' is not a duration" },
        { 11, "'1.5 cats' is not a size" },
        { 13, "there is no service 'databse'; did you mean 'database'?" },
        { 16, "the volume 'store' is not defined" },
        { 17, "'sometimes' is not a restart policy" },
        { 18, "the network 'front' is not defined" },
        { 19, "'min' is greater than 'max'" },
        { 20, "a list stands here, a single value is expected" },
    };
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    biuld: .\n"
                   "    ports:\n"
                   "      - \"80:http\"\n"
                   "    healthcheck:\n"
                   "      interval: ten\n"
                   "    deploy:\n"
                   "      resources:\n"
                   "        limits: {memory: 1.5 cats}\n"
                   "    depends_on:\n"
                   "      - databse\n"
                   "  database:\n"
                   "    image: b\n"
                   "    volumes: [\"store:/data\"]\n"
                   "    restart: sometimes\n"
                   "    networks: [front]\n"
                   "    autoscale: {min: 3, max: 2, metrics: [{type: cpu, target: 5}]}\n"
                   "    user: [root]\n");
    assert_null(bed.stack);
    assert_int_equal(bed.err.code, ERROR_INVALID);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        if (!bed_says(&bed, expected[i].line, expected[i].text))
            fail_msg("line %zu does not say: %s", expected[i].line, expected[i].text);
    }
    assert_int_equal(bed.diagnostics.error_count, ARRAY_SIZE(expected));
    bed_end(&bed);
}

static void words_that_mean_nothing_are_told_at_their_place(void **state)
{
    static const struct {
        const char *line, *path, *message;
    } cases[] = {
        { "dns: [192.0.2.1, here]", "dns[1]", "'here' is not an address" },
        { "dns: here", "dns[0]", "'here' is not an address" },
        { "expose: [\"80\", \"80-90/udp\", \"0\"]", "expose[2]", "'0' is not a port" },
        { "expose: [\"80/icmp\"]", "expose[0]", "'80/icmp' is not a port" },
        { "expose: [\"80-70000\"]", "expose[0]", "'80-70000' is not a port" },
        { "extra_hosts: [\"a:::1\", \"b=host-gateway\", \"c\"]", "extra_hosts[2]",
          "'c' is no name with its address" },
        { "extra_hosts: {a: 1.2.3.4, b: 1.2.3}", "extra_hosts[1]",
          "'b=1.2.3' is no name with its address" },
        { "security_opt: [no-new-privileges, \"seccomp:unconfined\", no-new-privileges=maybe]",
          "security_opt[2]", "'no-new-privileges=maybe' is no option" },
        { "security_opt: [\"apparmor:none\", \"label=disable\", seccomp]", "security_opt[2]",
          "'seccomp' is no option" },
        { "stop_signal: SIGSTOPP", "stop_signal", "'SIGSTOPP' is no signal" },
        { "working_dir: src", "working_dir", "it is not an absolute path" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *file =
            alloc_format("services:\n  web:\n    image: a\n    %s\n", cases[i].line);
        AUTO_FREE char *path = alloc_format("services.web.%s", cases[i].path);
        const struct diagnostic *last = NULL;
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, file);
        assert_null(bed.stack);
        assert_int_equal(bed.diagnostics.error_count, 1);
        last = &bed.diagnostics.items[bed.diagnostics.count - 1];
        assert_string_equal(last->path, path);
        if (!bed_says(&bed, 4, cases[i].message))
            fail_msg("it does not say: %s", cases[i].message);
        bed_end(&bed);
    }
}

static void a_message_has_place_path_line_and_caret(void **state)
{
    struct bed bed;
    AUTO_TEXT struct text text = { 0 };
    AUTO_FREE char *expected = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    stop_grace_period: soon\n");
    diagnostic_format(&bed.diagnostics, false, &text);
    expected = alloc_format("%s/stack.yaml:4:24: services.web.stop_grace_period: 'soon' is not a "
                            "duration; write 250ms, 10s or 1m30s\n"
                            "        stop_grace_period: soon\n"
                            "                           ^\n",
                            bed.folder);
    assert_string_equal(text_get(&text), expected);
    bed_end(&bed);
}

/* Each has one mistake, which is found in this line. */
static const struct {
    const char *text;
    size_t line;
    const char *says;
} mistakes[] = {
    { "services:\n  a: {command: x}\n", 2, "neither 'image' nor 'build'" },
    { "services:\n  a: {image: a}\n  a: {image: b}\n", 3, "here and in line 2" },
    { "services:\n  a: {image: a, secrets: [s]}\n", 2, "secret 's' is not defined" },
    { "services:\n  a: {image: a, configs: [s]}\n", 2, "config 's' is not defined" },
    { "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: a, depends_on: [a]}\n", 3,
      "a -> b -> a" },
    { "services:\n  a: {image: a, container_name: x, scale: 2}\n", 2, "several replicas" },
    { "services:\n  a: {image: a, tmpfs: /x,\n   volumes: [/x]}\n", 2, "mounted twice" },
    { "services:\n  a: {image: a, scale: 2,\n   deploy: {replicas: 3}}\n", 2, "differ" },
    { "services:\n  a: {image: a, deploy: {replicas: 9},\n"
      "   autoscale: {max: 3, metrics: [{type: cpu, target: 9}]}}\n",
      2, "between the 'min' and 'max'" },
    { "services:\n  a: {image: a, autoscale: {max: 3}}\n", 2, "nothing is measured" },
    { "services:\n  a: {image: a, autoscale: {max: 3, metrics: [{type: disk, target: 1}]}}\n", 2,
      "'disk' is not cpu or memory" },
    { "services:\n  a: {image: a, autoscale: {metrics: [{type: cpu, target: 1}]}}\n", 2,
      "'max' is missing" },
    { "services:\n  a: {image: a, autoscale: {max: 3, steps: {out: [{from: 5, add: 1},"
      " {from: 9, add: 1}]}}}\n",
      2, "overlap" },
    { "services:\n  a: {image: a, networks: {n: {ipv4_address: 10.0.0.5}}}\nnetworks: {n: }\n", 2,
      "needs a subnet" },
    { "services:\n  a: {image: a, networks: {n: {ipv4_address: ten}}}\n"
      "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}\n",
      2, "not an IPv4 address" },
    { "services:\n  a: {image: a}\nnetworks:\n  n: {ipam: {config: [{subnet: 10/24}]}}\n", 4,
      "not an IPv4 subnet" },
    { "services:\n  a: {image: a, ports: [\"80:1\"]}\n  b: {image: a, ports: [\"80:2\"]}\n", 3,
      "published twice" },
    { "services:\n  a: {image: a, ports: [\"80-81:1-3\"]}\n", 2, "differ in length" },
    { "services:\n  a: {image: a, ports: [\"80:1/tpc\"]}\n", 2, "did you mean 'tcp'?" },
    { "services:\n  a: {image: a, network_mode: host,\n   networks: [default]}\n", 3,
      "exclude each other" },
    { "services:\n  a: {image: a, network_mode: \"container:b\"}\n", 2, "not supported" },
    { "services:\n  a: {image: a, network_mode: \"service:b\"}\n", 2, "there is no service 'b'" },
    { "services:\n  a: {image: a, network_mode: \"service:a\"}\n", 2, "a -> a" },
    { "services:\n  a: {image: a, network_mode: \"service:b\"}\n"
      "  b: {image: a, network_mode: host}\n",
      2, "no network of its own to join" },
    { "services:\n  a: {image: a, network_mode: \"service:b\"}\n"
      "  b: {image: a, deploy: {replicas: 2}}\n",
      2, "several replicas" },
    { "services:\n  a: {image: a, network_mode: \"service:b\", ports: [80]}\n"
      "  b: {image: a}\n",
      2, "publish its ports there" },
    { "services:\n  a: {image: a, healthcheck: {test: [curl, x]}}\n", 2, "must begin with" },
    { "services:\n  a: {image: a, healthcheck: {test: [CMD]}}\n", 2, "must follow CMD" },
    { "services:\n  a: {image: a, environment: [\"A =1\"]}\n", 2, "a blank, before the '='" },
    { "services:\n  a: {image: a, env_file: none.env}\n", 2, "does not exist" },
    { "services:\n  a: {image: a, command: \"a 'b\"}\n", 2, "quote is not closed" },
    { "services:\n  a: {image: \"${A:?say which}\"}\n", 2, "say which" },
    { "services:\n  a: {image: \"${A\"}\n", 2, "not closed" },
    { "services:\n  a: {image: a, read_only: maybe}\n", 2, "not true or false" },
    { "services:\n  a: {image: a, deploy: {replicas: -1}}\n", 2, "not between 0 and 1000" },
    { "services:\n  a: {image: a, ulimits: {nofile: {soft: 5}}}\n", 2, "'hard' is missing" },
    { "services:\n  a: {image: a, volumes: [{type: disk, target: /a}]}\n", 2,
      "not bind, volume or tmpfs" },
    { "services:\n  a: {image: a, volumes: [\"a:b\"]}\n", 2, "absolute path" },
    { "services:\n  a: {image: a, devices: [fuse]}\n", 2, "no absolute path" },
    { "services:\n  a: {image: a, devices: [\"/dev/fuse:rwx\"]}\n", 2, "write a path below /dev" },
    { "services:\n  a: {image: a, devices: [\"/dev/fuse:/dev/fuse:x\"]}\n", 2, "SOURCE[:TARGET]" },
    { "services:\n  a: {image: a, devices: [\"/dev/fuse:/fuse\"]}\n", 2, "below /dev" },
    { "services:\n  a: {image: a, devices: [\"/dev/fuse:/dev/shm/fuse\"]}\n", 2, "below /dev" },
    { "services:\n  a: {image: a, devices: [\"/dev/fuse:/dev/../fuse\"]}\n", 2, "below /dev" },
    { "services:\n  a: {image: a, devices: [{source: /dev/fuse, permissions: no}]}\n", 2,
      "write some of rwm" },
    { "services:\n  a: {image: a, mem_limit: 64m, mem_reservation: 65m}\n", 2,
      "more memory is reserved" },
    { "services:\n  a: {image: a, pull_policy: every_now}\n", 2, "'now' is not a duration" },
    { "services:\n  a: {image: a, pull_policy: refresh}\n", 2, "needs 'pull_refresh_after'" },
    { "services:\n  a: {image: a, pull_refresh_after: 1d,\n   pull_policy: daily}\n", 3,
      "exclude each other" },
    { "services:\n  \"a b\": {image: a}\n", 2, "is not a name" },
    { "services:\n  a: {image: a}\nconfigs:\n  c: {file: x, content: y}\n", 4, "exactly one" },
    { "services:\n  a: {image: a}\nsecrets:\n  c: {content: y}\n", 4, "no such key" },
    { "services:\n  a: {image: a, on_unhealthy: none,\n   x-carte-on_unhealthy: none}\n", 3,
      "keep one of them" },
    { "services:\n  a: {image: \"$CARTE_BED_NONE\"}\n", 2, "a variable has no value" },
    { "services: [a\n", 2, "not YAML" },
    { "- a\n", 1, "a mapping is expected" },
    { "services:\n  a: {image: *nobody}\n", 2, "no anchor" },
    { "services:\n  a: {image: !!python/none x}\n", 2, "is not known" },
};

static void every_kind_of_mistake_is_reported(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        AUTO_TEXT struct text text = { 0 };
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, mistakes[i].text);
        diagnostic_format(&bed.diagnostics, false, &text);
        assert_null(bed.stack);
        if (!bed_says(&bed, mistakes[i].line, mistakes[i].says))
            fail_msg("case %zu: line %zu does not say '%s' but\n%s", i, mistakes[i].line,
                     mistakes[i].says, text_get(&text));
        bed_end(&bed);
    }
}

static void an_empty_stack_is_a_mistake(void **state)
{
    static const char *const cases[] = { "", "# nothing\n", "services:\n", "name: x\n" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, cases[i]);
        assert_null(bed.stack);
        assert_int_equal(bed.diagnostics.error_count, 1);
        bed_end(&bed);
    }
}

static void unknown_keys_are_warnings_when_loose(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed.options.loose = true;
    bed_load(&bed, "services:\n  a: {image: a, colour: red}\n");
    bed_expect_loaded(&bed);
    assert_true(bed_says(&bed, 2, "no such key"));
    bed_end(&bed);
}

static void keys_that_are_not_built_yet_are_warned_about_once(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  a: {image: a, x-note: [1, {b: c}], gpus: [/dev/null]}\n"
                   "x-anything: {at: all}\n");
    bed_expect_loaded(&bed);
    assert_int_equal(bed.diagnostics.warning_count, 1);
    assert_true(bed_says(&bed, 2, "has no effect yet"));
    bed_end(&bed);
}

static void more_than_fifty_mistakes_are_counted(void **state)
{
    AUTO_TEXT struct text file = { 0 };
    AUTO_TEXT struct text shown = { 0 };
    struct bed bed;

    (void)state;
    text_add(&file, "services:\n");
    for (int i = 0; i < 60; i++)
        text_add_format(&file, "  a%d: {image: a, gpus: [x], user: []}\n", i);
    bed_begin(&bed);
    bed_load(&bed, text_get(&file));
    diagnostic_format(&bed.diagnostics, true, &shown);
    assert_int_equal(bed.diagnostics.error_count, 60);
    assert_int_equal(bed.diagnostics.count, DIAGNOSTIC_MAX);
    /* Mistakes do not give way to warnings. */
    for (size_t i = 0; i < bed.diagnostics.count; i++)
        assert_int_equal(bed.diagnostics.items[i].severity, DIAGNOSTIC_ERROR);
    assert_non_null(strstr(text_get(&shown), "and 70 more"));
    bed_end(&bed);
}

static void a_file_cannot_write_control_bytes_to_the_terminal(void **state)
{
    AUTO_TEXT struct text shown = { 0 };
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n  a: {image: a, user: {}, \"\\e[2J\": 1}\n");
    diagnostic_format(&bed.diagnostics, false, &shown);
    assert_int_equal(bed.diagnostics.error_count, 2);
    assert_null(strchr(text_get(&shown), '\033'));
    bed_end(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_mistakes_get_ten_messages),
        cmocka_unit_test(words_that_mean_nothing_are_told_at_their_place),
        cmocka_unit_test(a_message_has_place_path_line_and_caret),
        cmocka_unit_test(every_kind_of_mistake_is_reported),
        cmocka_unit_test(an_empty_stack_is_a_mistake),
        cmocka_unit_test(unknown_keys_are_warnings_when_loose),
        cmocka_unit_test(keys_that_are_not_built_yet_are_warned_about_once),
        cmocka_unit_test(more_than_fifty_mistakes_are_counted),
        cmocka_unit_test(a_file_cannot_write_control_bytes_to_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
