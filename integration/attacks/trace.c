/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: look into and trace processes that enter it, before they have given up
 * the host's rights (S2)
 *
 *     trace OWN      until TERM; OWN is the program that those processes become
 *
 * Prints each different thing once: "denied" when an attempt failed, "FOUND what" when something of
 * a process that is not yet OWN could be seen, "TRACED" when it could be traced.
 */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

/* The program of the process: 1 if it is the container's own, 0 if it is not, -1: not seen. */
static int is_own(pid_t pid, const struct stat *own)
{
    char path[64];
    struct stat found;

    snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    if (stat(path, &found) < 0)
        return -1;
    return found.st_dev == own->st_dev && found.st_ino == own->st_ino;
}

/* What was seen counts when the process was still foreign before and after. */
static void look(pid_t pid, const struct stat *own)
{
    char path[64], target[128] = "";
    DIR *folder = NULL;

    if (is_own(pid, own) == 0)
        say_once("FOUND a foreign program");
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (!folder)
        say_once("denied fd");
    for (struct dirent *entry = NULL; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/fd/%.8s", (int)pid, entry->d_name);
        memset(target, 0, sizeof(target));
        /* Those three are what the caller gave; a program that is there has others of its own. */
        if (atoi(entry->d_name) > 2 && readlink(path, target, sizeof(target) - 1) > 0)
            say_once("FOUND %s", target);
    }
    if (folder)
        closedir(folder);
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    {
        int fd = open(path, O_RDWR);

        if (fd >= 0 && is_own(pid, own) == 0)
            say_once("FOUND its memory");
        if (fd >= 0)
            close(fd);
    }
}

static void trace(pid_t pid, const struct stat *own)
{
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0) {
        say_once("denied ptrace");
        return;
    }
    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
    if (waitpid(pid, NULL, __WALL) == pid && is_own(pid, own) == 0)
        say_once("TRACED");
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

int main(int argc, char **argv)
{
    struct stat own;

    if (argc != 2 || stat(argv[1], &own) < 0)
        return 2;
    signal(SIGTERM, end);
    while (!ended) {
        DIR *proc = opendir("/proc");

        for (struct dirent *entry = NULL; proc && (entry = readdir(proc));) {
            pid_t pid = atoi(entry->d_name);

            if (pid > 1) {
                look(pid, &own);
                trace(pid, &own);
            }
        }
        if (proc)
            closedir(proc);
    }
    puts("watched");
    return 0;
}
