/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: every system call by number, with arguments that are good for nothing (S0)
 *
 * Each is made by a process of its own. Prints "NUMBER RESULT": the name of the error, "ok", or
 * "signal N". Then the calls
 * whose arguments decide: "NAME VALUE RESULT".
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 471

/* They end, duplicate, halt or stop the process that calls them, or wait for ever. */
static const int left_out[] = { SYS_rt_sigreturn, SYS_pause, SYS_fork,         SYS_vfork,
                                SYS_exit,         SYS_wait4, SYS_exit_group,   SYS_restart_syscall,
                                SYS_sync,         SYS_alarm, SYS_rt_sigsuspend };

static bool is_left_out(int number)
{
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        if (left_out[i] == number)
            return true;
    }
    return false;
}

static int *answer; /* shared with the child */

static void try_call(const char *name, int number, long first, long second, long third)
{
    int status = 0;
    pid_t pid = 0;

    *answer = -1;
    pid = fork();
    if (pid == 0) {
        long result = syscall(number, first, second, third, -1L, -1L, -1L);

        if (number == SYS_clone && result == 0)
            _exit(0);
        *answer = result == -1 ? errno : 0;
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        printf("%s signal %d\n", name, WTERMSIG(status));
    else
        printf("%s %s\n", name, *answer ? strerrorname_np(*answer) : "ok");
    fflush(stdout);
}

static void try_conditions(void)
{
    static const long clones[] = { 0,
                                   CLONE_NEWNS,
                                   CLONE_NEWCGROUP,
                                   CLONE_NEWUTS,
                                   CLONE_NEWIPC,
                                   CLONE_NEWUSER,
                                   CLONE_NEWPID,
                                   CLONE_NEWNET };
    static const unsigned long personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff, 0x40000, 1 };
    char name[64];

    for (int family = 1; family < 60; family++) {
        snprintf(name, sizeof(name), "socket %d", family);
        try_call(name, SYS_socket, family, SOCK_RAW, 0);
    }
    try_call("socket audit", SYS_socket, AF_NETLINK, SOCK_RAW, 9);
    for (size_t i = 0; i < sizeof(personalities) / sizeof(personalities[0]); i++) {
        snprintf(name, sizeof(name), "personality %lx", personalities[i]);
        try_call(name, SYS_personality, (long)personalities[i], -1, 0);
    }
    /* Sharing signal handlers without the memory is no clone: nothing is born of it. */
    for (size_t i = 0; i < sizeof(clones) / sizeof(clones[0]); i++) {
        snprintf(name, sizeof(name), "clone %lx", (unsigned long)clones[i]);
        try_call(name, SYS_clone, clones[i] | CLONE_SIGHAND, -1, 0);
    }
}

int main(void)
{
    answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answer == MAP_FAILED)
        return 2;
    for (int number = 0; number < NUMBERS; number++) {
        char name[16];

        snprintf(name, sizeof(name), "%d", number);
        if (!is_left_out(number))
            try_call(name, number, -1, -1, -1);
    }
    try_conditions();
    return 0;
}
