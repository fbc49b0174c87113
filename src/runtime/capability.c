/* SPDX-License-Identifier: MIT */

/*
 * Capabilities as a set of bits
 */

#include "runtime/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* Index n is capability n, as in <linux/capability.h>. */
static const char *const names[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
    NULL,
};
_Static_assert(ARRAY_SIZE(names) == CAP_LAST_CAP + 2, "a capability without a name");

uint64_t capability_default(void)
{
    return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
           BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) |
           BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL);
}

uint64_t capability_all(void)
{
    return BIT(CAP_LAST_CAP + 1) - 1;
}

const char *capability_find_name(unsigned number)
{
    return number <= CAP_LAST_CAP ? names[number] : NULL;
}

static int find_bits(const char *name, uint64_t *out, struct error *err)
{
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
    const char *nearest = NULL;
    char upper[32];
    size_t i = 0;

    if (strcasecmp(bare, "ALL") == 0) {
        *out = capability_all();
        return 0;
    }
    for (i = 0; names[i]; i++) {
        if (strcasecmp(bare, names[i]) == 0) {
            *out = BIT(i);
            return 0;
        }
    }
    for (i = 0; bare[i] && i < sizeof(upper) - 1; i++)
        upper[i] = bare[i] >= 'a' && bare[i] <= 'z' ? (char)(bare[i] - 'a' + 'A') : bare[i];
    upper[i] = '\0';
    nearest = text_nearest(upper, names);
    if (nearest)
        return error_set(err, ERROR_INVALID, "unknown capability '%.64s': did you mean %s", name,
                         nearest);
    return error_set(err, ERROR_INVALID,
                     "unknown capability '%.64s': write a name of capabilities(7) or ALL", name);
}

int capability_apply(uint64_t base, const struct strings *add, const struct strings *drop,
                     uint64_t *out, struct error *err)
{
    uint64_t added = 0, dropped = 0;

    for (size_t i = 0; add && i < add->count; i++) {
        uint64_t bits = 0;

        if (find_bits(add->items[i], &bits, err) < 0)
            return -1;
        added |= bits;
    }
    for (size_t i = 0; drop && i < drop->count; i++) {
        uint64_t bits = 0;

        if (find_bits(drop->items[i], &bits, err) < 0)
            return -1;
        dropped |= bits;
    }
    *out = dropped == capability_all() ? added : (base | added) & ~dropped;
    return 0;
}

int capability_read_held(uint64_t *out, struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };

    if (syscall(SYS_capget, &header, data) < 0)
        return error_set_errno(err, errno, "read the capabilities");
    *out = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    return 0;
}
