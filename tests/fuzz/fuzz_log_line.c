/* SPDX-License-Identifier: MIT */

/*
 * Bytes that replicas write: whatever they are, each log line is JSON on one line, no byte is
 * used twice or left out, and what was cut in two is the same as what came at once.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "supervise/log_line.h"
#include "supervise/logs.h"
#include "util/error.h"
#include "util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct log_line_head head = { "2026-01-31T12:00:00.123Z", "stdout" };
    const char *bytes = (const char *)data;
    AUTO_TEXT struct text whole = { 0 };
    AUTO_TEXT struct text parts = { 0 };
    size_t middle = size / 2;
    size_t used = log_line_split(bytes, middle, false, &head, &parts);

    used += log_line_split(bytes + used, size - used, true, &head, &parts);
    assert(used == size);
    assert(log_line_split(bytes, size, true, &head, &whole) == size);
    assert(strcmp(text_get(&whole), text_get(&parts)) == 0);
    for (const char *line = text_get(&whole); *line;) {
        const char *end = strchr(line, '\n');
        struct error err = { 0 };
        AUTO(json) struct json *record = NULL;

        assert(end);
        record = json_parse(line, (size_t)(end - line), &err);
        assert(record && json_find(record, "log"));
        line = end + 1;
    }
    return 0;
}
