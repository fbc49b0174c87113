/* SPDX-License-Identifier: MIT */

/*
 * `carte-oci update`: other limits for a container that runs
 *
 * The options are put into the form of `linux.resources` of config.json and go its way.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_oci.h"
#include "cli/command.h"
#include "cli/oci_call.h"
#include "oci/config.h"
#include "oci/lifecycle.h"
#include "oci/translate.h"
#include "runtime/container.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/text.h"

struct update_options {
    const char *resources;
    const char *memory, *reservation, *swap;
    const char *period, *quota, *shares, *burst, *idle, *rt_period, *rt_runtime;
    const char *cpus, *mems;
    const char *pids, *weight;
};

/* Bytes may be -1, too: without limit. */
enum figure_kind { FIGURE_NUMBER, FIGURE_BYTES, FIGURE_TEXT };

static const struct figure {
    size_t offset;
    enum figure_kind kind;
    const char *group, *key, *option;
} figures[] = {
#define FIGURE(member, kind, group, key, option)                                  \
    {                                                                             \
        offsetof(struct update_options, member), (kind), (group), (key), (option) \
    }
    FIGURE(memory, FIGURE_BYTES, "memory", "limit", "memory"),
    FIGURE(reservation, FIGURE_BYTES, "memory", "reservation", "memory-reservation"),
    FIGURE(swap, FIGURE_BYTES, "memory", "swap", "memory-swap"),
    FIGURE(period, FIGURE_NUMBER, "cpu", "period", "cpu-period"),
    FIGURE(quota, FIGURE_NUMBER, "cpu", "quota", "cpu-quota"),
    FIGURE(shares, FIGURE_NUMBER, "cpu", "shares", "cpu-share"),
    FIGURE(burst, FIGURE_NUMBER, "cpu", "burst", "cpu-burst"),
    FIGURE(idle, FIGURE_NUMBER, "cpu", "idle", "cpu-idle"),
    FIGURE(rt_period, FIGURE_NUMBER, "cpu", "realtimePeriod", "cpu-rt-period"),
    FIGURE(rt_runtime, FIGURE_NUMBER, "cpu", "realtimeRuntime", "cpu-rt-runtime"),
    FIGURE(cpus, FIGURE_TEXT, "cpu", "cpus", "cpuset-cpus"),
    FIGURE(mems, FIGURE_TEXT, "cpu", "mems", "cpuset-mems"),
    FIGURE(pids, FIGURE_NUMBER, "pids", "limit", "pids-limit"),
    FIGURE(weight, FIGURE_NUMBER, "blockIO", "weight", "blkio-weight"),
};

#define LIMIT(name_, argument_, member_, doc_)                                                  \
    {                                                                                           \
        .name = (name_), .argument = (argument_), OPTION(TEXT, struct update_options, member_), \
        .doc = (doc_),                                                                          \
    }
static const struct option update_options[] = {
    {
        .letter = 'r',
        .name = "resources",
        .argument = "FILE",
        OPTION(TEXT, struct update_options, resources),
        .doc = "Read the limits as JSON, like linux.resources of config.json; - is the standard "
               "input.",
    },
    LIMIT("memory", "BYTES", memory, "Memory; -1: without limit."),
    LIMIT("memory-reservation", "BYTES", reservation, "Memory that is not reclaimed."),
    LIMIT("memory-swap", "BYTES", swap, "Memory and swap together; -1: without limit."),
    LIMIT("cpu-period", "US", period, "Length of a period of --cpu-quota."),
    LIMIT("cpu-quota", "US", quota, "Time on CPUs in a period; -1: without limit."),
    LIMIT("cpu-share", "N", shares, "Weight among containers, 1024 is usual."),
    LIMIT("cpu-burst", "US", burst, "Unused quota that may be used later."),
    LIMIT("cpu-idle", "0|1", idle, "Run only when nothing else does."),
    LIMIT("cpu-rt-period", "US", rt_period, "Length of a period of --cpu-rt-runtime."),
    LIMIT("cpu-rt-runtime", "US", rt_runtime, "Time of real-time processes in a period."),
    LIMIT("cpuset-cpus", "LIST", cpus, "CPUs to run on, like 0-2,4."),
    LIMIT("cpuset-mems", "LIST", mems, "Memory nodes to use, like 0-1."),
    LIMIT("pids-limit", "N", pids, "Processes; -1: without limit."),
    LIMIT("blkio-weight", "N", weight, "Weight of input and output, 10 to 1000."),
    { 0 },
};

