/* SPDX-License-Identifier: MIT */

/*
 * What a client uploads
 */

#include "asset/upload.h"

#include <ctype.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/strict.h"
#include "util/alloc.h"
#include "util/error.h"

#define INTEGER_MAX 9007199254740992.0 /* what a JSON number holds exactly */

static int read_line(const struct json *body, const char *key, size_t max, const char **text_out,
                     struct error *err)
{
    const char *text = json_get_text(json_find(body, key), NULL);

    if (!text || *text == '\0')
        return error_set(err, ERROR_INVALID, "%s is required", key);
    if (strlen(text) > max || !strict_is_line(text))
        return error_set(err, ERROR_INVALID, "%s must be a line of at most %zu bytes", key, max);
    *text_out = text;
    return 0;
}

static int read_integer(const struct json *body, const char *key, bool is_required,
                        int64_t *number_out, struct error *err)
{
    const struct json *member = json_find(body, key);
    double number = json_get_number(member, 0);

    if (!member)
        return is_required ? error_set(err, ERROR_INVALID, "%s is required", key) : 0;
    if (!json_is_number(member) || !(fabs(number) <= INTEGER_MAX) || number != floor(number))
        return error_set(err, ERROR_INVALID, "%s must be an integer", key);
    *number_out = (int64_t)number;
    return 0;
}

/* true, false, 1 or 0; false when it is missing. */
static int read_flag(const struct json *body, const char *key, bool *flag_out, struct error *err)
{
    const struct json *member = json_find(body, key);

    if (!member)
        return 0;
    /* A boolean gives the same whatever the fallback is; anything else gives the fallback. */
    if (json_get_bool(member, false) == json_get_bool(member, true))
        *flag_out = json_get_bool(member, false);
    else if (json_is_number(member))
        *flag_out = json_get_number(member, 0) != 0;
    else
        return error_set(err, ERROR_INVALID, "%s must be true or false", key);
    return 0;
}

static int read_base64(const struct json *body, const char *key, struct upload_bytes *bytes_out,
                       struct error *err)
{
    const char *text = json_get_text(json_find(body, key), NULL);
    size_t length = text ? strlen(text) : 0;
    const char *end = NULL;

    if (length == 0)
        return error_set(err, ERROR_INVALID, "%s is required", key);
    bytes_out->data = alloc_zeroed(1, length / 4 * 3 + 3);
    if (sodium_base642bin(bytes_out->data, length / 4 * 3 + 3, text, length, NULL,
                          &bytes_out->length, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + length)
        return error_set(err, ERROR_INVALID, "%s must be base64", key);
    return 0;
}

static int read_extension(const char *text, struct error *err)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.')
            return error_set(err, ERROR_INVALID, "thumbnailext must be letters and digits");
    return 0;
}

int upload_read(const struct json *body, struct upload *upload_out, struct error *err)
{
    struct upload upload = { 0 };

    if (read_line(body, "name", UPLOAD_NAME_MAX, &upload.name, err) < 0 ||
        read_integer(body, "categoryid", true, &upload.category, err) < 0 ||
        read_base64(body, "thumbnail", &upload.thumbnail, err) < 0 ||
        read_line(body, "thumbnailext", 16, &upload.thumbnail_ext, err) < 0 ||
        read_extension(upload.thumbnail_ext, err) < 0 ||
        read_base64(body, "file", &upload.file, err) < 0 ||
        read_integer(body, "price", false, &upload.price, err) < 0 ||
        read_flag(body, "isdisable", &upload.is_disabled, err) < 0) {
        upload_done(&upload);
        return -1;
    }
    *upload_out = upload;
    return 0;
}

void upload_done(struct upload *upload)
{
    free(upload->thumbnail.data);
    free(upload->file.data);
    *upload = (struct upload){ 0 };
}

bool upload_read_id(const char *text, char id_out[25])
{
    if (strlen(text) != 24)
        return false;
    for (size_t i = 0; i < 25; i++) {
        if (text[i] != '\0' && !isxdigit((unsigned char)text[i]))
            return false;
        id_out[i] = (char)tolower((unsigned char)text[i]);
    }
    return true;
}
