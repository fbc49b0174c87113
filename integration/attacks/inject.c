/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: push input into the terminals it was given (S24)
 *
 * Prints "FD: ERROR" or "FD: pushed" for descriptors 0 to 2, after trying to make each terminal
 * its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
    static const char text[] = "injected\n";

    for (int fd = 0; fd < 3; fd++) {
        const char *result = "pushed";

        setsid();
        ioctl(fd, TIOCSCTTY, 1);
        for (const char *p = text; *p; p++) {
            if (ioctl(fd, TIOCSTI, p) < 0)
                result = strerrorname_np(errno);
        }
        printf("%d: %s\n", fd, result);
    }
    return 0;
}
