/* SPDX-License-Identifier: MIT */

/*
 * The last steps of a process before its program
 *
 * Everything that reads the image happens first, then descriptors are closed, then rights are
 * given up, then the program is executed. The channel to the maker is the only descriptor
 * beyond the standard three that lives until then, and it is no path to anything.
 */

#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "runtime/account.h"
#include "runtime/channel.h"
#include "runtime/confined.h"
#include "runtime/init.h"
#include "runtime/mount.h"
#include "runtime/posture.h"
#include "runtime/spec.h"
#include "runtime/syscall_filter.h"
#include "runtime/syscall_profile.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_null_device(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

/*
 * The null device through a read-only mount: data passes, but root of the container can set no
 * owner, mode or time of the host's node through /proc/self/fd.
 */
static int open_null(int *out, struct error *err)
{
    AUTO_CLOSE int copy = -1;
    char path[32];

    if (mount_clone(AT_FDCWD, "/dev/null", false, &copy, err) < 0 ||
        mount_change(copy, false, MOUNT_ATTR_RDONLY, err) < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
    *out = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    return *out < 0 ? error_set_errno(err, errno, "open /dev/null") : 0;
}

int launch_fill_stdio(int stdio[3], struct error *err)
{
    int null = -1;

    for (size_t i = 0; i < 3; i++) {
        if (stdio[i] >= 0 && !is_null_device(stdio[i]))
            continue;
        if (null < 0 && open_null(&null, err) < 0)
            return -1;
        stdio[i] = null;
    }
    return 0;
}

/* Enter the folder and make sure that it lies in the container. */
static int enter_folder(int rootfd, const char *path, struct error *err)
{
    AUTO_CLOSE int fd = confined_open(rootfd, path, O_PATH | O_DIRECTORY);
    char where[PATH_MAX];

    if (fd < 0 || fchdir(fd) < 0)
        return error_set_errno(err, errno, "enter the working folder '%s'", path);
    if (!getcwd(where, sizeof(where)) || where[0] != '/')
        return error_set(err, ERROR_INVALID, "the working folder '%s' is outside of the container",
                         path);
    return 0;
}

/* Let /dev/console, an empty file so far, be the terminal. */
static int attach_console(int rootfd, int slave, struct error *err)
{
    AUTO_CLOSE int target = confined_open_plain(rootfd, "dev/console");
    AUTO_CLOSE int copy = -1;

    if (target < 0)
        return error_set_errno(err, errno, "open /dev/console");
    if (mount_clone(slave, "", false, &copy, err) < 0)
        return -1;
    return mount_attach(copy, target, err);
}

/* A new terminal of the container's own devpts; the master goes to the maker. */
static int open_terminal(int rootfd, const struct launch *launch, uid_t uid, int *slave_out,
                         struct error *err)
{
    AUTO_CLOSE int master = confined_open(rootfd, "dev/pts/ptmx", O_RDWR | O_NOCTTY);
    AUTO_CLOSE int slave = -1;
    const struct winsize size = { .ws_row = launch->program->terminal_rows,
                                  .ws_col = launch->program->terminal_columns };
    struct statfs fs;
    int unlock = 0;

    if (master < 0 || fstatfs(master, &fs) < 0)
        return error_set_errno(err, errno, "open a terminal");
    if (fs.f_type != DEVPTS_SUPER_MAGIC)
        return error_set(err, ERROR_INVALID, "/dev/pts of the container is no devpts");
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return error_set_errno(err, errno, "unlock the terminal");
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || fchown(slave, uid, (gid_t)-1) < 0 || ioctl(slave, TIOCSCTTY, 0) < 0 ||
        (size.ws_row && ioctl(slave, TIOCSWINSZ, &size) < 0))
        return error_set_errno(err, errno, "open the terminal's other end");
    if (launch->spec && attach_console(rootfd, slave, err) < 0)
        return -1;
    if (channel_say(launch->channel, CHANNEL_TERMINAL, master, err) < 0)
        return -1;
    *slave_out = STEAL_FD(slave);
    return 0;
}

/* The user shall be able to open /dev/stdout again; files of the host are not touched. */
static void own_pipes(const int stdio[3], uid_t uid)
{
    for (size_t i = 0; uid != 0 && i < 3; i++) {
        struct stat status;

        if (fstat(stdio[i], &status) == 0 && S_ISFIFO(status.st_mode) &&
            fchown(stdio[i], uid, (gid_t)-1) < 0)
            return;
    }
}

/*
 * Put the three in their places, leave those that are to be preserved where they are, and close
 * everything else but the channel and the gate, which move behind them.
 */
