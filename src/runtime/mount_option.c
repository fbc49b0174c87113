/* SPDX-License-Identifier: MIT */

/*
 * The options of a mount as fstab and OCI spell them
 *
 * One row for each word. What has no row belongs to the file system.
 */

#include "runtime/mount_option.h"

#include <string.h>
#include <sys/mount.h>

#include "runtime/mount_spec.h"
#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

enum effect {
    ATTRIBUTE,   /* of the mount itself */
    ATTRIBUTES,  /* with all below it */
    PROPAGATION, /* `set` is MS_... */
    BIND,
    BIND_BELOW,
    COPY_UP,
    IDMAP,
    IDMAP_BELOW,
    REMOUNT,
    FILE_SYSTEM, /* a flag of the file system; a bind leaves that as it is */
    NOTHING,     /* it is so anyway, or only a matter of what the kernel logs */
};

struct option {
    const char *name;
    enum effect effect;
    uint64_t set, clear;
};

#define ATIMES ((uint64_t)MOUNT_ATTR__ATIME)

/* Ended by a row without a name. */
static const struct option table[] = {
    { "acl", NOTHING, 0, 0 },
    { "async", FILE_SYSTEM, 0, 0 },
    { "atime", ATTRIBUTE, 0, ATIMES },
    { "bind", BIND, 0, 0 },
    { "defaults", NOTHING, 0, 0 },
    { "dev", ATTRIBUTE, 0, MOUNT_ATTR_NODEV },
    { "diratime", ATTRIBUTE, 0, MOUNT_ATTR_NODIRATIME },
    { "dirsync", FILE_SYSTEM, 0, 0 },
    { "exec", ATTRIBUTE, 0, MOUNT_ATTR_NOEXEC },
    { "idmap", IDMAP, 0, 0 },
    { "iversion", NOTHING, 0, 0 }, /* which file systems count is the kernel's matter today */
    { "lazytime", FILE_SYSTEM, 0, 0 },
    { "loud", NOTHING, 0, 0 },
    { "mand", FILE_SYSTEM, 0, 0 },
    { "noatime", ATTRIBUTE, MOUNT_ATTR_NOATIME, ATIMES },
    { "nodev", ATTRIBUTE, MOUNT_ATTR_NODEV, 0 },
    { "nodiratime", ATTRIBUTE, MOUNT_ATTR_NODIRATIME, 0 },
    { "noexec", ATTRIBUTE, MOUNT_ATTR_NOEXEC, 0 },
    { "noiversion", NOTHING, 0, 0 },
    { "nolazytime", FILE_SYSTEM, 0, 0 },
    { "nomand", FILE_SYSTEM, 0, 0 },
    { "norelatime", ATTRIBUTE, MOUNT_ATTR_STRICTATIME, ATIMES },
    { "nostrictatime", ATTRIBUTE, MOUNT_ATTR_RELATIME, ATIMES },
    { "nosuid", ATTRIBUTE, MOUNT_ATTR_NOSUID, 0 },
    { "nosymfollow", ATTRIBUTE, MOUNT_ATTR_NOSYMFOLLOW, 0 },
    { "private", PROPAGATION, MS_PRIVATE, 0 },
    { "ratime", ATTRIBUTES, 0, ATIMES },
    { "rbind", BIND_BELOW, 0, 0 },
    { "rdev", ATTRIBUTES, 0, MOUNT_ATTR_NODEV },
    { "rdiratime", ATTRIBUTES, 0, MOUNT_ATTR_NODIRATIME },
    { "relatime", ATTRIBUTE, MOUNT_ATTR_RELATIME, ATIMES },
    { "remount", REMOUNT, 0, 0 },
    { "rexec", ATTRIBUTES, 0, MOUNT_ATTR_NOEXEC },
    { "ridmap", IDMAP_BELOW, 0, 0 },
    { "rnoatime", ATTRIBUTES, MOUNT_ATTR_NOATIME, ATIMES },
    { "rnodev", ATTRIBUTES, MOUNT_ATTR_NODEV, 0 },
    { "rnodiratime", ATTRIBUTES, MOUNT_ATTR_NODIRATIME, 0 },
    { "rnoexec", ATTRIBUTES, MOUNT_ATTR_NOEXEC, 0 },
    { "rnorelatime", ATTRIBUTES, MOUNT_ATTR_STRICTATIME, ATIMES },
    { "rnostrictatime", ATTRIBUTES, MOUNT_ATTR_RELATIME, ATIMES },
    { "rnosuid", ATTRIBUTES, MOUNT_ATTR_NOSUID, 0 },
    { "rnosymfollow", ATTRIBUTES, MOUNT_ATTR_NOSYMFOLLOW, 0 },
    { "ro", ATTRIBUTE, MOUNT_ATTR_RDONLY, 0 },
    { "rprivate", PROPAGATION, MS_PRIVATE | MS_REC, 0 },
    { "rrelatime", ATTRIBUTES, MOUNT_ATTR_RELATIME, ATIMES },
    { "rro", ATTRIBUTES, MOUNT_ATTR_RDONLY, 0 },
    { "rrw", ATTRIBUTES, 0, MOUNT_ATTR_RDONLY },
    { "rshared", PROPAGATION, MS_SHARED | MS_REC, 0 },
    { "rslave", PROPAGATION, MS_SLAVE | MS_REC, 0 },
    { "rstrictatime", ATTRIBUTES, MOUNT_ATTR_STRICTATIME, ATIMES },
    { "rsuid", ATTRIBUTES, 0, MOUNT_ATTR_NOSUID },
    { "rsymfollow", ATTRIBUTES, 0, MOUNT_ATTR_NOSYMFOLLOW },
    { "runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
    { "rw", ATTRIBUTE, 0, MOUNT_ATTR_RDONLY },
    { "shared", PROPAGATION, MS_SHARED, 0 },
    { "silent", NOTHING, 0, 0 },
    { "slave", PROPAGATION, MS_SLAVE, 0 },
    { "strictatime", ATTRIBUTE, MOUNT_ATTR_STRICTATIME, ATIMES },
    { "suid", ATTRIBUTE, 0, MOUNT_ATTR_NOSUID },
    { "symfollow", ATTRIBUTE, 0, MOUNT_ATTR_NOSYMFOLLOW },
    { "sync", FILE_SYSTEM, 0, 0 },
    { "tmpcopyup", COPY_UP, 0, 0 },
    { "unbindable", PROPAGATION, MS_UNBINDABLE, 0 },
    { NULL, NOTHING, 0, 0 },
};

/* A later option overrules what an earlier one said of the same attributes. */
static void change(struct container_mount_attributes *attributes, const struct option *option)
{
    attributes->set = (attributes->set & ~option->clear) | option->set;
    attributes->clear = (attributes->clear & ~(option->set & ~ATIMES)) | option->clear;
}

static void apply(const struct option *option, struct text *data, struct container_mount *mount)
{
    switch (option->effect) {
    case ATTRIBUTE:
        change(&mount->own, option);
        break;
    case ATTRIBUTES:
        change(&mount->all, option);
        break;
    case PROPAGATION:
        mount->propagation = option->set;
        break;
    case BIND:
    case BIND_BELOW:
        if (mount->kind != CONTAINER_MOUNT_CHANGE) /* which changes attributes as a bind does */
            mount->kind = CONTAINER_MOUNT_BIND;
        mount->shallow = option->effect == BIND;
        break;
    case COPY_UP:
        mount->copy_up = true;
        break;
    case IDMAP:
    case IDMAP_BELOW:
        mount->idmap = true;
        mount->idmap_below = option->effect == IDMAP_BELOW;
        break;
    case REMOUNT:
        mount->kind = CONTAINER_MOUNT_CHANGE;
        break;
    case FILE_SYSTEM:
        text_add_format(data, "%s%s", data->length ? "," : "", option->name);
        break;
    case NOTHING:
        break;
    }
}

static const struct option *find(const char *name)
{
    for (const struct option *o = table; o->name; o++) {
        if (strcmp(o->name, name) == 0)
            return o;
    }
    return NULL;
}

int mount_option_parse(const struct strings *options, struct text *data,
                       struct container_mount *mount, struct error *err)
{
    bool cgroup = text_equal(mount->type, "cgroup") || text_equal(mount->type, "cgroup2");

    mount->kind = cgroup ? CONTAINER_MOUNT_CGROUP : CONTAINER_MOUNT_TYPE;
    if (text_equal(mount->type, "bind")) {
        mount->kind = CONTAINER_MOUNT_BIND;
        mount->shallow = true;
    }
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = find(options->items[i]);

        if (option)
            apply(option, data, mount);
        else if (*options->items[i])
            text_add_format(data, "%s%s", data->length ? "," : "", options->items[i]);
    }
    mount->data = data->length > 0 ? text_get(data) : NULL;
    if (mount->copy_up && !text_equal(mount->type, "tmpfs"))
        return error_set(err, ERROR_INVALID, "mount option 'tmpcopyup' is for a tmpfs alone");
    if (mount->idmap && mount->kind != CONTAINER_MOUNT_BIND)
        return error_set(err, ERROR_UNSUPPORTED, "ids are shifted for a bind mount alone");
    if (mount->kind == CONTAINER_MOUNT_TYPE && !mount->type)
        return error_set(err, ERROR_INVALID, "a mount needs a type, or the option 'bind'");
    return 0;
}

const char *const *mount_option_names(void)
{
    static const char *names[sizeof(table) / sizeof(table[0])];

    for (size_t i = 0; table[i].name; i++)
        names[i] = table[i].name;
    return names;
}
