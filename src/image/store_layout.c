/* SPDX-License-Identifier: MIT */

/*
 * The folders of a new store
 */

#include "image/store_layout.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/file.h"

int store_layout_make(int fd, struct error *err)
{
    static const char *const folders[] = { "blobs",           "blobs/sha256", "layers",
                                           "layers/none",     "cache",        "records",
                                           "layers/none/tree" };
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        if (mkdirat(fd, folders[i], i + 1 < ARRAY_SIZE(folders) ? 0700 : 0755) < 0 &&
            errno != EEXIST)
            return error_set_errno(err, errno, "make the image store's folder '%s'", folders[i]);
    }
    /* It is the root folder of a build from nothing: whatever the umask, the same. */
    if (fchmodat(fd, "layers/none/tree", 0755, 0) < 0)
        return error_set_errno(err, errno, "set the mode of the empty layer");
    return file_replace(fd, "oci-layout", layout, strlen(layout), FILE_DURABLE(0600), err);
}