static int set_descriptors(struct launch *launch, struct error *err)
{
    int preserved = 3 + (int)launch->program->preserved_fds;
    int *own[] = { &launch->stdio[0], &launch->stdio[1], &launch->stdio[2], &launch->channel,
                   &launch->gate };

    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        if (*own[i] >= 0)
            *own[i] = fcntl(*own[i], F_DUPFD_CLOEXEC, preserved + 16);
        if (*own[i] < 0 && i < 4)
            return error_set_errno(err, errno, "duplicate a descriptor");
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(launch->stdio[i], i) < 0)
            return error_set_errno(err, errno, "set descriptor %d", i);
    }
    for (int i = 3; i < preserved; i++)
        fcntl(i, F_SETFD, 0);
    if (dup3(launch->channel, preserved, O_CLOEXEC) < 0 ||
        (launch->gate >= 0 && dup3(launch->gate, preserved + 1, O_CLOEXEC) < 0))
        return error_set_errno(err, errno, "set the channel");
    launch->channel = preserved;
    launch->gate = launch->gate >= 0 ? preserved + 1 : -1;
    if (close_range((unsigned)preserved + (launch->gate >= 0 ? 2 : 1), ~0U, 0) < 0)
        return error_set_errno(err, errno, "close descriptors");
    return 0;
}

/* Which of two failures of execve() says more: the one that found something. */
static int worse(int known, int number)
{
    return known == 0 || known == ENOENT || known == ENOTDIR ? number : known;
}

/* Execute, or only see whether it could be; 0 or the number of the error. */
typedef int (*attempt_fn)(const char *path, char *const *argv, char *const *envp);

static int attempt_execution(const char *path, char *const *argv, char *const *envp)
{
    execve(path, argv, envp);
    return errno;
}

static int attempt_access(const char *path, char *const *argv, char *const *envp)
{
    (void)argv, (void)envp;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

static int try_path(attempt_fn attempt, const struct strings *args, const struct strings *env)
{
    const char *path = strings_find_env(env, "PATH"), *name = args->items[0];
    int known = 0;

    for (path = path ? path : DEFAULT_PATH; *path;) {
        size_t length = strcspn(path, ":");
        char candidate[PATH_MAX];

        if (length + strlen(name) + 2 <= sizeof(candidate)) {
            int number = 0;

            snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)length, path, length ? "/" : "",
                     name);
            number = attempt(candidate, args->items, env->items);
            if (number == 0)
                return 0;
            known = worse(known, number);
        }
        path += length + (path[length] == ':');
    }
    return known ? known : ENOENT;
}

static int try_program(attempt_fn attempt, const struct strings *args, const struct strings *env,
                       struct error *err)
{
    const char *name = args->items[0];
    int number =
        strchr(name, '/') ? attempt(name, args->items, env->items) : try_path(attempt, args, env);

    if (number == 0)
        return 0;
    if (number == ENOENT || number == ENOTDIR)
        return error_set(err, ERROR_NOT_FOUND,
                         "'%.256s' is not in the container, or its interpreter is not: check the "
                         "command and PATH",
                         name);
    if (number == EACCES || number == EPERM || number == ENOEXEC || number == EISDIR)
        return error_set(err, ERROR_DENIED, "'%.256s' cannot be executed in the container: %s",
                         name, strerror(number));
    return error_set_errno(err, number, "execute '%.256s'", name);
}

/* Split off the program; the caller stays as process 1 and never returns from here. */
static int split_init(const struct launch *launch, struct error *err)
{
    const struct account root = { .gid = 0, .group_count = 1 };
    /* To signal other users. */
    const uint64_t kill = launch->program->capabilities & (UINT64_C(1) << CAP_KILL);
    const struct posture posture = {
        .account = &root,
        .capabilities = { .bounding = kill, .permitted = kill, .effective = kill },
        .filter = launch->filter,
    };
    sigset_t all, none;
    pid_t child = -1;

    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_BLOCK, &all, NULL);
    child = fork();
    if (child < 0)
        return error_set_errno(err, errno, "make the program's process");
    if (child == 0) {
        if (setpgid(0, 0) == 0 && launch->program->terminal)
            tcsetpgrp(0, getpid());
        sigprocmask(SIG_SETMASK, &none, NULL);
        return 0;
    }
    close_range(0, ~0U, 0);
    if (posture_apply(&posture, err) < 0)
        _exit(125);
    init_run(child);
}

int launch_blame_spec(struct error *err)
{
    if (err->code == ERROR_NOT_FOUND)
        err->code = ERROR_INVALID;
    else if (err->code == ERROR_DENIED)
        err->code = ERROR_SYSTEM;
    return -1;
}

static int find_account(int rootfd, const struct container_program *program, struct account *out,
                        struct error *err)
{
    if (program->ids)
        return account_take(rootfd, program->ids, out, err);
    return account_find(rootfd, program->user, &program->groups, out, err);
}

