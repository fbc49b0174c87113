/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <string.h>

#include "cli/project.h"
#include "cli/stack_choice.h"
#include "util/alloc.h"
#include "util/error.h"

static char web[] = "web", api[] = "api", db[] = "db";

struct fixture {
    struct stack stack;
    struct service services[3];
    struct service_dependency on_api, on_db;
};

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){ .on_api = { .service = api }, .on_db = { .service = db } };
    f.services[0] = (struct service){
        .name = web, .depends_on = &f.on_api, .dependency_count = 1, .replicas = 1
    };
    f.services[1] = (struct service){
        .name = api, .depends_on = &f.on_db, .dependency_count = 1, .replicas = 1
    };
    f.services[2] = (struct service){ .name = db, .replicas = 1 };
    f.services[2].autoscale.enabled = true;
    f.stack = (struct stack){ .services = f.services, .service_count = 3 };
    *state = &f;
    return 0;
}

static void a_choice_brings_its_dependencies_along(void **state)
{
    struct fixture *f = *state;
    AUTO_STRINGS struct strings names = { 0 }, out = { 0 };
    struct error err = { 0 };

    strings_add(&names, "web");
    assert_int_equal(stack_choice_close(&f->stack, &names, &out, &err), 0);
    assert_int_equal(out.count, 3);
    assert_true(strings_has(&out, "db"));
}

static void no_choice_is_every_service(void **state)
{
    struct fixture *f = *state;
    AUTO_STRINGS struct strings out = { 0 };
    struct strings none = { 0 };
    struct error err = { 0 };

    assert_int_equal(stack_choice_close(&f->stack, &none, &out, &err), 0);
    assert_int_equal(out.count, 3);
}

static void an_unknown_service_is_named(void **state)
{
    struct fixture *f = *state;
    AUTO_STRINGS struct strings names = { 0 }, out = { 0 }, words = { 0 };
    struct error err = { 0 };

    strings_add(&names, "wev");
    assert_int_equal(stack_choice_close(&f->stack, &names, &out, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "no such service: 'wev'; did you mean 'web'?");
    error_clear(&err);
    strings_add(&words, "apo=3");
    assert_int_equal(stack_choice_scale(&f->stack, &words, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void scale_sets_the_replicas(void **state)
{
    struct fixture *f = *state;
    AUTO_STRINGS struct strings words = { 0 };
    struct error err = { 0 };

    strings_add(&words, "api=4");
    assert_int_equal(stack_choice_scale(&f->stack, &words, &err), 0);
    assert_int_equal(f->services[1].replicas, 4);
}

static void what_is_not_chosen_stays_as_it_is(void **state)
{
    static const char text[] = "{\"services\":[{\"name\":\"api\",\"desired\":3}]}";
    struct fixture *f = *state;
    AUTO_STRINGS struct strings chosen = { 0 };
    struct error err = { 0 };
    AUTO(json) struct json *running = json_parse(text, strlen(text), &err);

    strings_add(&chosen, "web");
    assert_int_equal(stack_choice_keep_others(&f->stack, &chosen, running, &err), 0);
    assert_int_equal(f->services[0].replicas, 1);
    assert_int_equal(f->services[1].replicas, 3);
    /* It is depended upon, and so it stays. */
    assert_int_equal(f->services[2].replicas, 0);
    assert_false(f->services[2].autoscale.enabled);
}

static void lists_of_files_are_divided(void **state)
{
    AUTO_STRINGS struct strings out = { 0 };

    (void)state;
    project_split("a.yaml:b.yaml", NULL, &out);
    project_split("c;;d", ";", &out);
    assert_int_equal(out.count, 4);
    assert_string_equal(out.items[1], "b.yaml");
    assert_string_equal(out.items[3], "d");
}

static void a_project_cannot_leave_its_folder(void **state)
{
    static const char *const wrong[] = { "", "..", "a/b", "A", "-a", "_a", "a b", "a.b" };
    struct error err = { 0 };

    (void)state;
    assert_int_equal(project_check_name("meta-verse_2", &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        error_clear(&err);
        assert_int_equal(project_check_name(wrong[i], &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_choice_brings_its_dependencies_along, setup),
        cmocka_unit_test_setup(no_choice_is_every_service, setup),
        cmocka_unit_test_setup(an_unknown_service_is_named, setup),
        cmocka_unit_test_setup(scale_sets_the_replicas, setup),
        cmocka_unit_test_setup(what_is_not_chosen_stays_as_it_is, setup),
        cmocka_unit_test(lists_of_files_are_divided),
        cmocka_unit_test(a_project_cannot_leave_its_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
