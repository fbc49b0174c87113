/* SPDX-License-Identifier: MIT */

#include "stack_bed.h"
#include "util/clock.h"

static void defaults_are_in_place(void **state)
{
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    build: .\n");
    bed_expect_loaded(&bed);
    web = stack_find_service(bed.stack, "web");
    assert_string_equal(bed.stack->name, "bed");
    assert_string_equal(web->image, "bed-web");
    assert_string_equal(web->build.context, bed.folder);
    assert_null(web->build.dockerfile);
    assert_int_equal(web->replicas, 1);
    assert_int_equal(web->restart.condition, SERVICE_RESTART_NO);
    assert_int_equal(web->restart.delay_ms, 100);
    assert_int_equal(web->healthcheck.probe, SERVICE_PROBE_INHERIT);
    assert_int_equal(web->healthcheck.interval_ms, 30000);
    assert_int_equal(web->stop_grace_period_ms, 10000);
    assert_false(web->autoscale.enabled);
    assert_false(web->has_command);
    assert_int_equal(web->network_count, 1);
    assert_string_equal(web->networks[0].network, "default");
    assert_string_equal(stack_find_network(bed.stack, "default")->name, "bed_default");
    bed_end(&bed);
}

static void devices_have_short_and_long_forms(void **state)
{
    static const char *const expected[][3] = {
        { "/dev/fuse", "/dev/fuse", "rwm" }, { "/dev/kvm", "/dev/kvm", "r" },
        { "/dev/sda", "/dev/disk", "rwm" },  { "/dev/sdb", "/dev/more", "rw" },
        { "/dev/net/tun", "/dev/tun", "w" },
    };
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    devices:\n"
                   "      - /dev/fuse\n"
                   "      - /dev/kvm:r\n"
                   "      - /dev/sda:/dev/disk\n"
                   "      - /dev/sdb:/dev/more:rw\n"
                   "      - {source: /dev/net/tun, target: /dev/tun, permissions: w}\n");
    bed_expect_loaded(&bed);
    web = stack_find_service(bed.stack, "web");
    assert_int_equal(web->device_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(web->devices[i].source, expected[i][0]);
        assert_string_equal(web->devices[i].target, expected[i][1]);
        assert_string_equal(web->devices[i].permissions, expected[i][2]);
    }
    bed_end(&bed);
}

static void ports_have_short_and_long_forms(void **state)
{
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    ports:\n"
                   "      - 22:22\n"
                   "      - \"127.0.0.1:53:5353/udp\"\n"
                   "      - \"[::1]:81:80\"\n"
                   "      - 3000\n"
                   "      - \"8000-8002:9000-9002\"\n"
                   "      - \"7000-7009:70\"\n"
                   "      - {target: 80, published: \"8080\", host_ip: 10.0.0.1}\n");
    bed_expect_loaded(&bed);
    web = stack_find_service(bed.stack, "web");
    assert_int_equal(web->port_count, 9);
    assert_int_equal(web->ports[0].published, 22);
    assert_int_equal(web->ports[0].target, 22);
    assert_int_equal(web->ports[1].protocol, SERVICE_UDP);
    assert_string_equal(web->ports[1].host_ip, "127.0.0.1");
    assert_string_equal(web->ports[2].host_ip, "::1");
    assert_int_equal(web->ports[3].published, 0);
    assert_int_equal(web->ports[3].target, 3000);
    assert_int_equal(web->ports[6].published, 8002);
    assert_int_equal(web->ports[6].target, 9002);
    assert_int_equal(web->ports[7].published, 7000);
    assert_int_equal(web->ports[7].published_last, 7009);
    assert_string_equal(web->ports[8].host_ip, "10.0.0.1");
    bed_end(&bed);
}

