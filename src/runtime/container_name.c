/* SPDX-License-Identifier: MIT */

/*
 * The names of containers
 */

#include "runtime/container_name.h"

#include <stdbool.h>
#include <string.h>

#include "util/error.h"

#define ID_MAX_LENGTH 60
#define FREE_ID_MAX_LENGTH 1024

#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz0123456789-_"
#define FREE LOWER_CASE "ABCDEFGHIJKLMNOPQRSTUVWXYZ+."

static bool is_made_of(const char *id, const char *characters, size_t longest)
{
    size_t length = strlen(id);

    return length > 0 && length <= longest && id[0] != '-' && strspn(id, characters) == length;
}

int container_name_check(const char *parent, const char *id, struct error *err)
{
    if (parent && parent[0] == '/') {
        if (!id || !is_made_of(id, FREE, FREE_ID_MAX_LENGTH))
            return error_set(err, ERROR_INVALID,
                             "container id '%.64s' is not valid: use letters, digits and _ + . -",
                             id ? id : "");
        return 0;
    }
    if (!id || !is_made_of(id, LOWER_CASE, ID_MAX_LENGTH))
        return error_set(err, ERROR_INVALID,
                         "container id '%.64s' is not valid: use at most %d of a-z, 0-9, - and _",
                         id ? id : "", ID_MAX_LENGTH);
    if (parent && !is_made_of(parent, LOWER_CASE, ID_MAX_LENGTH))
        return error_set(err, ERROR_INVALID,
                         "cgroup parent '%.64s' is not valid: use at most %d of a-z, 0-9, - and _",
                         parent, ID_MAX_LENGTH);
    return 0;
}
