/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervise/control.h"
#include "supervise/control_server.h"
#include "supervise/events.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/local_socket.h"

#define SILENT_CLIENTS 400 /* of the 1024 descriptors that a process usually has, two each */

/*
 * Server and client in one process: the client, which blocks, runs in a thread of its own while
 * the test turns the loop.
 */
struct fixture {
    char folder[32];
    char *socket;
    struct event_base *base;
    struct events *events;
    struct control_server *server;
    struct control_server_request *kept; /* to be answered later */
    struct json *seen;                   /* last body */
    /* the client */
    const char *method, *path;
    struct json *body;
    struct json *answer;
    struct error err;
    int result;
    _Atomic size_t event_count;
    _Atomic bool done;
    uint64_t since;
};

static void answer_stack(void *context, struct control_server_request *request,
                         const struct json *body)
{
    struct json *answer = json_new_object();

    (void)context;
    (void)body;
    json_set_text(answer, "name", "shop");
    control_server_answer(request, answer);
}

static void answer_later(void *context, struct control_server_request *request,
                         const struct json *body)
{
    struct fixture *f = context;

    f->kept = request;
    json_free(f->seen);
    f->seen = json_copy(body);
}

static void refuse_scale(void *context, struct control_server_request *request,
                         const struct json *body)
{
    struct error err = { 0 };

    (void)context;
    error_set(&err, ERROR_EXISTS, "service '%s' is at its maximum",
              json_find_text(body, "service", "?"));
    control_server_refuse(request, &err);
}

static int set_up(void **state)
{
    struct fixture *f = alloc_new(struct fixture);
    AUTO_FREE char *stack = NULL;
    AUTO_FREE char *events = NULL;
    struct error err = { 0 };
    const struct control_server_handlers handlers = {
        .on = { [CONTROL_SERVER_STACK] = answer_stack,
                [CONTROL_SERVER_DOWN] = answer_later,
                [CONTROL_SERVER_SCALE] = refuse_scale },
        .context = f,
    };

    *state = f;
    strcpy(f->folder, "/tmp/carte-control.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    setenv("CARTE_RUN", f->folder, 1);
    stack = alloc_format("%s/stacks/shop", f->folder);
    events = alloc_format("%s/events.jsonl", f->folder);
    f->socket = alloc_format("%s/control.sock", stack);
    f->base = event_base_new();
    if (file_make_folders(stack, 0700, &err) < 0 || events_open(events, 0, &f->events, &err) < 0 ||
        control_server_open(f->base, f->socket, &handlers, f->events, &f->server, &err) < 0)
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };

    control_server_close(f->server);
    events_close(f->events);
    event_base_free(f->base);
    json_free(f->seen);
    json_free(f->answer);
    if (file_remove_tree(AT_FDCWD, f->folder, &err) < 0)
        return -1;
    free(f->socket);
    free(f);
    return 0;
}

static void *request_in_thread(void *context)
{
    struct fixture *f = context;

    if (strcmp(f->method, "GET") == 0)
        f->result = control_get("shop", f->path, 10000, &f->answer, &f->err);
    else
        f->result = control_post("shop", f->path, f->body, &f->answer, &f->err);
    f->done = true;
    return NULL;
}

static bool count_events(void *context, const struct json *event)
{
    struct fixture *f = context;

    assert_true(json_find_int(event, "seq", 0) > 0);
    return ++f->event_count < 4;
}

static void *follow_in_thread(void *context)
{
    struct fixture *f = context;

    f->result = control_follow("shop", f->since, count_events, f, &f->err);
    f->done = true;
    return NULL;
}

static void turn_once(struct fixture *f)
{
    struct timeval tick = { .tv_usec = 5000 };

    event_base_loopexit(f->base, &tick);
    event_base_dispatch(f->base);
}

static void finish(struct fixture *f, pthread_t thread)
{
    while (!f->done)
        turn_once(f);
    pthread_join(thread, NULL);
    f->done = false;
}

static void ask(struct fixture *f, const char *method, const char *path)
{
    pthread_t thread;

    f->method = method;
    f->path = path;
    assert_int_equal(pthread_create(&thread, NULL, request_in_thread, f), 0);
    finish(f, thread);
}

static void an_answer_comes_back(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET", "/v1/stack");
    assert_int_equal(f->result, 0);
    assert_string_equal(json_find_text(f->answer, "name", ""), "shop");
}

static void a_refusal_has_code_and_text(void **state)
{
    struct fixture *f = *state;
    AUTO(json) struct json *body = json_new_object();

    json_set_text(body, "service", "login");
    f->body = body;
    ask(f, "POST", "/v1/scale");
    assert_int_equal(f->result, -1);
    assert_int_equal(f->err.code, ERROR_EXISTS);
    assert_string_equal(f->err.text, "service 'login' is at its maximum");
}