static void mounts_are_told_apart_by_their_source(void **state)
{
    struct bed bed;
    AUTO_FREE char *folder = NULL;
    const struct service_mount *mounts = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    tmpfs: [\"/run:size=1m,mode=755\"]\n"
                   "    volumes:\n"
                   "      - ./conf/../etc:/etc/web:ro\n"
                   "      - data:/data:nocopy\n"
                   "      - /anonymous\n"
                   "      - {type: bind, source: sub, target: /sub,"
                   " bind: {create_host_path: false}}\n"
                   "volumes: {data: }\n");
    bed_expect_loaded(&bed);
    mounts = bed.stack->services[0].mounts;
    folder = alloc_format("%s/etc", bed.folder);
    assert_int_equal(bed.stack->services[0].mount_count, 5);
    assert_int_equal(mounts[0].kind, SERVICE_MOUNT_BIND);
    assert_string_equal(mounts[0].source, folder);
    assert_true(mounts[0].read_only);
    assert_true(mounts[0].create_host_path);
    assert_int_equal(mounts[1].kind, SERVICE_MOUNT_VOLUME);
    assert_true(mounts[1].no_copy);
    assert_null(mounts[2].source);
    assert_string_equal(mounts[2].target, "/anonymous");
    assert_false(mounts[3].create_host_path);
    assert_int_equal(mounts[4].kind, SERVICE_MOUNT_TMPFS);
    assert_int_equal(mounts[4].size_bytes, 1 << 20);
    assert_int_equal(mounts[4].mode, 0755);
    assert_string_equal(bed.stack->volumes[0].name, "bed_data");
    bed_end(&bed);
}

static void restart_words_become_a_policy(void **state)
{
    static const struct {
        const char *text;
        enum service_restart condition;
        int attempts;
        bool unless_stopped;
    } cases[] = {
        { "restart: \"no\"", SERVICE_RESTART_NO, 0, false },
        { "restart: no", SERVICE_RESTART_NO, 0, false },
        { "restart: always", SERVICE_RESTART_ANY, 0, false },
        { "restart: on-failure:5", SERVICE_RESTART_ON_FAILURE, 5, false },
        { "restart: unless-stopped", SERVICE_RESTART_ANY, 0, true },
        { "deploy: {restart_policy: {delay: 1s}}", SERVICE_RESTART_ANY, 0, false },
        { "restart: always\n    deploy: {restart_policy: {condition: on-failure}}",
          SERVICE_RESTART_ON_FAILURE, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *text =
            alloc_format("services:\n  a:\n    image: a\n    %s\n", cases[i].text);
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, text);
        bed_expect_loaded(&bed);
        assert_int_equal(bed.stack->services[0].restart.condition, cases[i].condition);
        assert_int_equal(bed.stack->services[0].restart.max_attempts, cases[i].attempts);
        assert_int_equal(bed.stack->services[0].restart.unless_stopped, cases[i].unless_stopped);
        bed_end(&bed);
    }
}

static void pull_policies_may_say_how_old_an_image_gets(void **state)
{
    static const struct {
        const char *policy;
        enum service_pull pull;
        int64_t after_ms;
    } cases[] = {
        { "if_not_present", SERVICE_PULL_MISSING, 0 },
        { "always", SERVICE_PULL_ALWAYS, 0 },
        { "daily", SERVICE_PULL_REFRESH, DAY_MS },
        { "weekly", SERVICE_PULL_REFRESH, 7 * DAY_MS },
        { "every_1w2d3h", SERVICE_PULL_REFRESH, 9 * DAY_MS + 3 * HOUR_MS },
        { "refresh, pull_refresh_after: 90m", SERVICE_PULL_REFRESH, 90 * MINUTE_MS },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *text =
            alloc_format("services: {a: {image: a, pull_policy: %s}}\n", cases[i].policy);
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, text);
        bed_expect_loaded(&bed);
        assert_int_equal(bed.diagnostics.warning_count, 0);
        assert_int_equal(bed.stack->services[0].pull_policy, cases[i].pull);
        assert_int_equal(bed.stack->services[0].pull_refresh_after_ms, cases[i].after_ms);
        bed_end(&bed);
    }
}

static void an_environment_keeps_the_text_of_the_file(void **state)
{
    struct bed bed;
    const struct strings_map *map = NULL;

    (void)state;
    bed_begin(&bed);
    assert_int_equal(setenv("CARTE_BED_PASSED", "on", 1), 0);
    bed_write(&bed, "web.env", "FROM_FILE=1\nVERSION=file\n");
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    image: a\n"
                   "    env_file: web.env\n"
                   "    environment:\n"
                   "      VERSION: 3.10\n"
                   "      MODE: 0755\n"
                   "      SWITCH: yes\n"
                   "      CARTE_BED_PASSED:\n"
                   "      CARTE_BED_MISSING:\n");
    bed_expect_loaded(&bed);
    map = &bed.stack->services[0].environment;
    assert_string_equal(strings_map_find(map, "FROM_FILE")->value, "1");
    assert_string_equal(strings_map_find(map, "VERSION")->value, "3.10");
    assert_string_equal(strings_map_find(map, "MODE")->value, "0755");
    assert_string_equal(strings_map_find(map, "SWITCH")->value, "yes");
    assert_string_equal(strings_map_find(map, "CARTE_BED_PASSED")->value, "on");
    assert_null(strings_map_find(map, "CARTE_BED_MISSING")->value);
    bed_end(&bed);
}

