/* SPDX-License-Identifier: MIT */

/*
 * Several files, and what is written back.
 */

#include "stack_bed.h"

static void add_file(struct bed *bed, const char *name, const char *text)
{
    bed_write(bed, name, text);
    strings_take(&bed->options.files, alloc_format("%s/%s", bed->folder, name));
}

static void later_files_are_merged_on_earlier_ones(void **state)
{
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    add_file(&bed, "a.yaml",
             "services:\n"
             "  web:\n"
             "    image: a\n"
             "    command: [one, two]\n"
             "    environment: {A: 1, B: 1}\n"
             "    ports: [\"80:80\", \"81:81\"]\n"
             "    volumes: [\"./a:/data\", /other]\n"
             "    cap_add: [CHOWN]\n"
             "    depends_on: [db]\n"
             "    labels: [x=1]\n"
             "  db: {image: db}\n");
    add_file(&bed, "b.yaml",
             "services:\n"
             "  web:\n"
             "    image: b\n"
             "    command: three\n"
             "    environment: [B=2, C=2]\n"
             "    ports: [\"82:82\", \"80:80\"]\n"
             "    volumes: [\"./b:/data:ro\"]\n"
             "    cap_add: [KILL, CHOWN]\n"
             "    depends_on: {db: {condition: service_healthy}, cache: {}}\n"
             "    deploy: {replicas: 2}\n"
             "  cache: {image: c}\n");
    bed_load_files(&bed);
    bed_expect_loaded(&bed);
    web = stack_find_service(bed.stack, "web");
    assert_string_equal(web->image, "b");
    assert_int_equal(web->command.count, 1);
    assert_int_equal(web->environment.count, 3);
    assert_string_equal(strings_map_find(&web->environment, "B")->value, "2");
    assert_int_equal(web->port_count, 3);
    assert_int_equal(web->mount_count, 2);
    assert_true(web->mounts[0].read_only);
    assert_int_equal(web->cap_add.count, 2);
    assert_int_equal(web->dependency_count, 2);
    assert_int_equal(web->depends_on[0].condition, SERVICE_HEALTHY);
    assert_int_equal(web->replicas, 2);
    assert_int_equal(bed.stack->service_count, 3);
    bed_end(&bed);
}

static void reset_removes_and_override_replaces(void **state)
{
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    add_file(&bed, "a.yaml",
             "services:\n"
             "  web: {image: a, user: root, ports: [\"80:80\"], environment: {A: 1, B: 1}}\n"
             "  gone: {image: b}\n");
    add_file(&bed, "b.yaml",
             "services:\n"
             "  web: {user: !reset null, ports: !override [\"81:81\"], environment: {A: !reset }}\n"
             "  gone: !reset null\n");
    bed_load_files(&bed);
    bed_expect_loaded(&bed);
    web = stack_find_service(bed.stack, "web");
    assert_null(web->user);
    assert_int_equal(web->port_count, 1);
    assert_int_equal(web->ports[0].published, 81);
    assert_int_equal(web->environment.count, 1);
    assert_int_equal(bed.stack->service_count, 1);
    bed_end(&bed);
}

static void an_override_file_is_found(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    bed_write(&bed, "compose.yaml", "services: {a: {image: a}}\n");
    bed_write(&bed, "compose.override.yaml", "services: {a: {image: b}}\n");
    bed_load_files(&bed);
    bed_expect_loaded(&bed);
    assert_string_equal(bed.stack->services[0].image, "b");
    bed_end(&bed);
}

static void our_own_names_come_first_and_parents_are_searched(void **state)
{
    struct bed bed;
    AUTO_FREE char *below = NULL;
    struct error err = { 0 };

    (void)state;
    bed_begin(&bed);
    below = alloc_format("%s/below/further", bed.folder);
    assert_int_equal(file_make_folders(below, 0755, &err), 0);
    bed_write(&bed, "compose.yaml", "services: {a: {image: compose}}\n");
    bed_write(&bed, "stack.yaml", "services: {a: {image: stack}}\n");
    bed_write(&bed, "carte.yaml", "services: {a: {image: carte}}\n");
    bed.options.directory = below;
    bed_load_files(&bed);
    bed_expect_loaded(&bed);
    assert_string_equal(bed.stack->services[0].image, "carte");
    assert_string_equal(bed.stack->directory, bed.folder);
    bed_end(&bed);
}

