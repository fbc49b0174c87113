/* SPDX-License-Identifier: MIT */

/*
 * What was made for a container, written before it is made
 *
 * `create` writes the record first, without a process: from then on `delete` knows the cgroup
 * and finds whatever a killed `create` has left. The process is added once it waits for `start`.
 * Whether it waits still, runs or has ended is not written anywhere: the kernel knows.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/shape.h"
#include "util/macro.h"
#include "util/strings.h"

struct error;
struct folder;
struct json;

enum record_status {
    RECORD_CREATING,
    RECORD_CREATED,
    RECORD_RUNNING,
    RECORD_PAUSED,
    RECORD_STOPPED,
};

struct record {
    const char *id, *bundle, *oci_version, *root_path;
    const char *cgroup;      /* below the mount point of each hierarchy, "/carte-oci/ID" */
    const char *cgroup_mark; /* "": not made yet; NULL, in a record of older versions: not known */
    const char *boot_id;     /* after a reboot nothing of it exists */
    int64_t created_ms;      /* wall time */
    int64_t creator;         /* the process of `create` */
    uint64_t creator_start_time;
    int64_t pid; /* the container's first process; 0: not made yet */
    uint64_t start_time;
    struct strings_map annotations;

    /* Of a record that was loaded; one that was filled borrows all of the above. */
    struct json *document;
    struct shape_store store;
};

#define AUTO_RECORD __attribute__((cleanup(record_done)))

int record_save(const struct folder *folder, const struct record *record,
                struct error *err) MUST_CHECK;

/*
 * ERROR_NOT_FOUND: `create` was killed before it wrote one, so nothing was made.
 */
int record_load(const struct folder *folder, struct record *out, struct error *err) MUST_CHECK;
void record_done(struct record *record);

/* What the kernel says of the process; that of a process is never RECORD_PAUSED without a pid. */
enum record_status record_get_status(const struct record *record);
const char *record_status_name(enum record_status status);

/* The state as runtime.md has it, on one line for hooks; the caller frees it. */
char *record_format_state(const struct record *record, enum record_status status) MUST_CHECK;

/* Add what state and list have in common to `object`. */
void record_describe(const struct record *record, enum record_status status, struct json *object);