static void commands_are_split_without_a_shell(void **state)
{
    struct bed bed;
    const struct service *services = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  a: {image: a, command: 'echo \"two words\" $$HOME', entrypoint: []}\n"
                   "  b: {image: a, command: }\n"
                   "  c: {image: a, command: ''}\n");
    bed_expect_loaded(&bed);
    services = bed.stack->services;
    assert_int_equal(services[0].command.count, 3);
    assert_string_equal(services[0].command.items[1], "two words");
    assert_string_equal(services[0].command.items[2], "$HOME");
    assert_true(services[0].has_entrypoint);
    assert_int_equal(services[0].entrypoint.count, 0);
    assert_false(services[1].has_command);
    assert_true(services[2].has_command);
    bed_end(&bed);
}

static void health_tests_have_three_spellings(void **state)
{
    struct bed bed;
    const struct service *services = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  a: {image: a, healthcheck: {test: curl localhost}}\n"
                   "  b: {image: a, healthcheck: {test: [CMD, /b, --health], retries: 5}}\n"
                   "  c: {image: a, healthcheck: {disable: true}}\n");
    bed_expect_loaded(&bed);
    services = bed.stack->services;
    assert_int_equal(services[0].healthcheck.probe, SERVICE_PROBE_SHELL);
    assert_string_equal(services[0].healthcheck.test.items[0], "curl localhost");
    assert_int_equal(services[1].healthcheck.probe, SERVICE_PROBE_CMD);
    assert_int_equal(services[1].healthcheck.test.count, 2);
    assert_int_equal(services[1].healthcheck.retries, 5);
    assert_int_equal(services[2].healthcheck.probe, SERVICE_PROBE_NONE);
    bed_end(&bed);
}

static void autoscaling_takes_targets_or_steps(void **state)
{
    struct bed bed;
    const struct autoscale_policy *a = NULL;
    const struct autoscale_policy *b = NULL;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  a:\n"
                   "    image: a\n"
                   "    autoscale: {max: 8, metrics: [{type: cpu, target: 70}],\n"
                   "      behavior: {scale_down: {stabilization: 60s, select: min}}}\n"
                   "  b:\n"
                   "    image: a\n"
                   "    x-carte-autoscale:\n"
                   "      min: 2\n"
                   "      max: 4\n"
                   "      steps:\n"
                   "        metric: memory\n"
                   "        out: [{from: 70, to: 90, add: 1}, {from: 90, add: 2}]\n"
                   "        in: [{to: 40, remove: 1}]\n"
                   "    scale: 3\n");
    bed_expect_loaded(&bed);
    a = &bed.stack->services[0].autoscale;
    b = &bed.stack->services[1].autoscale;
    assert_true(a->enabled);
    assert_int_equal(a->min, 1);
    assert_int_equal(a->period_ms, 15000);
    assert_int_equal(a->tolerance_millis, 100);
    assert_int_equal(a->targets[0].target_percent, 70);
    assert_int_equal(a->down.stabilization_ms, 60000);
    assert_int_equal(a->down.select, AUTOSCALE_SELECT_MIN);
    assert_int_equal(a->up.rate_count, 2);
    assert_int_equal(b->step_metric, AUTOSCALE_MEMORY);
    assert_int_equal(b->step_count, 3);
    assert_int_equal(b->steps[1].change, 2);
    assert_true(b->steps[1].to_percent == INT64_MAX);
    assert_int_equal(b->steps[2].change, -1);
    assert_true(b->steps[2].from_percent == INT64_MIN);
    assert_int_equal(b->down.stabilization_ms, 300000);
    assert_int_equal(bed.stack->services[1].replicas, 3);
    bed_end(&bed);
}

static void services_start_after_what_they_depend_on(void **state)
{
    struct bed bed;
    size_t order[3] = { 9, 9, 9 };

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, "services:\n"
                   "  web: {image: a, depends_on: [api]}\n"
                   "  api: {image: a, depends_on: {db: {condition: service_healthy}}}\n"
                   "  db: {image: a}\n");
    bed_expect_loaded(&bed);
    stack_order(bed.stack, order);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
    assert_int_equal(bed.stack->services[1].depends_on[0].condition, SERVICE_HEALTHY);
    bed_end(&bed);
}

