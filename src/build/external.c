/* SPDX-License-Identifier: MIT */

/*
 * Programs of the host
 */

#include "build/external.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define LINE_MAX_LENGTH 4096U

/* One of the two pipes: what was read and is no whole line yet. */
struct flow {
    int fd;
    struct text pending;
    external_line_fn line;
    void *context;
};

void external_done(struct external *external)
{
    strings_done(&external->args);
    strings_done(&external->env);
}

static char *find_program(const char *name)
{
    AUTO_FREE char *path = alloc_text(getenv("PATH"));
    char *rest = path;

    for (char *folder = strsep(&rest, ":"); folder; folder = strsep(&rest, ":")) {
        AUTO_FREE char *candidate = alloc_format("%s/%s", folder, name);

        if (access(candidate, X_OK) == 0)
            return STEAL_PTR(candidate);
    }
    return NULL;
}

static void child_failed(const char *what)
{
    dprintf(STDERR_FILENO, "E: %s: %s\n", what, strerror(errno));
    _exit(127);
}

/* The mounts are made for the new pid namespace, and nothing of them is seen outside. */
__attribute__((noreturn)) static void child(const char *program, char *const *args,
                                            char *const *env, int output, int message)
{
    int input = open("/dev/null", O_RDWR | O_CLOEXEC);

    process_reset_signals();
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(message, STDERR_FILENO) < 0)
        _exit(127);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        child_failed("set the signal of the parent's death");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        child_failed("mount /proc");
    execve(program, args, env);
    child_failed(program);
    _exit(127);
}

/* Hand over the whole lines; of a very long one, what there is. */
static void take_lines(struct flow *flow)
{
    for (;;) {
        size_t length = strcspn(text_get(&flow->pending), "\r\n");
        AUTO_FREE char *line = NULL;

        if (length == flow->pending.length && length < LINE_MAX_LENGTH)
            return;
        line = alloc_text_part(text_get(&flow->pending), length);
        text_drop_front(&flow->pending, MIN(length + 1, flow->pending.length));
        if (flow->line && *line)
            flow->line(flow->context, line);
    }
}

/* false: it is at its end. */
static bool read_some(struct flow *flow)
{
    char chunk[4096];
    ssize_t got = read(flow->fd, chunk, sizeof(chunk));

    if (got < 0 && errno == EINTR)
        return true;
    if (got <= 0) {
        close(flow->fd);
        flow->fd = -1;
        return false;
    }
    text_add_bytes(&flow->pending, chunk, (size_t)got);
    take_lines(flow);
    return true;
}

static void read_all(struct flow flows[2])
{
    unsigned open = 2;

    while (open > 0) {
        struct pollfd polls[2] = { { .fd = flows[0].fd, .events = POLLIN },
                                   { .fd = flows[1].fd, .events = POLLIN } };

        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            return;
        for (size_t i = 0; i < 2; i++) {
            if (polls[i].revents && !read_some(&flows[i]))
                open--;
        }
    }
}

/* The last messages, for the error of a program that fails. */
struct listener {
    const struct external *external;
    struct text last;
};

static void hear_message(void *context, const char *line)
{
    struct listener *listener = context;

    if (listener->last.length > 512) {
        const char *newline = strchr(text_get(&listener->last) + 128, '\n');

        text_drop_front(&listener->last, newline ? (size_t)(newline - listener->last.data) + 1 : 0);
    }
    text_add_format(&listener->last, "%s%.200s", listener->last.length > 0 ? "\n" : "", line);
    if (listener->external->message)
        listener->external->message(listener->external->context, line);
}

static int wait_for(pid_t pid, int *status_out, struct error *err)
{
    while (waitpid(pid, status_out, 0) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "wait for a program");
    }
    return 0;
}

static char *const *make_environment(const struct external *external, struct strings *env)
{
    for (char **item = environ; *item; item++)
        strings_add(env, *item);
    for (size_t i = 0; i < external->env.count; i++) {
        const char *item = external->env.items[i];
        const char *equals = strchr(item, '=');
        AUTO_FREE char *key = alloc_text_part(item, equals ? (size_t)(equals - item) : 0);

        strings_set_env(env, key, equals ? equals + 1 : "");
    }
    return env->items;
}

static int start(const struct external *external, const char *path, struct flow flows[2],
                 pid_t *pid_out, struct error *err)
{
    AUTO_STRINGS struct strings env = { 0 };
    char *const *environment = make_environment(external, &env);
    AUTO_CLOSE int pidfd = -1;
    int output[2] = { -1, -1 };
    int message[2] = { -1, -1 };

    if (pipe2(output, O_CLOEXEC) < 0 || pipe2(message, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe");
    flows[0].fd = output[0];
    flows[1].fd = message[0];
    *pid_out = process_fork(CLONE_NEWPID | CLONE_NEWNS, -1, false, &pidfd, err);
    if (*pid_out == 0)
        child(path, external->args.items, environment, output[1], message[1]);
    close(output[1]);
    close(message[1]);
    return *pid_out < 0 ? -1 : 0;
}

int external_run(const struct external *external, struct error *err)
{
    const char *name = external->args.items[0];
    AUTO_FREE char *path = find_program(name);
    struct listener listener = { .external = external };
    struct flow flows[2] = {
        { .fd = -1, .line = external->output, .context = external->context },
        { .fd = -1, .line = hear_message, .context = &listener },
    };
    pid_t pid = -1;
    int status = 0;
    int result = -1;

    if (!path)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not installed: install the package '%s'",
                         name, external->package);
    if (start(external, path, flows, &pid, err) == 0) {
        read_all(flows);
        result = wait_for(pid, &status, err);
    }
    for (size_t i = 0; i < 2; i++) {
        if (flows[i].fd >= 0)
            close(flows[i].fd);
        text_done(&flows[i].pending);
    }
    if (result == 0 && status != 0)
        result = error_set(err, ERROR_SYSTEM, "%s failed:\n%s", name, text_get(&listener.last));
    text_done(&listener.last);
    return result;
}
