/* SPDX-License-Identifier: MIT */

/*
 * The container of a RUN step
 */

#include "cli/run_step.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/build_network.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"

#define KILL_MS (10 * SECOND_MS)

static const struct {
    const char *name;
    enum container_namespace_how network;
} networks[] = {
    { "default", CONTAINER_JOIN },
    { "none", CONTAINER_NEW },
    { "host", CONTAINER_INHERIT },
};

static int choose_network(const char *name, enum container_namespace_how *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
        if (strcmp(networks[i].name, name) == 0) {
            *out = networks[i].network;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID,
                     "network '%s' of a RUN step is not known; write default, none or host", name);
}

static int reap(int pidfd, int *exit_status_out, struct error *err)
{
    siginfo_t info = { 0 };

    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0) {
        if (errno != EINTR)
            return error_set_errno(err, errno, "wait for the step");
    }
    *exit_status_out = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}

/* Wait for the end of the process or for Ctrl-C; true when that came. */
static bool is_interrupted(int pidfd, int signal_fd)
{
    struct pollfd fds[] = { { pidfd, POLLIN, 0 }, { signal_fd, POLLIN, 0 } };

    while (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
        if (errno != EINTR)
            return false;
    }
    return fds[0].revents == 0 && background_take_signal(signal_fd);
}

static int wait_for(const struct container_spec *spec, int pidfd, int *exit_status_out,
                    struct error *err)
{
    AUTO_CLOSE int signal_fd = -1;
    sigset_t before;
    bool interrupted;
    int result;

    sigprocmask(SIG_SETMASK, NULL, &before);
    if (background_open_signals(&signal_fd, err) < 0)
        return -1;
    interrupted = is_interrupted(pidfd, signal_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (interrupted && container_kill_all(spec->cgroup_parent, spec->id, KILL_MS, err) < 0)
        return -1;
    result = reap(pidfd, exit_status_out, err);
    if (interrupted && result == 0)
        return error_set(err, ERROR_SYSTEM, "interrupted");
    return result;
}

static int run(struct container_spec *spec, int *exit_status_out, struct error *err)
{
    struct container_process process = { .pidfd = -1, .terminal_fd = -1 };
    struct error ignored = { 0 };
    int result;

    if (container_start(spec, &process, err) < 0)
        return -1;
    result = wait_for(spec, process.pidfd, exit_status_out, err);
    close(process.pidfd);
    /* What the step has left running must not touch the layer any more. */
    if (container_kill_all(spec->cgroup_parent, spec->id, KILL_MS, result == 0 ? err : &ignored) <
        0)
        result = -1;
    if (container_destroy(spec->cgroup_parent, spec->id, result == 0 ? err : &ignored) < 0)
        result = -1;
    return result;
}

/* Many steps need no names: the output of one that fails begins with the reason. */
static void warn(const struct container_spec *spec)
{
    if (spec->program.stderr_fd >= 0)
        (void)dprintf(spec->program.stderr_fd,
                      "carte: the host's name servers (/etc/resolv.conf) cannot be reached from a "
                      "RUN step, and so names do not resolve; use --network=host for steps that "
                      "need them\n");
}

static int run_connected(struct container_spec *spec, int *exit_status_out, struct error *err)
{
    struct build_network *network = NULL;
    struct error ignored = { 0 };
    int result;

    if (build_network_make(spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how, &network, err) < 0)
        return -1;
    build_network_describe(network, spec);
    if (build_network_lacks_names(network))
        warn(spec);
    result = run(spec, exit_status_out, err);
    spec->namespaces[CONTAINER_NAMESPACE_NETWORK].path = NULL;
    spec->mounts = NULL;
    spec->mount_count = 0;
    if (build_network_remove(network, result == 0 ? err : &ignored) < 0)
        result = -1;
    return result;
}

int run_step_run(void *context, struct container_spec *spec, const char *network,
                 int *exit_status_out, struct error *err)
{
    enum container_namespace_how *how = &spec->namespaces[CONTAINER_NAMESPACE_NETWORK].how;

    (void)context;
    if (choose_network(network ? network : "default", how, err) < 0)
        return -1;
    if (*how == CONTAINER_NEW)
        return run(spec, exit_status_out, err);
    return run_connected(spec, exit_status_out, err);
}
