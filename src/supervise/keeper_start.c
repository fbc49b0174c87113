/* SPDX-License-Identifier: MIT */

/*
 * Starting a keeper, by a command or by a supervisor that lost its own
 */

#include "supervise/keeper_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/seal.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"
#include "util/text.h"

#define LOG_MAX_BYTES (1024 * 1024)

/* The path of this program; "(deleted)" follows it when a newer one took its place. */
static int find_program(char out[PATH_MAX], struct error *err)
{
    static const char deleted[] = " (deleted)";
    const char *sealed = seal_get_path();
    ssize_t length = -1;

    if (sealed) {
        snprintf(out, PATH_MAX, "%s", sealed);
        return 0;
    }
    length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (length < 0)
        return error_set_errno(err, errno, "find the path of this program");
    out[length] = '\0';
    if (text_ends_with(out, deleted))
        out[(size_t)length - strlen(deleted)] = '\0';
    return 0;
}

/* Beside this program, or in libexec of the same prefix. */
static char *find_keeper(const char *program)
{
    AUTO_FREE char *folder = alloc_text(program);
    char *slash = strrchr(folder, '/');
    char *path = NULL;

    if (slash)
        *slash = '\0';
    path = alloc_format("%s/carte-keeper", folder);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return alloc_format("%s/../libexec/carte/carte-keeper", folder);
}

int keeper_start_folders(const char *project, struct error *err)
{
    static const char *const names[] = { "", "/replicas", "/netns", "/files", "/logs" };
    AUTO_FREE char *data = place_in_root("stacks/%s/logs", project);

    if (file_make_folders(data, 0700, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO_FREE char *path = place_in_run("stacks/%s%s", project, names[i]);

        if (file_make_folders(path, 0700, err) < 0)
            return -1;
    }
    return 0;
}

/* The keeper's working folder is "/": relative places would lead elsewhere. */
static int make_absolute(const char *name, const char *path, struct error *err)
{
    AUTO_FREE char *real = realpath(path, NULL);

    if (!real)
        return error_set_errno(err, errno, "resolve %s '%s'", name, path);
    if (setenv(name, real, 1) < 0)
        return error_set_errno(err, errno, "set %s", name);
    return 0;
}

static int open_log(const char *project, struct error *err)
{
    AUTO_FREE char *path = place_in_root("stacks/%s/supervisor.log", project);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat status;

    if (fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    if (fstat(fd, &status) == 0 && status.st_size > LOG_MAX_BYTES && ftruncate(fd, 0) < 0)
        errno = 0;
    return fd;
}

static int spawn(char *const argv[], int log, pid_t *pid_out, struct error *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    int result = 0;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY | O_CLOEXEC, 0);
    posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    result = posix_spawn(pid_out, argv[0], &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return result ? error_set_errno(err, result, "start %s", argv[0]) : 0;
}

int keeper_start_new(const char *project, pid_t *pid_out, struct error *err)
{
    char program[PATH_MAX];
    AUTO_FREE char *keeper = NULL;
    AUTO_FREE char *folder = NULL;
    AUTO_CLOSE int log = -1;

    if (keeper_start_folders(project, err) < 0 || find_program(program, err) < 0 ||
        make_absolute("CARTE_ROOT", place_root(), err) < 0 ||
        make_absolute("CARTE_RUN", place_run(), err) < 0)
        return -1;
    keeper = find_keeper(program);
    folder = place_in_run("stacks/%s", project);
    log = open_log(project, err);
    if (log < 0)
        return -1;
    {
        AUTO_FREE char *name = alloc_text(project);
        char verb[] = "supervise";
        char *argv[] = { keeper, folder, program, verb, name, NULL };

        return spawn(argv, log, pid_out, err);
    }
}

bool keeper_start_is_kept(const char *project)
{
    AUTO_FREE char *path = place_in_run("stacks/%s/keeper.lock", project);
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
