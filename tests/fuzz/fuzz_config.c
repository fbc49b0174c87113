/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a config.json, a process for exec, resources for update
 */

#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

#include "oci/config.h"
#include "oci/translate.h"
#include "runtime/syscall_profile.h"
#include "util/alloc.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RULES_MAX 16 /* what is made of more of them takes longer, and is nothing new */

static void check(const struct config *config, const struct error *err)
{
    if ((config == NULL) != (err->code != ERROR_NONE) || (err->code && !err->text[0]))
        abort();
}

/* The filter of system calls is made of words that only libseccomp knows. */
static void build_filter(const struct syscall_profile *profile, bool is_given)
{
    struct error err = { 0 };
    struct sock_fprog program = { 0 };

    unsigned flags = 0;

    if (!is_given || profile->rule_count > RULES_MAX)
        return;
    if (syscall_profile_compile(profile, &program, &flags, &err) < 0) {
        if (err.code == ERROR_NONE || !err.text[0])
            abort();
        return;
    }
    if (program.len == 0 || !program.filter)
        abort();
    free(program.filter);
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
        if (translate)
            build_filter(&translate->program.syscalls, config->has_seccomp);
    }
    free(cgroup);
}

/* As exec does with a process of its own in a container whose config.json says little. */
static void translate_alone(const struct config_process *process)
{
    static const struct config container = { .version = CONFIG_VERSION_MAX };
    AUTO(translate) struct translate *memory = alloc_new(struct translate);

    translate_process(process, &container, memory, &memory->spec.program);
    translate_warn_of_rights(memory, 0);
    translate_listen(2, memory, &memory->spec.program);
    if (memory->spec.program.args.count == 0 || memory->spec.program.env.count < 2)
        abort();
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
    if (process)
        translate_alone(&process->process);
    if (resources)
        translate_resources(&resources->resources, &resources->store, &out);
    read_config(text, size);
    return 0;
}
