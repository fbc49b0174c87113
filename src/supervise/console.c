/* SPDX-License-Identifier: MIT */

/*
 * The console of a container, the supervisor's side
 */

#include "supervise/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/process.h"
#include "supervise/console_child.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/local_socket.h"

/* Above all that a child is given. */
#define HIGH 32

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cleanup_close(&fds[i]);
        fds[i] = -1;
    }
}

void console_close(struct console *console)
{
    close_all(&console->listener, 1);
    close_all(console->logs, ARRAY_SIZE(console->logs));
    close_all(console->given, ARRAY_SIZE(console->given));
    close_all(console->own, ARRAY_SIZE(console->own));
    free(console->path);
    console->path = NULL;
}

static int make_pipes(struct console *console, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(console->own); i++) {
        bool is_input = i == STDIN_FILENO;
        int ends[2];

        if (is_input && !console->has_input)
            continue;
        if (pipe2(ends, O_CLOEXEC) < 0)
            return error_set_errno(err, errno, "make a pipe");
        console->given[i] = ends[is_input ? 0 : 1];
        console->own[i] = ends[is_input ? 1 : 0];
    }
    return 0;
}

int console_open(const char *path, bool has_terminal, struct console *out, struct error *err)
{
    AUTO_FREE char *folder = alloc_text_part(path, (size_t)(strrchr(path, '/') - path));

    out->path = alloc_text(path);
    out->has_terminal = has_terminal;
    if (file_make_folders(folder, 0700, err) < 0 ||
        local_socket_listen(path, &out->listener, err) < 0)
        return -1;
    return has_terminal ? 0 : make_pipes(out, err);
}

/* In the child: the descriptors get their numbers, and the program begins anew. */
_Noreturn static void execute(const struct console *console)
{
    const int fds[CONSOLE_CHILD_FDS] = {
        [CONSOLE_CHILD_LISTENER] = console->listener,
        [CONSOLE_CHILD_LOG_STDOUT] = console->logs[0],
        [CONSOLE_CHILD_LOG_STDERR] = console->logs[1],
        [CONSOLE_CHILD_INPUT] = console->own[STDIN_FILENO],
        [CONSOLE_CHILD_STDOUT] = console->own[console->has_terminal ? STDIN_FILENO : STDOUT_FILENO],
        [CONSOLE_CHILD_STDERR] = console->own[STDERR_FILENO],
    };
    char name[] = "carte-console";
    char command[] = "console";
    char terminal[] = "terminal";
    char pipes[] = "pipes";
    char waits[] = "wait";
    char *const args[] = { name, command, console->has_terminal ? terminal : pipes,
                           console->waits ? waits : NULL, NULL };
    char *const env[] = { NULL };
    int high[CONSOLE_CHILD_FDS];

    process_reset_signals();
    for (int i = 0; i < CONSOLE_CHILD_FDS; i++)
        high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, HIGH);
    for (int i = 0; i < CONSOLE_CHILD_FDS; i++)
        if (high[i] < 0 ? fds[i] >= 0 : dup2(high[i], CONSOLE_CHILD_FIRST + i) < 0)
            _exit(127);
    execve("/proc/self/exe", args, env);
    _exit(127);
}

int console_run(struct console *console, int master, int *pidfd_out, struct error *err)
{
    pid_t pid = -1;

    if (console->has_terminal)
        console->own[STDIN_FILENO] = master;
    /* The container's ends are its alone: their end is the end of its output. */
    close_all(console->given, ARRAY_SIZE(console->given));
    pid = process_fork(0, -1, true, pidfd_out, err);
    if (pid < 0)
        return error_wrap(err, "start a console");
    if (pid == 0)
        execute(console);
    return 0;
}
