/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are docker's config.json: each host has a login or none, or the file is refused with
 * a reason. The first line is the host.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry_login.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) : 0;
    AUTO_FREE char *host = alloc_text_part((const char *)data, length);
    AUTO_FREE char *helper = NULL;
    AUTO_TEXT struct text text = { 0 };
    AUTO_REGISTRY_LOGIN struct registry_login login = { 0 };
    struct error err = { 0 };

    text_add_bytes(&text, (const char *)data + length, size - length);
    if (registry_login_parse(&text, host, &helper, &login, &err) < 0) {
        if (err.code == ERROR_NONE || login.user || login.password)
            abort();
    } else if (helper && login.user) {
        abort();
    }
    return 0;
}
