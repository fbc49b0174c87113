/* SPDX-License-Identifier: MIT */

/*
 * Hooks
 *
 * What a hook prints belongs to nobody's output: it is kept for the message of a failure.
 */

#include "oci/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

#define PRINTED_MAX 512

static const char *const names[] = {
    [HOOK_PRESTART] = "prestart",
    [HOOK_CREATE_RUNTIME] = "createRuntime",
    [HOOK_CREATE_CONTAINER] = "createContainer",
    [HOOK_START_CONTAINER] = "startContainer",
    [HOOK_POSTSTART] = "poststart",
    [HOOK_POSTSTOP] = "poststop",
};
_Static_assert(ARRAY_SIZE(names) == HOOK_KIND_COUNT, "a kind of hook without a name");

static const struct shape_row hook_rows[] = {
    { .key = "path", SHAPE(TEXT, struct hook, path), .required = true },
    { .key = "args", SHAPE_MAYBE(TEXTS, struct hook, args, has_args) },
    { .key = "env", SHAPE_MAYBE(TEXTS, struct hook, env, has_env) },
    { .key = "timeout", SHAPE(INT, struct hook, timeout_s), .min = 1, .max = INT32_MAX },
    { 0 },
};

static int check_hook(const void *base, struct error *err)
{
    const struct hook *hook = base;

    if (hook->path[0] != '/')
        return error_set(err, ERROR_INVALID, "path: '%.256s' is not absolute", hook->path);
    return 0;
}

const struct shape hook_shape = { hook_rows, sizeof(struct hook), 0, check_hook };

/* A hook that runs. */
struct running {
    pid_t pid;
    int pidfd;
    int stdin_fd, output_fd; /* our ends */
    size_t written;
    char printed[PRINTED_MAX];
    size_t printed_length;
};

const char *hook_kind_name(enum hook_kind kind)
{
    return names[kind];
}

static void become_hook(const struct hook *hook, int input, int output)
{
    char *const bare[] = { (char *)(uintptr_t)hook->path, NULL };
    char *const nothing[] = { NULL };
    sigset_t none;

    sigemptyset(&none);
    setpgid(0, 0);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
        close_range(3, ~0U, 0) < 0)
        _exit(125);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(hook->path, hook->args.count ? hook->args.items : bare,
           hook->env.count ? hook->env.items
           : hook->has_env ? nothing
                           : environ);
    dprintf(2, "cannot be executed: %s", strerror(errno));
    _exit(127);
}

