/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a document: it is read or refused, and what is printed is read as the same.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_print(const struct json *json, bool pretty)
{
    AUTO(json) struct json *again = NULL;
    AUTO_FREE char *printed = json_print(json, pretty);
    AUTO_FREE char *twice = NULL;
    struct error err = { 0 };

    again = json_parse(printed, strlen(printed), &err);
    if (!again)
        abort();
    twice = json_print(again, pretty);
    if (strcmp(printed, twice) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(json) struct json *json = NULL;
    AUTO(json) struct json *exact = NULL;
    AUTO(json) struct json *copy = NULL;
    struct error err = { 0 };

    exact = json_parse_exact((const char *)data, size, &err);
    error_clear(&err);
    json = json_parse((const char *)data, size, &err);
    error_clear(&err);
    if (exact && !json)
        abort();
    if (!json)
        return 0;
    copy = json_copy(json);
    try_print(copy, false);
    try_print(json, true);
    return 0;
}
