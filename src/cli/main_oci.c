/* SPDX-License-Identifier: MIT */

/*
 * The program carte-oci
 */

#include "cli/program.h"

int main(int argc, char **argv)
{
    return command_main(&program_oci, argc, argv);
}
