/* SPDX-License-Identifier: MIT */

/*
 * How processes ended: the keeper's record of exit statuses
 *
 * Part of the keeper: nothing here allocates memory.
 */

#include "supervise/exits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDS_PER_READ 64

/* Call `look` for every record of the file until it returns false. */
typedef bool (*look_fn)(void *context, const struct exits_record *record);

static void each_record(int fd, look_fn look, void *context)
{
    struct exits_record records[RECORDS_PER_READ];
    off_t offset = 0;

    for (;;) {
        ssize_t length = pread(fd, records, sizeof(records), offset);
        size_t count = length > 0 ? (size_t)length / sizeof(records[0]) : 0;

        for (size_t i = 0; i < count; i++)
            if (!look(context, &records[i]))
                return;
        if (count < RECORDS_PER_READ)
            return;
        offset += (off_t)sizeof(records);
    }
}

static bool look_for_last(void *context, const struct exits_record *record)
{
    uint64_t *last = context;

    if (record->sequence > *last)
        *last = record->sequence;
    return true;
}

uint64_t exits_last_sequence(int fd)
{
    uint64_t last = 0;

    each_record(fd, look_for_last, &last);
    return last;
}

bool exits_write(int fd, const struct exits_record *record)
{
    off_t offset = (off_t)(record->sequence % EXITS_SLOTS * sizeof(*record));

    return pwrite(fd, record, sizeof(*record), offset) == (ssize_t)sizeof(*record);
}

static bool look_for_process(void *context, const struct exits_record *record)
{
    struct exits_record *wanted = context;

    if (record->pid == wanted->pid && record->start_time == wanted->start_time &&
        record->sequence > wanted->sequence)
        *wanted = *record;
    return true;
}

bool exits_find(int fd, pid_t pid, uint64_t start_time, struct exits_record *out)
{
    struct exits_record wanted = { .pid = pid, .start_time = start_time };

    each_record(fd, look_for_process, &wanted);
    if (wanted.sequence == 0)
        return false;
    *out = wanted;
    return true;
}

/* The name of the program stands in parentheses and may hold blanks and parentheses itself. */
static uint64_t parse_field(const char *stat, int wanted)
{
    const char *at = strrchr(stat, ')');
    int field = 2;

    while (at && field < wanted) {
        at = strchr(at + 1, ' ');
        field++;
    }
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

static uint64_t read_field(pid_t pid, int wanted)
{
    char path[32];
    char stat[1024];
    ssize_t length = 0;
    int fd = -1;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    length = read(fd, stat, sizeof(stat) - 1);
    close(fd);
    if (length <= 0)
        return 0;
    stat[length] = '\0';
    return parse_field(stat, wanted);
}

uint64_t exits_start_time(pid_t pid)
{
    return read_field(pid, 22);
}

pid_t exits_parent(pid_t pid)
{
    return (pid_t)read_field(pid, 4);
}
