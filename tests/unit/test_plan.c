/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "supervise/container_config.h"
#include "supervise/plan.h"
#include "util/error.h"

/* Texts of a test are constants; the model owns its strings and nothing here frees them. */
static char *constant(const char *text)
{
    union {
        const char *from;
        char *to;
    } both = { .from = text };

    return both.to;
}

struct fixture {
    struct stack stack;
    struct service service;
    struct image image;
    struct plan_input input;
};

static void prepare(struct fixture *fixture)
{
    *fixture = (struct fixture){ 0 };
    fixture->stack.name = constant("meta");
    fixture->service.name = constant("login");
    strings_add(&fixture->image.layers, "/layers/top");
    strings_add(&fixture->image.layers, "/layers/base");
    strings_add(&fixture->image.config.env, "A=1");
    strings_add(&fixture->image.config.env, "B=2");
    strings_add(&fixture->image.config.entrypoint, "/entry");
    strings_add(&fixture->image.config.cmd, "run");
    fixture->input = (struct plan_input){
        .stack = &fixture->stack,
        .service = &fixture->service,
        .image = &fixture->image,
        .id = "login-1-7",
        .cgroup_parent = "carte12345678",
        .hostname = "login-1",
        .netns_path = "/run/netns/login-1-7",
        .data_folder = "/data/login-1-7",
        .files_folder = "/files/login-1-7",
        .volumes_folder = "/volumes",
    };
}

static void done(struct fixture *fixture)
{
    strings_done(&fixture->image.layers);
    strings_done(&fixture->image.config.env);
    strings_done(&fixture->image.config.entrypoint);
    strings_done(&fixture->image.config.cmd);
    strings_done(&fixture->image.config.volumes);
    strings_done(&fixture->image.config.health_test);
    strings_done(&fixture->service.command);
    strings_done(&fixture->service.entrypoint);
    strings_done(&fixture->service.security_opt);
    strings_done(&fixture->service.cap_add);
    strings_map_done(&fixture->service.environment);
}

static struct plan *make(struct fixture *fixture)
{
    struct error err = { 0 };
    struct plan *plan = NULL;

    assert_int_equal(plan_make(&fixture->input, &plan, &err), 0);
    return plan;
}

static const struct container_mount *find_mount(const struct plan *plan, const char *target)
{
    static const struct container_mount none = { .source = "", .target = "" };

    for (size_t i = 0; i < plan->spec.mount_count; i++)
        if (strcmp(plan->spec.mounts[i].target, target) == 0)
            return &plan->spec.mounts[i];
    return &none;
}

static void a_container_gets_the_place_of_its_replica(void **state)
{
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    plan = make(&fixture);
    assert_string_equal(plan->spec.id, "login-1-7");
    assert_string_equal(plan->spec.upper, "/data/login-1-7/upper");
    assert_string_equal(plan->spec.lower.items[0], "/layers/top");
    assert_int_equal(plan->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how, CONTAINER_JOIN);
    assert_string_equal(plan->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].path,
                        "/run/netns/login-1-7");
    assert_string_equal(plan->spec.hostname, "login-1");
    assert_true(plan->spec.sibling);
    assert_false(plan->spec.program.allow_new_privileges);
    assert_string_equal(find_mount(plan, "/etc/hosts")->source, "/files/login-1-7/hosts");
    assert_true(find_mount(plan, "/etc/resolv.conf")->read_only);
    plan_free(plan);
    done(&fixture);
}

static void the_image_says_what_runs(void **state)
{
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    plan = make(&fixture);
    assert_int_equal(plan->spec.program.args.count, 2);
    assert_string_equal(plan->spec.program.args.items[1], "run");
    plan_free(plan);
    fixture.service.has_command = true;
    strings_add(&fixture.service.command, "serve");
    plan = make(&fixture);
    assert_string_equal(plan->spec.program.args.items[0], "/entry");
    assert_string_equal(plan->spec.program.args.items[1], "serve");
    plan_free(plan);
    done(&fixture);
}

static void an_entry_point_of_the_service_makes_the_images_command_void(void **state)
{
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    fixture.service.has_entrypoint = true;
    strings_add(&fixture.service.entrypoint, "/other");
    plan = make(&fixture);
    assert_int_equal(plan->spec.program.args.count, 1);
    assert_string_equal(plan->spec.program.args.items[0], "/other");
    plan_free(plan);
    done(&fixture);
}