static void variables_come_from_the_environment_before_the_file(void **state)
{
    struct bed bed;

    (void)state;
    bed_begin(&bed);
    assert_int_equal(setenv("CARTE_BED_OUTER", "outer", 1), 0);
    bed_write(&bed, ".env", "CARTE_BED_OUTER=inner\nCARTE_BED_INNER=inner\n");
    bed_load(&bed, "services:\n"
                   "  a: {image: \"$CARTE_BED_OUTER\", user: \"${CARTE_BED_INNER}\"}\n"
                   "  b: {image: \"$COMPOSE_PROJECT_NAME\", user: \"$CARTE_BED_NONE\"}\n");
    bed_expect_loaded(&bed);
    assert_string_equal(bed.stack->services[0].image, "outer");
    assert_string_equal(bed.stack->services[0].user, "inner");
    assert_string_equal(bed.stack->services[1].image, "bed");
    assert_null(bed.stack->services[1].user);
    assert_int_equal(bed.diagnostics.warning_count, 1);
    bed_end(&bed);
}

static void included_files_have_their_own_folder(void **state)
{
    struct bed bed;
    AUTO_FREE char *folder = NULL;
    struct error err = { 0 };

    (void)state;
    bed_begin(&bed);
    folder = alloc_format("%s/sub", bed.folder);
    assert_int_equal(file_make_folders(folder, 0755, &err), 0);
    bed_write(&bed, "sub/.env", "CARTE_BED_SUB=below\n");
    bed_write(&bed, "sub/more.yaml",
              "services: {db: {image: \"${CARTE_BED_SUB}\", volumes: [\"./d:/d\"]}}\n");
    bed_load(&bed, "include: [sub/more.yaml]\n"
                   "services: {web: {image: \"x${CARTE_BED_SUB:-}\", depends_on: [db]}}\n");
    bed_expect_loaded(&bed);
    assert_string_equal(stack_find_service(bed.stack, "db")->image, "below");
    assert_string_equal(stack_find_service(bed.stack, "web")->image, "x");
    assert_non_null(strstr(stack_find_service(bed.stack, "db")->mounts[0].source, "/sub/d"));
    bed_end(&bed);
}

static void services_extend_services_of_any_file(void **state)
{
    struct bed bed;
    const struct service *web = NULL;

    (void)state;
    bed_begin(&bed);
    bed_write(&bed, "base.yaml",
              "services:\n"
              "  base: {extends: {service: deep}, user: base}\n"
              "  deep: {image: deep, environment: {A: deep, B: deep}}\n"
              "  other: {extends: {file: stack.yaml, service: local}}\n");
    bed_load(&bed, "services:\n"
                   "  web:\n"
                   "    extends: {file: base.yaml, service: base}\n"
                   "    environment: [A=web]\n"
                   "  local: {extends: web, user: local}\n");
    bed_expect_loaded(&bed);
    assert_int_equal(bed.stack->service_count, 2);
    web = stack_find_service(bed.stack, "web");
    assert_string_equal(web->image, "deep");
    assert_string_equal(web->user, "base");
    assert_string_equal(strings_map_find(&web->environment, "A")->value, "web");
    assert_string_equal(strings_map_find(&web->environment, "B")->value, "deep");
    assert_string_equal(stack_find_service(bed.stack, "local")->user, "local");
    bed_end(&bed);
}

static void circles_of_files_and_services_are_mistakes(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        const char *says;
    } cases[] = {
        { "include: [stack.yaml]\nservices: {a: {image: a}}\n", 1, "leads back to itself" },
        { "services:\n  a: {image: a, extends: b}\n  b: {extends: a}\n", 2,
          "leads back to itself" },
        { "services:\n  a: {image: a, extends: {file: stack.yaml, service: a}}\n", 2,
          "leads back to itself" },
        { "services:\n  a: {image: a, extends: c}\n", 2, "no service 'c' to extend" },
        { "services:\n  a: {image: a, extends: {file: no.yaml, service: c}}\n", 2, "no.yaml" },
        { "include: [none.yaml]\nservices: {a: {image: a}}\n", 1, "none.yaml" },
        { "include: x\nservices: {a: {image: a}}\n", 1, "a list is expected" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bed bed;

        bed_begin(&bed);
        bed_load(&bed, cases[i].text);
        assert_null(bed.stack);
        if (!bed_says(&bed, cases[i].line, cases[i].says))
            fail_msg("case %zu: line %zu does not say '%s'", i, cases[i].line, cases[i].says);
        bed_end(&bed);
    }
}

