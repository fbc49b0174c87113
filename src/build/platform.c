/* SPDX-License-Identifier: MIT */

/*
 * For which platform is built
 */

#include "build/platform.h"

#include <stdlib.h>
#include <string.h>

#include "image/config_json.h"
#include "image/image_index.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

char *platform_own(void)
{
    return alloc_format("linux/%s", config_json_architecture());
}

/* What stands behind BUILD and TARGET. */
static const char *const parts[] = { "PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION" };
static const char *const sides[] = { "BUILD", "TARGET" };

void platform_add_args(struct strings_map *args)
{
    AUTO_FREE char *own = platform_own();
    const char *const values[ARRAY_SIZE(parts)] = { own, "linux", config_json_architecture(), "",
                                                    "" };

    for (size_t side = 0; side < ARRAY_SIZE(sides); side++) {
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            AUTO_FREE char *name = alloc_format("%s%s", sides[side], parts[i]);

            strings_map_set(args, name, values[i]);
        }
    }
}

bool platform_is_arg(const char *name)
{
    for (size_t side = 0; side < ARRAY_SIZE(sides); side++) {
        size_t length = strlen(sides[side]);

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            if (strncmp(name, sides[side], length) == 0 && strcmp(name + length, parts[i]) == 0)
                return true;
        }
    }
    return false;
}

int platform_is_own(const char *text, bool *out, struct error *err)
{
    struct image_index_platform platform;

    if (image_index_parse_platform(text, &platform, err) < 0)
        return -1;
    *out = strcmp(platform.os, "linux") == 0 &&
           strcmp(platform.architecture, config_json_architecture()) == 0;
    return 0;
}