static void a_service_without_a_command_is_refused(void **state)
{
    struct fixture fixture;
    struct error err = { 0 };
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    fixture.service.has_entrypoint = true;
    assert_int_equal(plan_make(&fixture.input, &plan, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_null(plan);
    done(&fixture);
}

static void variables_of_the_service_come_over_those_of_the_image(void **state)
{
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    strings_map_set(&fixture.service.environment, "A", "9");
    strings_map_set(&fixture.service.environment, "B", NULL);
    plan = make(&fixture);
    assert_string_equal(strings_find_env(&plan->spec.program.env, "A"), "9");
    assert_null(strings_find_env(&plan->spec.program.env, "B"));
    assert_non_null(strings_find_env(&plan->spec.program.env, "PATH"));
    assert_string_equal(strings_find_env(&plan->spec.program.env, "HOSTNAME"), "login-1");
    plan_free(plan);
    done(&fixture);
}

static void volumes_have_a_place_and_are_filled(void **state)
{
    struct stack_volume volume = { .key = constant("db"), .name = constant("meta_db") };
    struct service_mount mounts[] = {
        { .kind = SERVICE_MOUNT_VOLUME, .source = constant("db"), .target = constant("/data") },
        { .kind = SERVICE_MOUNT_BIND,
          .source = constant("/host"),
          .target = constant("/in"),
          .read_only = true },
        { .kind = SERVICE_MOUNT_TMPFS, .target = constant("/tmp"), .size_bytes = 4096 },
    };
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    fixture.stack.volumes = &volume;
    fixture.stack.volume_count = 1;
    fixture.service.mounts = mounts;
    fixture.service.mount_count = ARRAY_SIZE(mounts);
    strings_add(&fixture.image.config.volumes, "/data");
    strings_add(&fixture.image.config.volumes, "/cache");
    plan = make(&fixture);
    assert_string_equal(find_mount(plan, "/data")->source, "/volumes/meta_db/data");
    assert_true(find_mount(plan, "/in")->read_only);
    assert_int_equal(find_mount(plan, "/tmp")->size_bytes, 4096);
    assert_string_equal(find_mount(plan, "/cache")->source, "/data/login-1-7/volumes/i1");
    assert_int_equal(plan->volume_count, 3);
    assert_true(plan->volumes[0].fill);
    assert_true(plan->volumes[1].is_bind);
    assert_false(plan->volumes[1].create);
    plan_free(plan);
    done(&fixture);
}

static void limits_and_security_are_taken_over(void **state)
{
    struct service_ulimit ulimit = { .name = constant("nofile"), .soft = 100, .hard = -1 };
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    fixture.service.limits = (struct service_limits){ .cpu_millis = 500, .pids = 64 };
    fixture.service.ulimits = &ulimit;
    fixture.service.reservations.memory_bytes = 4096;
    fixture.service.ulimit_count = 1;
    strings_add(&fixture.service.security_opt, "no-new-privileges:false");
    plan = make(&fixture);
    assert_int_equal(plan->spec.limits.cpu_millis, 500);
    assert_int_equal(plan->spec.limits.pids, 64);
    assert_int_equal(*plan->spec.program.oom_score_adj, 0);
    assert_int_equal(plan->spec.limits.memory_low_bytes, 4096);
    assert_int_equal(plan->spec.program.ulimits[0].resource, RLIMIT_NOFILE);
    assert_true(plan->spec.program.ulimits[0].hard == RLIM_INFINITY);
    assert_true(plan->spec.program.allow_new_privileges);
    plan_free(plan);
    ulimit.name = constant("nofiles");
    {
        struct error err = { 0 };

        assert_int_equal(plan_make(&fixture.input, &plan, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
    done(&fixture);
}

static void the_host_network_brings_its_own_files(void **state)
{
    struct fixture fixture;
    struct plan *plan = NULL;

    (void)state;
    prepare(&fixture);
    fixture.service.network_mode = constant("host");
    plan = make(&fixture);
    assert_int_equal(plan->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].how, CONTAINER_INHERIT);
    assert_string_equal(find_mount(plan, "/etc/hosts")->target, "");
    assert_null(plan->spec.namespaces[CONTAINER_NAMESPACE_NETWORK].path);
    plan_free(plan);
    done(&fixture);
}

static void the_stop_signal_is_the_services_then_the_images(void **state)
{
    struct service service = { 0 };
    struct image_config image = { 0 };

    (void)state;
    assert_int_equal(plan_stop_signal(&service, &image), SIGTERM);
    image.stop_signal = constant("SIGQUIT");
    assert_int_equal(plan_stop_signal(&service, &image), SIGQUIT);
    service.stop_signal = constant("int");
    assert_int_equal(plan_stop_signal(&service, &image), SIGINT);
    service.stop_signal = constant("10");
    assert_int_equal(plan_stop_signal(&service, &image), 10);
    service.stop_signal = constant("SIGNONSENSE");
    assert_int_equal(plan_stop_signal(&service, &image), SIGTERM);
}

static void a_health_check_is_inherited_where_the_service_has_none(void **state)
{
    struct service_healthcheck check;
    struct fixture fixture;

    (void)state;
    prepare(&fixture);
    fixture.service.healthcheck = (struct service_healthcheck){ .interval_ms = 30000 };
    plan_healthcheck(&fixture.service, &fixture.image.config, &check);
    assert_int_equal(check.probe, SERVICE_PROBE_NONE);
    strings_done(&check.test);
    strings_add(&fixture.image.config.health_test, "CMD-SHELL");
    strings_add(&fixture.image.config.health_test, "test -e /ok");
    fixture.image.config.health_interval_ms = 500;
    plan_healthcheck(&fixture.service, &fixture.image.config, &check);
    assert_int_equal(check.probe, SERVICE_PROBE_SHELL);
    assert_string_equal(check.test.items[0], "test -e /ok");
    assert_int_equal(check.interval_ms, 500);
    strings_done(&check.test);
    fixture.service.healthcheck.probe = SERVICE_PROBE_NONE;
    plan_healthcheck(&fixture.service, &fixture.image.config, &check);
    assert_int_equal(check.probe, SERVICE_PROBE_NONE);
    strings_done(&check.test);
    done(&fixture);
}

static void own_ids_shift_what_is_shared(void **state)
{
    struct service_mount mounts[] = {
        { .kind = SERVICE_MOUNT_BIND, .source = constant("/src"), .target = constant("/dst") },
        { .kind = SERVICE_MOUNT_TMPFS, .target = constant("/tmp") },
    };
    struct fixture f;
    struct plan *plan = NULL;
    struct error err = { 0 };

    (void)state;
    prepare(&f);
    f.service.mounts = mounts;
    f.service.mount_count = 2;
    assert_int_equal(plan_make(&f.input, &plan, &err), 0);
    assert_int_equal(plan->spec.id_maps.user_count, 0);
    plan_set_ids(plan, 1000000, 65536);
    assert_int_equal(plan->spec.id_maps.users[0].outside, 1000000);
    assert_int_equal(plan->spec.id_maps.groups[0].count, 65536);
    for (size_t i = 0; i < plan->spec.mount_count; i++)
        assert_int_equal(plan->spec.mounts[i].idmap,
                         plan->spec.mounts[i].kind == CONTAINER_MOUNT_BIND);
    plan_free(plan);
    done(&f);
}

static void what_a_service_runs_becomes_what_an_image_runs(void **state)
{
    struct fixture fixture;
    struct image_config config = { 0 };
    struct service_port port = { .target = 53, .protocol = SERVICE_UDP };

    (void)state;
    prepare(&fixture);
    fixture.service.has_entrypoint = true;
    strings_add(&fixture.service.entrypoint, "/own");
    strings_map_set(&fixture.service.environment, "A", "2");
    strings_map_set(&fixture.service.environment, "B", NULL);
    strings_add(&fixture.service.expose, "80");
    fixture.service.ports = &port;
    fixture.service.port_count = 1;
    fixture.service.user = constant("nobody");
    fixture.service.healthcheck.probe = SERVICE_PROBE_NONE;
    container_config_make(&fixture.service, &fixture.image.config, &config);
    assert_int_equal(config.entrypoint.count, 1);
    assert_string_equal(config.entrypoint.items[0], "/own");
    assert_int_equal(config.cmd.count, 0); /* it was the image's entry point's */
    assert_int_equal(config.env.count, 1);
    assert_string_equal(config.env.items[0], "A=2");
    assert_true(strings_has(&config.exposed, "80/tcp"));
    assert_true(strings_has(&config.exposed, "53/udp"));
    assert_string_equal(config.user, "nobody");
    assert_string_equal(config.health_test.items[0], "NONE");
    image_config_done(&config);
    strings_done(&fixture.service.entrypoint);
    strings_map_done(&fixture.service.environment);
    strings_done(&fixture.service.expose);
    done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_ids_shift_what_is_shared),
        cmocka_unit_test(a_container_gets_the_place_of_its_replica),
        cmocka_unit_test(the_image_says_what_runs),
        cmocka_unit_test(an_entry_point_of_the_service_makes_the_images_command_void),
        cmocka_unit_test(a_service_without_a_command_is_refused),
        cmocka_unit_test(variables_of_the_service_come_over_those_of_the_image),
        cmocka_unit_test(volumes_have_a_place_and_are_filled),
        cmocka_unit_test(limits_and_security_are_taken_over),
        cmocka_unit_test(the_host_network_brings_its_own_files),
        cmocka_unit_test(the_stop_signal_is_the_services_then_the_images),
        cmocka_unit_test(a_health_check_is_inherited_where_the_service_has_none),
        cmocka_unit_test(what_a_service_runs_becomes_what_an_image_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