static int start_hook(const struct hook *hook, struct running *out, struct error *err)
{
    int input[2] = { -1, -1 }, output[2] = { -1, -1 };

    if (pipe2(input, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe");
    if (pipe2(output, O_CLOEXEC) < 0) {
        close(input[0]);
        close(input[1]);
        return error_set_errno(err, errno, "make a pipe");
    }
    out->stdin_fd = input[1];
    out->output_fd = output[0];
    out->pid = fork();
    if (out->pid == 0)
        become_hook(hook, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    fcntl(out->stdin_fd, F_SETFL, O_NONBLOCK);
    fcntl(out->output_fd, F_SETFL, O_NONBLOCK);
    if (out->pid > 0)
        out->pidfd = pidfd_open(out->pid, 0);
    if (out->pidfd >= 0)
        return 0;
    error_set_errno(err, errno, "make a process");
    if (out->pid > 0) {
        kill(out->pid, SIGKILL);
        waitpid(out->pid, NULL, 0);
    }
    return -1;
}

static void close_end(int *fd)
{
    cleanup_close(fd);
    *fd = -1;
}

/* A hook may well not read what it is told. */
static void feed(struct running *running, const char *state)
{
    size_t length = strlen(state);
    ssize_t count = write(running->stdin_fd, state + running->written, length - running->written);

    if (count > 0)
        running->written += (size_t)count;
    if ((count < 0 && errno != EAGAIN && errno != EINTR) || running->written == length)
        close_end(&running->stdin_fd);
}

/* Keep the end of what it prints. */
static void listen_to(struct running *running)
{
    char piece[PRINTED_MAX];
    ssize_t count = 0;

    while ((count = read(running->output_fd, piece, sizeof(piece))) > 0) {
        size_t fresh = (size_t)count;
        size_t kept = MIN(running->printed_length, PRINTED_MAX - fresh);

        memmove(running->printed, running->printed + running->printed_length - kept, kept);
        memcpy(running->printed + kept, piece, fresh);
        running->printed_length = kept + fresh;
    }
    if (count == 0)
        close_end(&running->output_fd);
}

/* Until it has ended. */
static int attend(const struct hook *hook, struct running *running, const char *state,
                  struct error *err)
{
    int64_t deadline_ms = hook->timeout_s ? clock_now_ms() + hook->timeout_s * SECOND_MS : -1;

    for (;;) {
        struct pollfd watched[] = {
            { .fd = running->pidfd, .events = POLLIN },
            { .fd = running->stdin_fd, .events = POLLOUT },
            { .fd = running->output_fd, .events = POLLIN },
        };
        int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_now_ms();

        if (deadline_ms >= 0 && left <= 0)
            return error_set(err, ERROR_TIMEOUT, "'%.256s' did not end within %lld seconds",
                             hook->path, (long long)hook->timeout_s);
        if (poll(watched, ARRAY_SIZE(watched), (int)MIN(left, INT32_MAX)) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for '%.256s'", hook->path);
        if (watched[1].revents)
            feed(running, state);
        if (watched[2].revents)
            listen_to(running);
        if (watched[0].revents)
            return 0;
    }
}

static siginfo_t reap(const struct running *running)
{
    siginfo_t info = { 0 };

    while (waitid(P_PIDFD, (id_t)running->pidfd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    return info;
}

static int judge(const struct hook *hook, struct running *running, struct error *err)
{
    const siginfo_t info = reap(running);
    int length = 0;

    if (running->output_fd >= 0)
        listen_to(running);
    length = (int)running->printed_length;
    while (length > 0 && running->printed[length - 1] == '\n')
        length--;
    if (info.si_code == CLD_EXITED && info.si_status == 0)
        return 0;
    return error_set(err, ERROR_SYSTEM, "'%.256s' ended with %s %d%s%.*s", hook->path,
                     info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status,
                     length ? ": " : "", length, running->printed);
}

static int run_one(const struct hook *hook, const char *state, struct error *err)
{
    struct running running = { .pid = -1, .pidfd = -1, .stdin_fd = -1, .output_fd = -1 };
    int result = start_hook(hook, &running, err);

    if (result == 0 && attend(hook, &running, state, err) < 0) {
        kill(-running.pid, SIGKILL);
        kill(running.pid, SIGKILL); /* it may not have made the group yet */
        reap(&running);
        result = -1;
    } else if (result == 0) {
        result = judge(hook, &running, err);
    }
    cleanup_close(&running.stdin_fd);
    cleanup_close(&running.output_fd);
    cleanup_close(&running.pidfd);
    return result;
}

static int run_at(enum hook_kind kind, const struct hook_list *list, size_t index,
                  const char *state, struct error *err)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    int result = 0;

    sigaction(SIGPIPE, &ignore, &before);
    if (run_one(&list->hooks[index], state, err) < 0)
        result = error_wrap(err, "hooks.%s[%zu]", names[kind], index);
    sigaction(SIGPIPE, &before, NULL);
    return result;
}

int hook_run(enum hook_kind kind, const struct hook_list *list, const char *state,
             struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (run_at(kind, list, i, state, err) < 0)
            return -1;
    }
    return 0;
}

void hook_run_all(enum hook_kind kind, const struct hook_list *list, const char *state,
                  struct strings *warnings)
{
    for (size_t i = 0; i < list->count; i++) {
        struct error err = { 0 };

        if (run_at(kind, list, i, state, &err) < 0)
            strings_add(warnings, err.text);
    }
}
