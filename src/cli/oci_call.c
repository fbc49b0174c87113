/* SPDX-License-Identifier: MIT */

/*
 * What the commands of carte-oci have in common
 */

#include "cli/oci_call.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"
#include "util/text.h"

char *oci_call_root(const struct command_call *call)
{
    return call->globals->root ? alloc_text(call->globals->root) : place_in_run("oci");
}

int oci_call_open(const struct command_call *call, bool locked, struct folder *folder,
                  struct record *record, struct error *err)
{
    AUTO_FREE char *root = oci_call_root(call);
    const char *id = call->operands->items[0];

    if (folder_open(root, id, folder, err) < 0 || (locked && folder_lock(folder, err) < 0))
        return -1;
    if (record_load(folder, record, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return error_set(err, ERROR_NOT_FOUND,
                     "container '%s' does not exist: its creation or removal was cut short; "
                     "'delete --force' frees the id",
                     id);
}

int oci_call_prepare(const struct command_globals *globals, struct error *err)
{
    if (globals->systemd_cgroup ||
        (globals->cgroup_manager && strcmp(globals->cgroup_manager, "systemd") == 0))
        return error_set(err, ERROR_UNSUPPORTED,
                         "cgroups of systemd are not supported: use the engine's cgroup manager "
                         "'cgroupfs'");
    if (globals->cgroup_manager && strcmp(globals->cgroup_manager, "disabled") == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "containers without a cgroup are not supported: use --cgroup-manager "
                         "cgroupfs");
    if (globals->rootless && strcmp(globals->rootless, "true") == 0 && geteuid() != 0)
        return error_set(err, ERROR_UNSUPPORTED, "running without root is not supported");
    return 0;
}

static void append(const struct command_globals *globals, const char *level, const char *message)
{
    AUTO_CLOSE int fd = -1;
    AUTO_TEXT struct text line = { 0 };
    struct error ignored = { 0 };
    bool is_json = globals->log_format && strcmp(globals->log_format, "json") == 0;
    char now[32];

    if (!globals->log || *globals->log == '\0')
        return;
    clock_format_wall(clock_wall_ms(), now);
    text_add_format(&line, is_json ? "{\"level\":\"%s\",\"msg\":" : "level=%s msg=", level);
    text_add_quoted(&line, message);
    text_add_format(&line, is_json ? ",\"time\":\"%s\"}\n" : " time=\"%s\"\n", now);
    fd = open(globals->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
    if (fd >= 0 && file_write_all(fd, text_get(&line), line.length, &ignored) < 0)
        error_clear(&ignored); /* it is printed all the same */
}

void oci_call_report(const struct command_globals *globals, const struct error *err)
{
    append(globals, "error", err->text);
}

void oci_call_warn(const struct command_globals *globals, const char *text)
{
    append(globals, "warning", text);
    output_message("warning", OUTPUT_YELLOW, "%s", text);
}
