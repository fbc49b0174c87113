/* SPDX-License-Identifier: MIT */

/*
 * What a client uploads
 *
 * The checks of an upload's fields, apart from where it is kept.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/json.h"
#include "util/macro.h"

struct error;

#define UPLOAD_NAME_MAX 200

struct upload_bytes {
    unsigned char *data; /* owned */
    size_t length;
};

/* The texts are borrowed from the JSON it was read from. */
struct upload {
    const char *name;
    const char *thumbnail_ext;
    int64_t category;
    int64_t price;
    bool is_disabled;
    struct upload_bytes thumbnail;
    struct upload_bytes file;
};

/* ERROR_INVALID: the text names the field that is wrong. */
int upload_read(const struct json *body, struct upload *upload_out, struct error *err) MUST_CHECK;
void upload_done(struct upload *upload);

/* Is it an asset's id: 24 hexadecimal digits? They are written to `id_out` in small letters. */
bool upload_read_id(const char *text, char id_out[25]);
