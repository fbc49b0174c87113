/* SPDX-License-Identifier: MIT */

/*
 * The program carte-stack
 */

#include "cli/program.h"

int main(int argc, char **argv)
{
    return command_main(&program_stack, argc, argv);
}
