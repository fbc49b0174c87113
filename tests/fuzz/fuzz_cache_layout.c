/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a manifest of cached steps, or are refused; what is said of a step is well-formed.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "build/cache_layout.h"
#include "image/blob.h"
#include "image/layer.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cache_layout layout = { .fd = -1 };
    struct text text = { 0 };
    struct error err = { 0 };
    char *folder = NULL;

    text_add_bytes(&text, (const char *)data, size);
    if (cache_layout_parse(&text, &layout, &err) == 0) {
        for (size_t i = 0; i < layout.step_count; i++) {
            const struct cache_layout_step *step = &layout.steps[i];

            if (strlen(step->key) != 64 || !blob_find_hex(step->layer.digest) ||
                !blob_find_hex(step->layer.diff_id) || step->layer.size_bytes > LAYER_SIZE_MAX)
                abort();
        }
    }
    error_clear(&err);
    if (cache_layout_parse_option(text_get(&text), "src", &folder, &err) == 0 && !*folder)
        abort();
    free(folder);
    cache_layout_done(&layout);
    text_done(&text);
    return 0;
}
