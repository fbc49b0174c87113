/* SPDX-License-Identifier: MIT */

/*
 * The time of all files
 */

#include "build/epoch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util/error.h"
#include "util/parse.h"
#include "util/text.h"

/* The last second of the year 9999. */
#define EPOCH_MAX INT64_C(253402300799)

int epoch_parse(const char *value, int64_t *out, struct error *err)
{
    if (text_is_empty(value))
        value = getenv("SOURCE_DATE_EPOCH");
    *out = 0;
    if (!text_is_empty(value) && parse_int(value, 0, EPOCH_MAX, out, err) < 0)
        return error_wrap(err, "SOURCE_DATE_EPOCH");
    return 0;
}

void epoch_format(int64_t epoch, char out[32])
{
    time_t seconds = (time_t)epoch;
    struct tm utc;

    if (!gmtime_r(&seconds, &utc) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(out, 32, "1970-01-01T00:00:00Z");
}