/* The digest of service `a` of a file with this line in it. */
static void digest_of(const char *line, char out[65])
{
    AUTO_FREE char *text = alloc_format("services:\n"
                                        "  a:\n"
                                        "    image: a\n"
                                        "    configs: [c]\n"
                                        "    %s\n"
                                        "configs: {c: {file: ./c.txt}}\n",
                                        line);
    struct bed bed;

    bed_begin(&bed);
    bed_write(&bed, "c.txt", strcmp(line, "# content") == 0 ? "new" : "old");
    bed_load(&bed, text);
    bed_expect_loaded(&bed);
    stack_service_digest(bed.stack, &bed.stack->services[0], out);
    bed_end(&bed);
}

static void a_digest_changes_with_what_a_replica_needs(void **state)
{
    static const char *const same[] = { "scale: 3",
                                        "ports: [80]",
                                        "restart: always",
                                        "mem_limit: 64m",
                                        "container_name: other",
                                        "autoscale: {max: 3, metrics: [{type: cpu, target: 5}]}" };
    static const char *const other[] = { "command: x", "environment: {A: 1}", "read_only: true",
                                         "user: nobody", "# content" };
    char base[65];
    char now[65];

    (void)state;
    digest_of("# nothing", base);
    assert_int_equal(strlen(base), 64);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        digest_of(same[i], now);
        assert_string_equal(now, base);
    }
    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        digest_of(other[i], now);
        assert_string_not_equal(now, base);
    }
}

static void profiles_decide_which_services_are_there(void **state)
{
    static const char text[] = "services:\n"
                               "  a: {image: a, depends_on: {b: {required: false}}}\n"
                               "  b: {image: a, profiles: [debug]}\n";
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, text);
    bed_expect_loaded(&bed);
    assert_int_equal(bed.stack->service_count, 1);
    assert_int_equal(bed.stack->services[0].dependency_count, 0);
    bed_end(&bed);

    bed_begin(&bed);
    strings_add(&bed.options.profiles, "debug");
    bed_load(&bed, text);
    bed_expect_loaded(&bed);
    assert_int_equal(bed.stack->service_count, 2);
    assert_int_equal(bed.stack->services[0].dependency_count, 1);
    bed_end(&bed);
}

static void a_service_that_is_named_needs_no_profile(void **state)
{
    AUTO_STRINGS struct strings named = { 0 };
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    strings_add(&named, "b");
    bed.options.named = &named;
    bed_load(&bed, "services:\n"
                   "  a: {image: a}\n"
                   "  b: {image: a, profiles: [debug]}\n"
                   "  c: {image: a, profiles: [debug]}\n");
    bed_expect_loaded(&bed);
    assert_int_equal(bed.stack->service_count, 2);
    assert_non_null(stack_find_service(bed.stack, "b"));
    bed_end(&bed);
}

static void project_names_are_normalised_or_refused(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed.options.project_name = NULL;
    bed_load(&bed, "name: My Stack_1\nservices: {a: {image: a}}\n");
    bed_expect_loaded(&bed);
    assert_string_equal(bed.stack->name, "mystack_1");
    bed_end(&bed);

    bed_begin(&bed);
    bed.options.project_name = "My";
    bed_load(&bed, "services: {a: {image: a}}\n");
    assert_null(bed.stack);
    bed_end(&bed);
}

static void no_file_is_not_found(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    strings_take(&bed.options.files, alloc_format("%s/none.yaml", bed.folder));
    bed_load_files(&bed);
    assert_null(bed.stack);
    assert_int_equal(bed.err.code, ERROR_NOT_FOUND);
    bed_end(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_in_place),
        cmocka_unit_test(devices_have_short_and_long_forms),
        cmocka_unit_test(ports_have_short_and_long_forms),
        cmocka_unit_test(mounts_are_told_apart_by_their_source),
        cmocka_unit_test(restart_words_become_a_policy),
        cmocka_unit_test(pull_policies_may_say_how_old_an_image_gets),
        cmocka_unit_test(an_environment_keeps_the_text_of_the_file),
        cmocka_unit_test(commands_are_split_without_a_shell),
        cmocka_unit_test(health_tests_have_three_spellings),
        cmocka_unit_test(autoscaling_takes_targets_or_steps),
        cmocka_unit_test(services_start_after_what_they_depend_on),
        cmocka_unit_test(a_digest_changes_with_what_a_replica_needs),
        cmocka_unit_test(profiles_decide_which_services_are_there),
        cmocka_unit_test(a_service_that_is_named_needs_no_profile),
        cmocka_unit_test(project_names_are_normalised_or_refused),
        cmocka_unit_test(no_file_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
