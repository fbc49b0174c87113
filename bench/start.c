/* SPDX-License-Identifier: MIT */

/*
 * Start to exit of a container, by our runtime: prints microseconds, one line a run
 *
 *     start FOLDER COUNT [GAP_MS]
 *
 * FOLDER holds layer/ (with /true, proc, sys and dev), upper/ and work/.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/capability.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"

static int once(const struct container_spec *spec, struct error *err)
{
    struct container_process process;
    int64_t began_ns = clock_now_ns();
    siginfo_t info;

    if (container_start(spec, &process, err) < 0)
        return -1;
    if (waitid(P_PIDFD, (id_t)process.pidfd, &info, WEXITED) < 0)
        return error_set(err, ERROR_SYSTEM, "wait");
    close(process.pidfd);
    if (container_destroy(spec->cgroup_parent, spec->id, err) < 0)
        return -1;
    printf("%lld\n", (long long)(clock_now_ns() - began_ns) / 1000);
    return info.si_status == 0 ? 0 : error_set(err, ERROR_SYSTEM, "status %d", info.si_status);
}

int main(int argc, char **argv)
{
    struct container_spec spec = {
        .id = "carte-bench-1",
        .cgroup_parent = "carte-bench",
        .hostname = "bench",
        .limits = { 500, 64 << 20, 64 },
        .program = { .capabilities = capability_default(),
                     .stdin_fd = -1,
                     .stdout_fd = -1,
                     .stderr_fd = -1 },
    };
    struct error err = { 0 };

    if (argc < 3)
        return 64;
    strings_take(&spec.lower, alloc_format("%s/layer", argv[1]));
    spec.upper = alloc_format("%s/upper", argv[1]);
    spec.work = alloc_format("%s/work", argv[1]);
    strings_add(&spec.program.args, "/true");
    strings_add(&spec.program.env, "PATH=/");
    for (int i = atoi(argv[2]); i > 0; i--) {
        if (once(&spec, &err) < 0)
            break;
        if (argc > 3)
            poll(NULL, 0, atoi(argv[3]));
    }
    if (err.code != ERROR_NONE)
        fprintf(stderr, "%s\n", err.text);
    error_clear(&err);
    return container_destroy_parent(spec.cgroup_parent, &err) < 0;
}
