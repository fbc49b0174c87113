/* SPDX-License-Identifier: MIT */

/*
 * The program carte-oci
 */

#include "cli/program.h"
#include "runtime/seal.h"
#include "util/error.h"

int main(int argc, char **argv)
{
    struct error unsealed = { 0 };

    /* Containers are started from here; without the seal they still have the other walls. */
    if (seal_program(argv, &unsealed) < 0)
        error_clear(&unsealed);
    return command_main(&program_oci, argc, argv);
}
