/* SPDX-License-Identifier: MIT */

/*
 * The programs docker-credential-*
 */

#include "image/registry_helper.h"

#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
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

/* Start it with `fd` as its input and output. */
static int start(const char *program, const char *verb, int fd, pid_t *pid_out, struct error *err)
{
    AUTO_STRINGS struct strings argv = { 0 };
    posix_spawn_file_actions_t actions;
    int number = 0;

    strings_add(&argv, program);
    strings_add(&argv, verb);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    number = posix_spawnp(pid_out, program, &actions, NULL, argv.items, environ);
    posix_spawn_file_actions_destroy(&actions);
    return number == 0 ? 0 : error_set_errno(err, number, "run %s", program);
}

/* A helper that does not read its input says why in its output. */
static int talk(int fd, const char *input, struct text *out, struct error *err)
{
    for (ssize_t put = 1; *input && put > 0; input += MAX(put, 0))
        put = send(fd, input, strlen(input), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    return file_read_fd(fd, REGISTRY_HELPER_OUTPUT_MAX, out, err);
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
    AUTO_CLOSE int ours = -1;
    AUTO_CLOSE int theirs = -1;
    int pair[2];
    pid_t pid = -1;
    int status = 0;
    int result = 0;

    if (!is_helper_name(helper))
        return error_set(err, ERROR_INVALID, "'%s' is no name of a credential helper", helper);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(err, errno, "make a pair of sockets");
    ours = pair[0];
    theirs = pair[1];
    if (start(program, verb, theirs, &pid, err) < 0)
        return -1;
    close(STEAL_FD(theirs));
    result = talk(ours, input, out, err);
    close(STEAL_FD(ours));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (result < 0)
        return error_wrap(err, "%s", program);
    return judge(program, status, text_get(out), err);
}
