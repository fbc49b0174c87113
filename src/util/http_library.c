/* SPDX-License-Identifier: MIT */

/*
 * libcurl, loaded when it is needed
 */

#include "util/http_library.h"

#include <dlfcn.h>
#include <string.h>

#include "util/error.h"

#define LIBRARY "libcurl.so.4"

int http_library_load(struct http_library *out, struct error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define ROW(name_) { "curl_" #name_, offsetof(struct http_library, name_) },
        HTTP_LIBRARY_FUNCTIONS(ROW)
#undef ROW
    };
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (!library)
        return error_set(err, ERROR_UNSUPPORTED,
                         "%s cannot be loaded (%s); install the package libcurl4", LIBRARY,
                         dlerror());
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        void *function = dlsym(library, rows[i].name);

        if (!function)
            return error_set(err, ERROR_UNSUPPORTED, "%s has no function %s; install libcurl 7.85",
                             LIBRARY, rows[i].name);
        memcpy(member_at(out, rows[i].offset), &function, sizeof(function));
    }
    return 0;
}
