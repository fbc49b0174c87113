/* SPDX-License-Identifier: MIT */

/*
 * The programs docker-credential-*
 */

#include "image/registry_helper.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"

extern char **environ;

/* No path: the name comes from a file. */
static bool is_helper_name(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    }
    return name[0] != '\0';
}

/* Two pipes: ours to write to it and to read from it, and its own ends of them. */
struct pipes {
    int to, from, its_input, its_output;
};

static void pipes_done(struct pipes *pipes)
{
    cleanup_close(&pipes->to);
    cleanup_close(&pipes->from);
    cleanup_close(&pipes->its_input);
    cleanup_close(&pipes->its_output);
}

static int pipes_open(struct pipes *pipes, struct error *err)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe");
    pipes->its_input = pair[0];
    pipes->to = pair[1];
    if (pipe2(pair, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe");
    pipes->from = pair[0];
    pipes->its_output = pair[1];
    return 0;
}

static int start(const char *program, const char *verb, struct pipes *pipes, pid_t *pid_out,
                 struct error *err)
{
    AUTO_STRINGS struct strings argv = { 0 };
    posix_spawn_file_actions_t actions;
    int number = 0;

    strings_add(&argv, program);
    strings_add(&argv, verb);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes->its_input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes->its_output, STDOUT_FILENO);
    number = posix_spawnp(pid_out, program, &actions, NULL, argv.items, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(STEAL_FD(pipes->its_input));
    close(STEAL_FD(pipes->its_output));
    return number == 0 ? 0 : error_set_errno(err, number, "run %s", program);
}

static int talk(struct pipes *pipes, const char *input, struct text *out, struct error *err)
{
    struct error broken = { 0 };
    int result;

    /* A helper that does not read its input says why in its output. */
    if (file_write_all(pipes->to, input, strlen(input), &broken) < 0)
        error_clear(&broken);
    close(STEAL_FD(pipes->to));
    result = file_read_fd(pipes->from, REGISTRY_HELPER_OUTPUT_MAX, out, err);
    close(STEAL_FD(pipes->from));
    return result;
}

static int judge(const char *program, int status, const char *said, struct error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (strstr(said, "credentials not found"))
        return error_set(err, ERROR_NOT_FOUND, "%s knows no credentials", program);
    return error_set(err, ERROR_DENIED, "%s failed: %.*s", program,
                     (int)MIN(strcspn(said, "\r\n"), (size_t)200), said);
}

int registry_helper_run(const char *helper, const char *verb, const char *input, struct text *out,
                        struct error *err)
{
    AUTO_FREE char *program = alloc_format("docker-credential-%s", helper);
    __attribute__((cleanup(pipes_done))) struct pipes pipes = { -1, -1, -1, -1 };
    pid_t pid = -1;
    int status = 0;
    int result = 0;

    if (!is_helper_name(helper))
        return error_set(err, ERROR_INVALID, "'%s' is no name of a credential helper", helper);
    if (pipes_open(&pipes, err) < 0 || start(program, verb, &pipes, &pid, err) < 0)
        return -1;
    result = talk(&pipes, input, out, err);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (result < 0)
        return error_wrap(err, "%s", program);
    return judge(program, status, text_get(out), err);
}
