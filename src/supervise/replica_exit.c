/* SPDX-License-Identifier: MIT */

/*
 * How a replica's process ended
 */

#include "supervise/replica_exit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/container.h"
#include "supervise/crew.h"
#include "supervise/exits.h"
#include "supervise/probe.h"
#include "supervise/replica.h"
#include "supervise/replica_place.h"
#include "supervise/status.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/error.h"

/* A record comes within milliseconds; a stranger that inherited the process may reap it late. */
#define UNKNOWN_AFTER_MS 1000
#define UNKNOWN_AFTER_ORPHAN_MS 200

/* Of <linux/pidfd.h> since 6.15; older headers lack it, older kernels refuse it. */
struct pidfd_report {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};
#define PIDFD_REPORT_EXIT (UINT64_C(1) << 3)
#define PIDFD_REPORT _IOWR(0xFF, 11, struct pidfd_report)

enum restart_policy_exit replica_exit_kind(const struct state_replica *record)
{
    switch (record->exit) {
    case STATE_EXIT_CODE:
        return record->exit_code == 0 ? RESTART_POLICY_EXIT_OK : RESTART_POLICY_EXIT_FAILED;
    case STATE_EXIT_OOM:
        return RESTART_POLICY_EXIT_OOM;
    case STATE_EXIT_UNHEALTHY:
        return RESTART_POLICY_EXIT_UNHEALTHY;
    case STATE_EXIT_START:
        return RESTART_POLICY_EXIT_NOT_STARTED;
    case STATE_EXIT_SIGNAL:
        return RESTART_POLICY_EXIT_FAILED;
    case STATE_EXIT_NONE:
    case STATE_EXIT_UNKNOWN:
    case STATE_EXIT_COUNT:
        break;
    }
    return RESTART_POLICY_EXIT_UNKNOWN;
}

static bool was_out_of_memory(const struct replica *replica)
{
    struct container_usage usage;
    struct error ignored = { 0 };

    return container_usage(replica->crew->object_name, replica->record->id, &usage, &ignored) ==
               0 &&
           usage.oom_kills > 0;
}

static void describe_signal(struct replica *replica, int signal_number)
{
    struct state_replica *record = replica->record;

    record->exit_code = signal_number;
    record->exit = was_out_of_memory(replica) ? STATE_EXIT_OOM : STATE_EXIT_SIGNAL;
    record->exit_text =
        record->exit == STATE_EXIT_OOM
            ? alloc_text("was killed because it used up its memory limit")
            : alloc_format("was ended by signal %s",
                           sigabbrev_np(signal_number) ? sigabbrev_np(signal_number) : "?");
}

/* `status` as waitpid() gives it; NULL: nobody knows. */
static void describe(struct replica *replica, const int *status)
{
    struct state_replica *record = replica->record;

    free(record->exit_text);
    record->exit_text = NULL;
    record->exit_code = 0;
    if (!status) {
        record->exit = STATE_EXIT_UNKNOWN;
        record->exit_text = alloc_text("ended; its exit status could not be read");
    } else if (WIFSIGNALED(*status)) {
        describe_signal(replica, WTERMSIG(*status));
    } else {
        record->exit_code = WEXITSTATUS(*status);
        record->exit = STATE_EXIT_CODE;
        record->exit_text = alloc_format("exited with status %d", record->exit_code);
    }
    if (record->state == REPLICA_FAILING)
        record->exit = STATE_EXIT_UNHEALTHY;
}

static void finish(struct replica *replica, const int *status)
{
    struct state_replica *record = replica->record;

    replica->has_ended = false;
    if (replica->pidfd >= 0)
        close(replica->pidfd);
    replica->pidfd = -1;
    describe(replica, status);
    record->pid = 0;
    record->ended_ms = clock_wall_ms();
    replica->exits++;
    replica->last_exit_code = status_exit_code(record);
    record->paused = false;
    if (record->state == REPLICA_RUNNING)
        replica->had_failed =
            replica->had_failed || record->exit != STATE_EXIT_CODE || record->exit_code != 0;
    /* One that leaves, now or at once, is forgotten with its addresses (networks_release). */
    replica->forget_flows =
        !record->leaving && !replica->service->auto_remove && !replica->crew->ending;
    replica->crew->rules_stale = true;
    probe_end(replica);
    replica_place_clear(replica);
    events_emit(replica->crew->events, record->exit == STATE_EXIT_OOM ? "oom" : "exited",
                record->service, record->name, "%s", record->exit_text);
    replica_handle(replica, REPLICA_EXITED);
}

static bool ask_kernel(int pidfd, int *status_out)
{
    struct pidfd_report report = { .mask = PIDFD_REPORT_EXIT };

    if (pidfd < 0 || ioctl(pidfd, PIDFD_REPORT, &report) < 0 || !(report.mask & PIDFD_REPORT_EXIT))
        return false;
    *status_out = report.exit_code;
    return true;
}

/* True: the status is known now, or never will be. */
static bool look_up(struct replica *replica)
{
    struct exits_record record;
    int status = 0;

    if (exits_find(replica->crew->exits_fd, replica->record->pid, replica->record->start_time,
                   &record)) {
        status = record.status;
        finish(replica, &status);
        return true;
    }
    if (ask_kernel(replica->pidfd, &status)) {
        finish(replica, &status);
        return true;
    }
    if (clock_now_ms() < replica->ended_until_ms)
        return false;
    finish(replica, NULL);
    return true;
}

bool replica_exit_look_up(struct crew *crew)
{
    bool missing = false;

    for (size_t i = 0; i < crew->replica_count; i++)
        if (crew->replicas[i]->has_ended && !look_up(crew->replicas[i]))
            missing = true;
    return missing;
}

static void handle_exit(evutil_socket_t fd, short what, void *context)
{
    struct replica *replica = context;

    (void)fd;
    (void)what;
    event_free(replica->exit_event);
    replica->exit_event = NULL;
    replica->has_ended = true;
    replica->ended_until_ms = clock_now_ms() + (exits_parent(replica->record->pid) == getppid()
                                                    ? UNKNOWN_AFTER_MS
                                                    : UNKNOWN_AFTER_ORPHAN_MS);
    replica_update_ready(replica);
    crew_touch(replica->crew);
}

void replica_exit_watch(struct replica *replica, int pidfd)
{
    replica->pidfd = pidfd;
    replica->exit_event = event_new(replica->crew->base, pidfd, EV_READ, handle_exit, replica);
    event_add(replica->exit_event, NULL);
}