static int add_figure(const struct figure *figure, const char *value, struct text *out,
                      struct error *err)
{
    uint64_t bytes = 0;
    int64_t number = 0;
    int result = 0;

    text_add_format(out, "\"%s\":", figure->key);
    if (figure->kind == FIGURE_TEXT) {
        text_add_quoted(out, value);
        return 0;
    }
    if (figure->kind == FIGURE_BYTES && value[0] != '-')
        result = parse_bytes(value, &bytes, err);
    else
        result = parse_int(value, -1, INT64_MAX, &number, err);
    if (result < 0)
        return error_wrap(err, "option '--%s'", figure->option);
    text_add_format(out, "%" PRId64, bytes > 0 ? (int64_t)MIN(bytes, (uint64_t)INT64_MAX) : number);
    return 0;
}

/* Rows of one group stand together in the table. */
static int format_options(const struct update_options *options, struct text *out, struct error *err)
{
    const char *group = NULL;

    text_add_char(out, '{');
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        const char *value = *(const char *const *)member_at_const(options, figures[i].offset);

        if (!value)
            continue;
        if (!group || strcmp(group, figures[i].group) != 0)
            text_add_format(out, "%s\"%s\":{", group ? "}," : "", figures[i].group);
        else
            text_add_char(out, ',');
        group = figures[i].group;
        if (add_figure(&figures[i], value, out, err) < 0)
            return -1;
    }
    text_add(out, group ? "}}" : "}");
    if (!group)
        return error_set(err, ERROR_INVALID, "nothing to change: give a limit, or --resources");
    return 0;
}

static int read_resources(const struct update_options *options, struct text *out, struct error *err)
{
    if (!options->resources)
        return format_options(options, out, err);
    if (strcmp(options->resources, "-") == 0)
        return file_read_fd(STDIN_FILENO, CONFIG_SIZE_MAX, out, err);
    return file_read(AT_FDCWD, options->resources, CONFIG_SIZE_MAX, out, err);
}

static int update_run(struct command_call *call, struct error *err)
{
    AUTO_FOLDER struct folder folder = FOLDER_NONE;
    AUTO_RECORD struct record record = { 0 };
    AUTO_TEXT struct text text = { 0 };
    AUTO(config) struct config *config = NULL;
    struct container_resources resources;
    enum record_status status;

    if (read_resources(call->options, &text, err) < 0)
        return -1;
    config = config_parse_resources(text_get(&text), text.length, err);
    if (!config)
        return error_wrap(err, "resources");
    if (oci_call_open(call, true, &folder, &record, err) < 0)
        return -1;
    status = lifecycle_status(&record);
    if (status == RECORD_STOPPED || status == RECORD_CREATING)
        return error_set(err, ERROR_INVALID, "cannot update container '%s': it is %s", record.id,
                         record_status_name(status));
    translate_resources(&config->resources, &config->store, &resources);
    return container_update_resources(record.cgroup, record.id, &resources, err);
}

const struct command cmd_oci_update = {
    .name = "update",
    .operands = "ID",
    .summary = "Change the limits of a container; what is not given stays.",
    .options = update_options,
    .options_size = sizeof(struct update_options),
    .operand_min = 1,
    .operand_max = 1,
    .run = update_run,
};
