/* SPDX-License-Identifier: MIT */

/*
 * `carte login` and `logout`
 *
 * The password comes by the standard input or is asked for, never by the command line, which
 * others on the machine can read.
 */

#include "cli/cmd_login.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/signal_fd.h"
#include "image/registry.h"
#include "image/registry_login.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"

#define LINE_MAX_BYTES 4096U
#define DEFAULT_HOST "docker.io"

struct login_options {
    const char *user;
    bool password_stdin, insecure;
};

static const struct option login_options[] = {
    {
        .letter = 'u',
        .name = "username",
        .argument = "NAME",
        OPTION(TEXT, struct login_options, user),
        .doc = "Log in as NAME instead of asking.",
    },
    {
        .name = "password-stdin",
        OPTION(FLAG, struct login_options, password_stdin),
        .doc = "Read the password from the standard input instead of asking.",
    },
    {
        .name = "insecure",
        OPTION(FLAG, struct login_options, insecure),
        .doc = "Take any certificate, and plain HTTP where there is no HTTPS.",
    },
    { 0 },
};

/* The host of what users write: "https://h:5000/v1/" is "h:5000". */
static char *host_of(const struct command_call *call)
{
    const char *text = call->operands->count > 0 ? call->operands->items[0] : DEFAULT_HOST;
    const char *scheme = strstr(text, "://");
    AUTO_FREE char *host = NULL;

    text = scheme ? scheme + 3 : text;
    host = alloc_text_part(text, strcspn(text, "/"));
    return strcmp(host, "index.docker.io") == 0 ? alloc_text(DEFAULT_HOST) : STEAL_PTR(host);
}

/* A line, until its end or a signal, which stays pending. */
static int read_line(int signal_fd, struct text *out, struct error *err)
{
    struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { signal_fd, POLLIN, 0 } };
    char c = '\0';

    while (out->length < LINE_MAX_BYTES && c != '\n') {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for an answer");
        if (fds[1].revents)
            return error_set(err, ERROR_SYSTEM, "interrupted");
        if (fds[0].revents && read(STDIN_FILENO, &c, 1) != 1)
            break;
        if (fds[0].revents && c != '\n')
            text_add_char(out, c);
    }
    return out->length > 0 ? 0 : error_set(err, ERROR_INVALID, "nothing was given");
}

/* Ask at the terminal, which shows the answer only if `is_shown`; a signal acts once it is whole.
 */
static int ask(const char *question, bool is_shown, char **out, struct error *err)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct termios before, wanted;
    sigset_t mask;
    AUTO_TEXT struct text line = { 0 };
    AUTO_CLOSE int signal_fd = -1;
    int result;

    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return error_set(err, ERROR_INVALID,
                         "there is no terminal to ask at: give --username and --password-stdin");
    sigprocmask(SIG_SETMASK, NULL, &mask);
    if (signal_fd_open(signals, ARRAY_SIZE(signals), &signal_fd, err) < 0 ||
        file_write_all(STDERR_FILENO, question, strlen(question), err) < 0)
        return -1;
    wanted = before;
    if (!is_shown)
        wanted.c_lflag = (wanted.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &wanted);
    result = read_line(signal_fd, &line, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (result == 0)
        *out = text_steal(&line);
    return result;
}

/* All of the standard input but a line's end. */
static int read_password(char **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    if (file_read_fd(STDIN_FILENO, LINE_MAX_BYTES, &text, err) < 0)
        return error_wrap(err, "password");
    while (text.length > 0 && strchr("\r\n", text.data[text.length - 1]))
        text.data[--text.length] = '\0';
    if (text.length == 0)
        return error_set(err, ERROR_INVALID, "the password from the standard input is empty");
    *out = text_steal(&text);
    return 0;
}

static int find_login(struct command_call *call, struct registry_login *out, struct error *err)
{
    const struct login_options *options = call->options;

    if (options->password_stdin && !options->user)
        return command_refuse(call, err, "--password-stdin goes with --username");
    out->user = alloc_text(options->user);
    if (!out->user && ask("Username: ", true, &out->user, err) < 0)
        return -1;
    if (text_is_empty(out->user) || strchr(out->user, ':'))
        return error_set(err, ERROR_INVALID, "a user name is not empty and has no ':' in it");
    if (options->password_stdin)
        return read_password(&out->password, err);
    return ask("Password: ", false, &out->password, err);
}

static int login_run(struct command_call *call, struct error *err)
{
    const struct login_options *options = call->options;
    AUTO_FREE char *host = host_of(call);
    AUTO_REGISTRY_LOGIN struct registry_login login = { 0 };
    AUTO(registry) struct registry *registry = NULL;
    AUTO_FREE char *where = NULL;
    AUTO_FREE char *line = NULL;

    if (find_login(call, &login, err) < 0)
        return -1;
    registry = registry_open(
        &(struct registry_settings){ host, .insecure = options->insecure, .login = &login }, err);
    if (!registry || registry_check_login(registry, err) < 0 ||
        registry_login_save(host, &login, &where, err) < 0)
        return error_wrap(err, "log in to %s", host);
    line = alloc_format("Logged in to %s as %s; kept in %s\n", host, login.user, where);
    return output_result(line, err);
}

const struct command cmd_login = {
    .name = "login",
    .operands = "[HOST]",
    .summary = "Log in to a registry, for pull and push.",
    .details =
        "HOST is docker.io unless given. The registry is asked first; then user and password "
        "are kept where docker keeps them: in ~/.docker/config.json (DOCKER_CONFIG), or with "
        "the credential helper that it names.",
    .options = login_options,
    .options_size = sizeof(struct login_options),
    .operand_max = 1,
    .run = login_run,
};

static int logout_run(struct command_call *call, struct error *err)
{
    AUTO_FREE char *host = host_of(call);
    AUTO_FREE char *line = NULL;
    bool found = false;

    if (registry_login_remove(host, &found, err) < 0)
        return error_wrap(err, "log out of %s", host);
    line = alloc_format(found ? "Logged out of %s\n" : "Not logged in to %s\n", host);
    return output_result(line, err);
}

const struct command cmd_login_out = {
    .name = "logout",
    .operands = "[HOST]",
    .summary = "Forget the login of a registry.",
    .operand_max = 1,
    .run = logout_run,
};
