/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise/state.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

static struct state_replica *make_replica(void)
{
    struct state_replica *replica = alloc_new(struct state_replica);

    replica->name = alloc_text("meta-login-2");
    replica->id = alloc_text("login-2-17");
    replica->service = alloc_text("login");
    replica->index = 2;
    replica->serial = 17;
    replica->revision = 4;
    replica->digest = alloc_text("d1");
    replica->image = alloc_text("sha256:1");
    replica->state = REPLICA_FAILING;
    replica->healthy = true;
    replica->leaving = true;
    replica->pid = 4711;
    replica->start_time = 123456789;
    replica->restarts = 3;
    replica->started_ms = INT64_C(1795264014359);
    replica->exit = STATE_EXIT_OOM;
    replica->exit_code = 9;
    replica->exit_text = alloc_text("was killed");
    replica->endpoint_count = 1;
    replica->endpoints[0].network = alloc_text("front");
    replica->endpoints[0].address = 0xFE580002; /* more than a signed 32-bit number holds */
    snprintf(replica->endpoints[0].host_link, 16, "c12345678h0");
    snprintf(replica->endpoints[0].inner_link, 16, "eth0");
    return replica;
}

static void assert_same(const struct state_replica *a, const struct state_replica *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->service, b->service);
    assert_string_equal(a->digest, b->digest);
    assert_string_equal(a->image, b->image);
    assert_string_equal(a->exit_text, b->exit_text);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->serial, b->serial);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->healthy, b->healthy);
    assert_int_equal(a->leaving, b->leaving);
    assert_int_equal(a->pid, b->pid);
    assert_int_equal(a->start_time, b->start_time);
    assert_int_equal(a->restarts, b->restarts);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->exit, b->exit);
    assert_int_equal(a->exit_code, b->exit_code);
    assert_int_equal(a->endpoint_count, b->endpoint_count);
    assert_string_equal(a->endpoints[0].network, b->endpoints[0].network);
    assert_int_equal(a->endpoints[0].address, b->endpoints[0].address);
    assert_string_equal(a->endpoints[0].host_link, b->endpoints[0].host_link);
    assert_string_equal(a->endpoints[0].inner_link, b->endpoints[0].inner_link);
}

static void a_record_reads_back_as_it_was_written(void **state)
{
    struct error err = { 0 };
    struct state_replica *written = make_replica();
    struct state_replica *read = NULL;
    struct json *json = state_format_replica(written);

    (void)state;
    assert_int_equal(state_parse_replica(json, &read, &err), 0);
    assert_same(written, read);
    json_free(json);
    state_replica_free(written);
    state_replica_free(read);
}

static void what_is_no_record_is_refused(void **state)
{
    static const char *const cases[] = { "{}", "[]", "{\"name\":\"a\",\"id\":\"b\"}", "3" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        struct state_replica *read = NULL;
        struct json *json = json_parse(cases[i], strlen(cases[i]), &err);

        assert_non_null(json);
        assert_int_equal(state_parse_replica(json, &read, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        json_free(json);
    }
}

/* The state of a future version is as unknown as a start that was cut short. */
static void an_unknown_state_counts_as_a_start_under_way(void **state)
{
    static const char text[] =
        "{\"name\":\"a\",\"id\":\"b\",\"service\":\"c\",\"state\":\"flying\"}";
    struct error err = { 0 };
    struct state_replica *read = NULL;
    struct json *json = json_parse(text, strlen(text), &err);

    (void)state;
    assert_int_equal(state_parse_replica(json, &read, &err), 0);
    assert_int_equal(read->state, REPLICA_STARTING);
    assert_int_equal(read->pid, 0);
    json_free(json);
    state_replica_free(read);
}

static void records_of_another_boot_are_void(void **state)
{
    char path[] = "/tmp/test_state_XXXXXX";
    static const char text[] = "{\"serial\":3,\"boot\":\"another\"}";
    struct error err = { 0 };
    struct json *json = json_new_object();
    struct json *read = NULL;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_int_equal(state_load_json(path, &read, &err), 0);
    assert_null(read);
    json_set_int(json, "serial", 4);
    assert_int_equal(state_save_json(path, json, &err), 0);
    assert_int_equal(state_load_json(path, &read, &err), 0);
    assert_int_equal(json_find_int(read, "serial", 0), 4);
    json_free(json);
    json_free(read);
    unlink(path);
    read = NULL;
    assert_int_equal(state_load_json(path, &read, &err), 0);
    assert_null(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_reads_back_as_it_was_written),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(an_unknown_state_counts_as_a_start_under_way),
        cmocka_unit_test(records_of_another_boot_are_void),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
