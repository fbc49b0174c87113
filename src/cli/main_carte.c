/* SPDX-License-Identifier: MIT */

/*
 * The program carte
 */

#include "cli/program.h"

int main(int argc, char **argv)
{
    return command_main(&program_carte, argc, argv);
}
