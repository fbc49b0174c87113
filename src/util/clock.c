/* SPDX-License-Identifier: MIT */

/*
 * Time
 */

#include "util/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec now = { 0 };

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return read_ns(CLOCK_BOOTTIME);
}

int64_t clock_now_ms(void)
{
    return clock_now_ns() / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

void clock_format_wall(int64_t wall_ms, char out[32])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts = { 0 };
    char date[24];

    gmtime_r(&seconds, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out, 32, "%s.%03dZ", date, (int)(wall_ms % 1000));
}

const char *clock_boot_id(void)
{
    static char id[37];

    if (id[0] == '\0') {
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || read(fd, id, 36) != 36) {
            fputs("/proc/sys/kernel/random/boot_id cannot be read: mount /proc\n", stderr);
            abort();
        }
        close(fd);
    }
    return id;
}

/* "Z", "+02:00" or nothing, in minutes east of Greenwich. */
static bool parse_offset(const char *text, int *minutes_out)
{
    int hours = 0, minutes = 0, length = 0;

    *minutes_out = 0;
    if (strcmp(text, "Z") == 0 || !*text)
        return true;
    if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || text[1 + length])
        return false;
    *minutes_out = (*text == '-' ? -1 : 1) * (hours * 60 + minutes);
    return *text == '-' || *text == '+';
}

bool clock_parse_wall(const char *text, int64_t *wall_ms_out)
{
    struct tm when = { 0 };
    const char *rest = strptime(text, "%Y-%m-%d", &when);
    int minutes = 0, millis = 0;

    if (rest && *rest == 'T')
        rest = strptime(rest, "T%H:%M:%S", &when);
    if (!rest)
        return false;
    if (*rest == '.') {
        rest++;
        for (int scale = 100; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            millis += (*rest - '0') * scale;
    }
    if (!parse_offset(rest, &minutes))
        return false;
    *wall_ms_out = ((int64_t)timegm(&when) - (int64_t)minutes * 60) * SECOND_MS + millis;
    return true;
}
