/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a config.json, a process for exec, resources for update
 */

#include <stdint.h>
#include <stdlib.h>

#include "oci/config.h"
#include "oci/translate.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct config *config, const struct error *err)
{
    if ((config == NULL) != (err->code != ERROR_NONE) || (err->code && !err->text[0]))
        abort();
}

static void read_config(const char *text, size_t size)
{
    struct error err = { 0 };
    AUTO(config) struct config *config = config_parse(text, size, &err);
    AUTO(translate) struct translate *translate = NULL;
    char *cgroup = NULL;

    check(config, &err);
    if (!config)
        return;
    if (translate_cgroup(config, "id", &cgroup, &err) == 0) {
        if (cgroup[0] != '/' || cgroup[1] == '\0')
            abort();
        translate = translate_new(config, &(struct translate_place){ "id", "/b", cgroup }, &err);
        if ((translate == NULL) != (err.code != ERROR_NONE))
            abort();
    }
    free(cgroup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct error of_process = { 0 }, of_resources = { 0 };
    AUTO(config) struct config *process = config_parse_process(text, size, &of_process);
    AUTO(config) struct config *resources = config_parse_resources(text, size, &of_resources);
    struct container_resources out;

    check(process, &of_process);
    check(resources, &of_resources);
    if (resources)
        translate_resources(&resources->resources, &resources->store, &out);
    read_config(text, size);
    return 0;
}