/* All that comes before the rights are given up; `env` becomes the environment. */
static int prepare(struct launch *launch, struct account *account, struct strings *env,
                   struct error *err)
{
    AUTO_CLOSE int rootfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int slave = -1;

    if (find_account(rootfd, launch->program, account, err) < 0)
        return -1;
    strings_copy(env, &launch->program->env);
    if (!strings_find_env(env, "HOME"))
        strings_set_env(env, "HOME", account->home);
    setsid();
    if (launch->program->terminal) {
        if (open_terminal(rootfd, launch, account->uid, &slave, err) < 0)
            return -1;
        launch->stdio[0] = launch->stdio[1] = launch->stdio[2] = slave;
    }
    own_pipes(launch->stdio, account->uid);
    if (posture_set_cpus(launch->program->initial_cpus, err) < 0 ||
        posture_separate(launch->program, err) < 0 || posture_limit(launch->program, err) < 0 ||
        enter_folder(rootfd, text_is_empty(launch->program->cwd) ? "/" : launch->program->cwd,
                     err) < 0)
        return -1;
    return set_descriptors(launch, err); /* closes the root's, too */
}

/* Tell the maker that all is done, and wait for whoever releases us: from then on report there. */
static int wait_at_gate(struct launch *launch, struct error *err)
{
    int next = -1;

    if (launch->gate < 0)
        return 0;
    if (channel_say(launch->channel, CHANNEL_PARKED, -1, err) < 0)
        return -1;
    close(launch->channel);
    do
        next = accept4(launch->gate, NULL, NULL, SOCK_CLOEXEC);
    while (next < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (next < 0)
        _exit(125);
    launch->channel = next;
    close(launch->gate);
    launch->gate = -1;
    return 0;
}

/* What belongs to the container's first process alone. */
static int begin_container(struct launch *launch, struct error *err)
{
    const struct container_spec *spec = launch->spec;

    if (!spec)
        return 0;
    if (wait_at_gate(launch, err) < 0)
        return -1;
    if (spec->hook &&
        spec->hook(spec->hook_context, CONTAINER_START_CONTAINER, launch->pid, err) < 0)
        return -1;
    if (spec->personality && personality(spec->personality) < 0)
        return error_set_errno(err, errno, "set the personality %#lx", spec->personality);
    return spec->init ? split_init(launch, err) : 0;
}

int launch_run(struct launch *launch, struct error *err)
{
    const struct container_program *program = launch->program;
    AUTO_STRINGS struct strings env = { 0 };
    struct account account;
    struct posture posture = {
        .account = &account,
        .allow_new_privileges = program->allow_new_privileges,
        .filter = launch->filter,
        .filter_flags = launch->filter_flags,
    };

    if (prepare(launch, &account, &env, err) < 0)
        return launch_blame_spec(err);
    /* Who creates a container wants to hear then that its program is missing. */
    if (launch->gate >= 0 && try_program(attempt_access, &program->args, &env, err) < 0)
        return -1;
    if (begin_container(launch, err) < 0)
        return launch_blame_spec(err);
    posture.capabilities = posture_choose_capabilities(program, &account);
    posture.channel = launch->channel;
    umask(program->umask ? *program->umask : 022);
    if (posture_set_cpus(program->final_cpus, err) < 0 || posture_apply(&posture, err) < 0)
        return launch_blame_spec(err);
    return try_program(attempt_execution, &program->args, &env, err);
}

int launch_prepare(struct launch *launch, struct error *err)
{
    const struct container_program *program = launch->program;

    launch->stdio[0] = program->stdin_fd;
    launch->stdio[1] = program->stdout_fd;
    launch->stdio[2] = program->stderr_fd;
    launch->channel = launch->gate = -1;
    if (program->syscalls) {
        if (syscall_profile_compile(program->syscalls, &launch->compiled, &launch->filter_flags,
                                    err) < 0)
            return -1;
        launch->filter = &launch->compiled;
        return 0;
    }
    if (program->privileged || program->seccomp_unconfined || program->bare)
        return 0;
    return syscall_filter_get(program->capabilities, &launch->filter, err);
}

void launch_done(struct launch *launch)
{
    free(launch->compiled.filter);
}

int launch_answer_listener(const struct syscall_profile *profile, int listener, pid_t pid,
                           int channel, struct error *err)
{
    if (!profile || !profile->on_listener)
        return error_set(err, ERROR_INVALID, "the syscall filter notifies, but nobody listens");
    if (profile->on_listener(profile->listener_context, listener, pid, err) < 0)
        return -1;
    return channel_answer(channel, NULL, 0, err);
}