static void s42_what_is_not_served_is_refused(void **state)
{
    static const char *const requests[][2] = {
        { "GET", "/v1/nothing" },
        { "GET", "/v1/scale" },
        { "POST", "/v1/restart" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        error_clear(&f->err);
        ask(f, requests[i][0], requests[i][1]);
        assert_int_equal(f->result, -1);
        assert_int_equal(f->err.code, ERROR_INVALID);
    }
}

static void without_a_supervisor_there_is_nothing_to_ask(void **state)
{
    struct fixture *f = *state;
    struct json *answer = NULL;
    struct error err = { 0 };

    assert_int_equal(control_get("other", "/v1/stack", 1000, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    control_server_close(STEAL_PTR(f->server));
    error_clear(&err);
    assert_int_equal(control_get("shop", "/v1/stack", 1000, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void an_answer_may_come_late(void **state)
{
    struct fixture *f = *state;
    AUTO(json) struct json *body = json_new_object();
    pthread_t thread;

    json_set_int(body, "timeout_ms", 1500);
    f->body = body;
    f->method = "POST";
    f->path = "/v1/down";
    assert_int_equal(pthread_create(&thread, NULL, request_in_thread, f), 0);
    while (!f->kept)
        turn_once(f);
    assert_int_equal(json_find_int(f->seen, "timeout_ms", 0), 1500);
    assert_false(control_server_is_idle(f->server));
    control_server_answer(f->kept, NULL);
    while (!control_server_is_idle(f->server))
        turn_once(f);
    finish(f, thread);
    assert_int_equal(f->result, 0);
}

static int connect_raw(const struct fixture *f)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    assert_true(strlen(f->socket) < sizeof(address.sun_path));
    memcpy(address.sun_path, f->socket, strlen(f->socket));
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void a_client_that_left_does_no_harm(void **state)
{
    static const char request[] = "POST /v1/down HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    struct fixture *f = *state;
    int fd = connect_raw(f);

    assert_true(write(fd, request, strlen(request)) > 0);
    while (!f->kept)
        turn_once(f);
    close(fd);
    turn_once(f);
    control_server_answer(f->kept, NULL);
    assert_true(control_server_is_idle(f->server));
}

static void s42_a_body_that_is_no_object_is_refused(void **state)
{
    static const char request[] =
        "POST /v1/scale HTTP/1.1\r\nConnection: close\r\nContent-Length: 7\r\n\r\n[1,2,3]";
    struct fixture *f = *state;
    int fd = connect_raw(f);
    char answer[512] = "";

    assert_true(write(fd, request, strlen(request)) > 0);
    turn_once(f);
    assert_true(read(fd, answer, sizeof(answer) - 1) > 0);
    assert_true(strncmp(answer, "HTTP/1.1 400 ", 13) == 0);
    close(fd);
}

static void events_are_followed_from_a_number_on(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        events_emit(f->events, "past", NULL, NULL, "%d", i);
    f->since = 1;
    assert_int_equal(pthread_create(&thread, NULL, follow_in_thread, f), 0);
    for (int i = 0; i < 500 && f->event_count < 2; i++)
        turn_once(f);
    events_emit(f->events, "now", NULL, NULL, "3");
    events_emit(f->events, "now", NULL, NULL, "4");
    finish(f, thread);
    assert_int_equal(f->result, 0);
    assert_int_equal(f->event_count, 4);
    /* The follower is gone; its subscription must be too. */
    turn_once(f);
    events_emit(f->events, "now", NULL, NULL, "nobody listens");
}

static void s23_the_socket_is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct stat status;

    assert_int_equal(stat(f->socket, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* Half of them have begun a request, which they never end. */
static void s33_clients_that_say_nothing_keep_nobody_out(void **state)
{
    struct fixture *f = *state;
    int silent[SILENT_CLIENTS];

    for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
        struct error err = { 0 };

        assert_int_equal(local_socket_connect(f->socket, &silent[i], &err), 0);
        if (i % 2)
            assert_int_equal(send(silent[i], "GET /v1/st", 10, MSG_NOSIGNAL), 10);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    ask(f, "GET", "/v1/stack");
    assert_int_equal(f->result, 0);
    for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
        close(silent[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_has_code_and_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(s42_what_is_not_served_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_supervisor_there_is_nothing_to_ask, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_answer_may_come_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_left_does_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(s42_a_body_that_is_no_object_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_followed_from_a_number_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(s33_clients_that_say_nothing_keep_nobody_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(s23_the_socket_is_for_its_owner_alone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
