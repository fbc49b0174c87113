/* SPDX-License-Identifier: MIT */

/*
 * What the parts of the floor share
 */

#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Any failure ends the measurement. */
static inline int must(int result, const char *what)
{
    if (result >= 0)
        return result;
    perror(what);
    _exit(1);
}

static inline void put(int dirfd, const char *file, const char *text)
{
    int fd = must(openat(dirfd, file, O_WRONLY | O_CLOEXEC), file);

    must((int)write(fd, text, strlen(text)), file);
    close(fd);
}

/* Once, before anything is measured: the bridge. */
void floor_network_prepare(void);

/* In each process that starts containers: a socket. */
void floor_network_open(void);

/* A container's veth as a port of the bridge, its other end with the process `pid`. */
void floor_network_join(int number, pid_t pid);

/* In the container: the settings of its network, then, when it has its link, the rest. */
void floor_network_set(int proc);
void floor_network_furnish(int number);