static const char rich[] =
    "services:\n"
    "  web:\n"
    "    build: {context: ., args: {A: 1}, target: t, labels: {x: y}, tags: [one]}\n"
    "    command: 'say \"a b\" $$HOME'\n"
    "    entrypoint: []\n"
    "    environment: {A: \"line\\nline \\\"q\\\" \\\\ #\", B: , \"C D\": \"$$x ${HOME}\"}\n"
    "    ports: [\"127.0.0.1:80:80/udp\", \"9000-9009:90\", 70]\n"
    "    networks: {front: {aliases: [w, v]}, data: }\n"
    "    volumes: [\"./a:/a:ro\", \"v:/v:nocopy\", /anonymous]\n"
    "    tmpfs: /t:size=1m,mode=0700\n"
    "    depends_on: {db: {condition: service_healthy, restart: true}}\n"
    "    healthcheck: {test: [CMD, /x, \"a b\"], interval: 1500ms, retries: 0}\n"
    "    secrets: [s, {source: s, target: here, mode: 0400, uid: 5}]\n"
    "    configs: [c]\n"
    "    restart: unless-stopped\n"
    "    deploy: {resources: {limits: {cpus: 0.25, memory: 1.5g, pids: 5}},\n"
    "      update_config: {max_failure_ratio: 0.25, order: stop-first}}\n"
    "    autoscale: {min: 1, max: 9, tolerance: 0.05, metrics: [{type: memory, target: 60}],\n"
    "      behavior: {scale_up: {policies: [{type: percent, value: 50, period: 1m}]}}}\n"
    "    on_unhealthy: replace\n"
    "    ulimits: {nofile: {soft: 5, hard: -1}, nproc: 9}\n"
    "    labels: [a=b, c]\n"
    "    extra_hosts: {h: 10.0.0.1}\n"
    "    stop_grace_period: 0s\n"
    "    shm_size: 0\n"
    "    read_only: yes\n"
    "  db:\n"
    "    image: db\n"
    "    network_mode: none\n"
    "    deploy: {restart_policy: {}, replicas: 2}\n"
    "    healthcheck: {test: [NONE]}\n"
    "    autoscale: {max: 4, steps: {metric: memory, out: [{from: 70, add: 1}],\n"
    "      in: [{to: 40, remove: 1}]}}\n"
    "  job: {image: job, scale: 0, networks: [data]}\n"
    "networks:\n"
    "  front: {ipam: {config: [{subnet: 10.9.0.0/16, gateway: 10.9.0.1}]}, internal: true}\n"
    "  data: {name: other, external: true}\n"
    "volumes: {v: {driver_opts: {type: tmpfs}}}\n"
    "configs: {c: {content: \"a\\tb\\u00e9\"}}\n"
    "secrets: {s: {environment: SECRET}}\n";

/* Write the stack that was loaded as `name`, and load that as a resolved one. */
static char *write_and_reload(struct bed *bed, const char *name)
{
    AUTO_TEXT struct text text = { 0 };

    bed_expect_loaded(bed);
    stack_format(bed->stack, &text);
    bed_write(bed, name, text_get(&text));
    stack_free(bed->stack);
    strings_done(&bed->options.files);
    strings_take(&bed->options.files, alloc_format("%s/%s", bed->folder, name));
    bed->options.resolved = true;
    bed_load_files(bed);
    bed_expect_loaded(bed);
    return text_steal(&text);
}

static void what_is_written_reads_back_the_same(void **state)
{
    struct bed bed;
    AUTO_FREE char *first = NULL;
    AUTO_FREE char *second = NULL;
    char before[65];
    char after[65];

    (void)state;
    bed_begin(&bed);
    bed_load(&bed, rich);
    bed_expect_loaded(&bed);
    stack_service_digest(bed.stack, &bed.stack->services[0], before);
    first = write_and_reload(&bed, "first.yaml");
    stack_service_digest(bed.stack, &bed.stack->services[0], after);
    assert_string_equal(before, after);
    second = write_and_reload(&bed, "second.yaml");
    assert_string_equal(first, second);
    assert_string_equal(bed.stack->services[0].command.items[2], "$HOME");
    assert_string_equal(bed.stack->services[0].environment.pairs[0].value, "line\nline \"q\" \\ #");
    assert_int_equal(bed.stack->services[1].restart.condition, SERVICE_RESTART_ANY);
    assert_int_equal(bed.stack->services[1].healthcheck.probe, SERVICE_PROBE_NONE);
    assert_int_equal(bed.stack->services[1].replicas, 2);
    assert_int_equal(bed.stack->services[0].shm_bytes, 0);
    assert_int_equal(bed.stack->services[0].stop_grace_period_ms, 0);
    assert_int_equal(bed.stack->services[1].autoscale.steps[1].change, -1);
    bed_end(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_files_are_merged_on_earlier_ones),
        cmocka_unit_test(reset_removes_and_override_replaces),
        cmocka_unit_test(an_override_file_is_found),
        cmocka_unit_test(our_own_names_come_first_and_parents_are_searched),
        cmocka_unit_test(variables_come_from_the_environment_before_the_file),
        cmocka_unit_test(included_files_have_their_own_folder),
        cmocka_unit_test(services_extend_services_of_any_file),
        cmocka_unit_test(circles_of_files_and_services_are_mistakes),
        cmocka_unit_test(what_is_written_reads_back_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
