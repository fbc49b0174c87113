/* SPDX-License-Identifier: MIT */

/*
 * Base64
 */

#include "util/base64.h"

#include <nettle/base64.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

char *base64_encode(const void *data, size_t length)
{
    char *out = alloc_zeroed(BASE64_ENCODE_RAW_LENGTH(length) + 1, 1);

    base64_encode_raw(out, length, data);
    return out;
}

int base64_decode(const char *text, struct text *out, struct error *err)
{
    struct base64_decode_ctx context;
    size_t length = BASE64_DECODE_LENGTH(strlen(text));
    AUTO_FREE uint8_t *bytes = alloc_zeroed(length + 1, 1);

    base64_decode_init(&context);
    if (!base64_decode_update(&context, &length, bytes, strlen(text), text) ||
        !base64_decode_final(&context))
        return error_set(err, ERROR_INVALID, "no base64");
    text_add_bytes(out, bytes, length);
    return 0;
}
