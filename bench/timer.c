/* SPDX-License-Identifier: MIT */

/*
 * COUNT processes of a command at once, from the first start to the last end
 *
 *     timer COUNT COMMAND...
 *
 * An argument '@' becomes the number of the process. Prints wall time in milliseconds divided by
 * COUNT, and the peak resident memory in KiB of the largest of them and of what they waited for.
 * A process begins as a copy of this one, whose memory counts until it executes: hence static.
 */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 64

static int start(char **command, int number)
{
    char text[16], *arguments[ARGUMENTS_MAX + 1] = { NULL };
    pid_t pid = 0;

    snprintf(text, sizeof(text), "%d", number);
    for (size_t i = 0; command[i] && i < ARGUMENTS_MAX; i++)
        arguments[i] = strcmp(command[i], "@") == 0 ? text : command[i];
    return posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ);
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, failed = 0, status = 0;
    struct timespec from, to;
    struct rusage usage;
    long peak_kib = 0;

    if (count <= 0)
        return 64;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < count; i++) {
        if (start(argv + 2, i) != 0)
            return 1;
    }
    while (wait4(-1, &status, 0, &usage) > 0) {
        failed |= status;
        if (usage.ru_maxrss > peak_kib)
            peak_kib = usage.ru_maxrss;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    fprintf(stderr, "%.3f %ld\n",
            ((double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6) /
                count,
            peak_kib);
    return failed != 0;
}
