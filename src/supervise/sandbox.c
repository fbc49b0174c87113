/* SPDX-License-Identifier: MIT */

/*
 * What the front and consoles give up
 *
 * The filter is written here by hand, as it is a short list of numbers: one comparison for each
 * call, and everything else answers EPERM.
 */

#include "supervise/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"

#define NOBODY 65534
#define FILES_MAX 8192

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter of our own processes does not know this machine"
#endif

static const int allowed_calls[] = {
    __NR_accept4,
    __NR_brk,
    __NR_clock_gettime,
    __NR_close,
    __NR_connect,
    __NR_epoll_create1,
    __NR_epoll_ctl,
    __NR_epoll_pwait,
    __NR_exit,
    __NR_exit_group,
    __NR_fcntl,
    __NR_futex,
    __NR_getpid,
    __NR_getrandom,
    __NR_getsockname,
    __NR_getsockopt,
    __NR_gettid,
    __NR_ioctl,
    __NR_madvise,
    __NR_mmap,
    __NR_mprotect,
    __NR_mremap,
    __NR_munmap,
    __NR_ppoll,
    __NR_read,
    __NR_readv,
    __NR_recvfrom,
    __NR_recvmsg,
    __NR_restart_syscall,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sched_yield,
    __NR_sendmsg,
    __NR_sendto,
    __NR_setsockopt,
    __NR_shutdown,
    __NR_sigaltstack,
    __NR_tgkill,
    __NR_timerfd_settime,
    __NR_write,
    __NR_writev,
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
#ifdef __NR_poll
    __NR_poll,
#endif
};

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define UNLESS_SKIP(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

static int load_filter(struct error *err)
{
    const struct sock_filter head[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(offsetof(struct seccomp_data, nr)),
        /* socket(): the lower half of the first argument is the family. */
        UNLESS_SKIP(__NR_socket, 5),
        LOAD(offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0),
        UNLESS_SKIP(AF_INET6, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        ANSWER(REFUSE),
    };
    struct sock_filter filter[ARRAY_SIZE(head) + 2 * ARRAY_SIZE(allowed_calls) + 1];
    struct sock_fprog program = { .filter = filter };

    for (size_t i = 0; i < ARRAY_SIZE(head); i++)
        filter[program.len++] = head[i];
    for (size_t i = 0; i < ARRAY_SIZE(allowed_calls); i++) {
        filter[program.len++] = (struct sock_filter)UNLESS_SKIP((unsigned int)allowed_calls[i], 1);
        filter[program.len++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    }
    filter[program.len++] = (struct sock_filter)ANSWER(REFUSE);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return error_set_errno(err, errno, "load the filter of our own processes");
    return 0;
}

/* Descriptors 0 and 1 become /dev/null, what is above the socket is closed. */
static int keep_descriptors(int socket, struct error *err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    assert(socket == STDERR_FILENO + 1);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        return error_set_errno(err, errno, "open /dev/null");
    if (close_range((unsigned int)socket + 1, ~0U, 0) < 0)
        return error_set_errno(err, errno, "close descriptors");
    return 0;
}

int sandbox_detach(int socket, int parent, struct error *err)
{
    sigset_t none;

    if (keep_descriptors(socket, err) < 0)
        return -1;
    for (int number = 1; number < NSIG; number++)
        signal(number, number == SIGPIPE ? SIG_IGN : SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "carte-front");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return error_set_errno(err, errno, "ask to die with the supervisor");
    if (getppid() != parent)
        return error_set(err, ERROR_SYSTEM, "the supervisor is gone");
    return 0;
}

static int drop_user(bool dies_with_parent, struct error *err)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return error_set_errno(err, errno, "become nobody");
    /* The change of user has cleared it. */
    if (dies_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return error_set_errno(err, errno, "ask to die with the supervisor");
    return 0;
}

int sandbox_enter(bool dies_with_parent, struct error *err)
{
    static const struct {
        int resource;
        struct rlimit limit;
    } limits[] = {
        { RLIMIT_CORE, { 0, 0 } },
        { RLIMIT_NPROC, { 0, 0 } },
    };
    struct rlimit files = { 0 };

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = MIN(files.rlim_max, (rlim_t)FILES_MAX);
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        if (setrlimit((__rlimit_resource_t)limits[i].resource, &limits[i].limit) < 0)
            return error_set_errno(err, errno, "set limits of our own");
    }
    if (drop_user(dies_with_parent, err) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(err, errno, "set no-new-privileges");
    return load_filter(err);
}
