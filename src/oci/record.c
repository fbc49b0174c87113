/* SPDX-License-Identifier: MIT */

/*
 * What was made for a container, written before it is made
 */

#include "oci/record.h"

#include <fcntl.h>
#include <string.h>

#include "oci/folder.h"
#include "runtime/container.h"
#include "runtime/process.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#define FILE_NAME "record.json"
#define SIZE_MAX_BYTES ((size_t)4 << 20)

static const struct shape_row rows[] = {
    { .key = "id", SHAPE(TEXT, struct record, id), .required = true },
    { .key = "bundle", SHAPE(TEXT, struct record, bundle), .required = true },
    { .key = "ociVersion", SHAPE(TEXT, struct record, oci_version), .required = true },
    { .key = "rootfs", SHAPE(TEXT, struct record, root_path), .required = true },
    { .key = "cgroup", SHAPE(TEXT, struct record, cgroup), .required = true },
    { .key = "cgroupMark", SHAPE(TEXT, struct record, cgroup_mark) },
    { .key = "bootId", SHAPE(TEXT, struct record, boot_id), .required = true },
    { .key = "createdMs", SHAPE(INT, struct record, created_ms) },
    { .key = "creator", SHAPE(INT, struct record, creator) },
    { .key = "creatorStartTime", SHAPE(UINT, struct record, creator_start_time) },
    { .key = "pid", SHAPE(INT, struct record, pid) },
    { .key = "startTime", SHAPE(UINT, struct record, start_time) },
    { .key = "annotations", SHAPE(MAP, struct record, annotations) },
    { 0 },
};
static const struct shape shape = { rows, sizeof(struct record), 0, NULL };

static void set_annotations(const struct record *record, struct json *object)
{
    struct json *map = json_new_object();

    for (size_t i = 0; i < record->annotations.count; i++)
        json_set_text(map, record->annotations.pairs[i].key, record->annotations.pairs[i].value);
    json_set(object, "annotations", map);
}

int record_save(const struct folder *folder, const struct record *record, struct error *err)
{
    AUTO(json) struct json *object = json_new_object();
    AUTO_FREE char *text = NULL;

    json_set_text(object, "id", record->id);
    json_set_text(object, "bundle", record->bundle);
    json_set_text(object, "ociVersion", record->oci_version);
    json_set_text(object, "rootfs", record->root_path);
    json_set_text(object, "cgroup", record->cgroup);
    json_set_text(object, "cgroupMark", record->cgroup_mark);
    json_set_text(object, "bootId", record->boot_id);
    json_set_int(object, "createdMs", record->created_ms);
    json_set_int(object, "creator", record->creator);
    json_set_int(object, "creatorStartTime", (int64_t)record->creator_start_time);
    json_set_int(object, "pid", record->pid);
    json_set_int(object, "startTime", (int64_t)record->start_time);
    set_annotations(record, object);
    text = json_print(object, true);
    return file_replace(folder->fd, FILE_NAME, text, strlen(text), FILE_VOLATILE(0600), err);
}

int record_load(const struct folder *folder, struct record *out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };
    AUTO_RECORD struct record record = { 0 };

    if (file_read(folder->fd, FILE_NAME, SIZE_MAX_BYTES, &text, err) < 0)
        return -1;
    record.document = json_parse_exact(text_get(&text), text.length, err);
    if (!record.document ||
        shape_decode(&shape, record.document, "", &record, &record.store, err) < 0)
        return error_wrap(err, "'%s/" FILE_NAME "'", folder->path);
    *out = record;
    record = (struct record){ 0 };
    return 0;
}

void record_done(struct record *record)
{
    json_free(record->document);
    shape_done(&record->store);
    *record = (struct record){ 0 };
}

static bool is_alive(const struct record *record, int64_t pid, uint64_t start_time)
{
    AUTO_CLOSE int pidfd = -1;
    struct error ignored = { 0 };

    return pid > 0 && strcmp(record->boot_id, clock_boot_id()) == 0 &&
           container_open_process((pid_t)pid, start_time, &pidfd, &ignored) == 0;
}

enum record_status record_get_status(const struct record *record)
{
    bool has_executed = false;
    struct error ignored = { 0 };

    if (record->pid == 0 && is_alive(record, record->creator, record->creator_start_time))
        return RECORD_CREATING;
    if (!is_alive(record, record->pid, record->start_time))
        return RECORD_STOPPED;
    if (process_read_has_executed((pid_t)record->pid, &has_executed, &ignored) < 0)
        return RECORD_STOPPED;
    return has_executed ? RECORD_RUNNING : RECORD_CREATED;
}

const char *record_status_name(enum record_status status)
{
    static const char *const names[] = {
        [RECORD_CREATING] = "creating", [RECORD_CREATED] = "created", [RECORD_RUNNING] = "running",
        [RECORD_PAUSED] = "paused",     [RECORD_STOPPED] = "stopped",
    };

    return names[status];
}

void record_describe(const struct record *record, enum record_status status, struct json *object)
{
    char created[32];

    clock_format_wall(record->created_ms, created);
    json_set_text(object, "ociVersion", record->oci_version);
    json_set_text(object, "id", record->id);
    json_set_text(object, "status", record_status_name(status));
    json_set_int(object, "pid", status == RECORD_STOPPED ? 0 : record->pid);
    json_set_text(object, "bundle", record->bundle);
    json_set_text(object, "rootfs", record->root_path);
    json_set_text(object, "created", created);
    json_set_text(object, "owner", "root");
    set_annotations(record, object);
}

char *record_format_state(const struct record *record, enum record_status status)
{
    AUTO(json) struct json *object = json_new_object();

    record_describe(record, status, object);
    return json_print(object, false);
}
