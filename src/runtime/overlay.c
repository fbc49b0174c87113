/* SPDX-License-Identifier: MIT */

/*
 * The layers of an image and a writable one as one file system
 *
 * Layers are handed to the kernel as /proc/self/fd/N: short, so that many fit, and free of
 * the characters that separate options. Before Linux 6.8 a layer cannot be added by an option
 * of its own ("lowerdir+"), and an option of fsconfig() holds 255 bytes: there mount() takes
 * them as one string.
 */

#include "runtime/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/channel.h"
#include "runtime/mount.h"
#include "runtime/process.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

/* The kernel stacks no more; beyond a page mount() cuts the string. */
#define LAYERS_MAX 128

struct layers {
    size_t count;
    int upper, work;
    int lower[LAYERS_MAX];
};

#define AUTO_LAYERS __attribute__((cleanup(close_layers)))

static void close_layers(struct layers *layers)
{
    for (size_t i = 0; i < layers->count; i++)
        cleanup_close(&layers->lower[i]);
    cleanup_close(&layers->upper);
    cleanup_close(&layers->work);
}

static int open_layer(const char *path, int *out, struct error *err)
{
    *out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0)
        return error_set_errno(err, errno, "open layer '%s'", path);
    return 0;
}

static int open_layers(const struct overlay *overlay, struct layers *out, struct error *err)
{
    if (overlay->lower->count > LAYERS_MAX)
        return error_set(err, ERROR_INVALID, "%zu layers are too many: at most %d",
                         overlay->lower->count, LAYERS_MAX);
    for (size_t i = 0; i < overlay->lower->count; i++) {
        if (open_layer(overlay->lower->items[i], &out->lower[i], err) < 0)
            return -1;
        out->count++;
    }
    if (open_layer(overlay->upper, &out->upper, err) < 0)
        return -1;
    return open_layer(overlay->work, &out->work, err);
}

static int set_layer(int fsfd, const char *key, int fd)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return fsconfig(fsfd, FSCONFIG_SET_STRING, key, path, 0);
}

/*
 * Are layers added one by one here? A kernel that does looks for the layer at once and says
 * that there is none; before Linux 6.5 any option is taken until the end, up to 6.7 this one
 * is not known.
 */
static bool adds_layers(void)
{
    static enum { UNKNOWN, NO, YES } answer;

    if (answer == UNKNOWN) {
        AUTO_CLOSE int fsfd = fsopen("overlay", FSOPEN_CLOEXEC);
        bool looked = fsfd >= 0 &&
                      fsconfig(fsfd, FSCONFIG_SET_STRING, "lowerdir+", "/proc/self/none", 0) < 0 &&
                      errno == ENOENT;

        answer = looked ? YES : NO;
    }
    return answer == YES;
}

void overlay_probe(void)
{
    adds_layers();
}

/* The mount, or -1 with errno set. */
static int mount_new_way(const struct layers *layers)
{
    AUTO_CLOSE int fsfd = fsopen("overlay", FSOPEN_CLOEXEC);

    if (fsfd < 0)
        return -1;
    for (size_t i = 0; i < layers->count; i++) {
        if (set_layer(fsfd, "lowerdir+", layers->lower[i]) < 0)
            return -1;
    }
    if (set_layer(fsfd, "upperdir", layers->upper) < 0 ||
        set_layer(fsfd, "workdir", layers->work) < 0 ||
        fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return fsmount(fsfd, FSMOUNT_CLOEXEC, 0);
}

static int mount_old_way(const struct layers *layers, const char *target, struct error *err)
{
    AUTO_TEXT struct text options = { 0 };

    text_add_format(&options,
                    "upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,lowerdir=", layers->upper,
                    layers->work);
    for (size_t i = 0; i < layers->count; i++)
        text_add_format(&options, "%s/proc/self/fd/%d", i ? ":" : "", layers->lower[i]);
    if (options.length >= (size_t)sysconf(_SC_PAGESIZE))
        return error_set(err, ERROR_INVALID, "%zu layers are too many for this kernel",
                         layers->count);
    if (mount("overlay", target, "overlay", 0, text_get(&options)) < 0)
        return error_set_errno(err, errno, "mount the layers");
    return 0;
}

/*
 * Replace each lower layer by a mount of it with other ids. Before Linux 6.15 a layer has to be
 * mounted somewhere: then it covers the one it is made from.
 */
static int shift_layers(struct layers *layers, int userns, bool attach, struct error *err)
{
    const struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
                                           .userns_fd = (unsigned)userns };

    for (size_t i = 0; i < layers->count; i++) {
        AUTO_CLOSE int place = layers->lower[i];

        layers->lower[i] = -1;
        if (mount_clone(place, "", false, &layers->lower[i], err) < 0)
            return -1;
        if (mount_alter(layers->lower[i], false, &attributes, err) < 0)
            return error_wrap(err, "shift the ids of a layer");
        if (attach && mount_attach(layers->lower[i], place, err) < 0)
            return -1;
    }
    return 0;
}

static int make_directly(const struct overlay *overlay, int userns, int *out, struct error *err)
{
    AUTO_LAYERS struct layers layers = { .upper = -1, .work = -1 };

    if (open_layers(overlay, &layers, err) < 0 || shift_layers(&layers, userns, false, err) < 0)
        return -1;
    *out = mount_new_way(&layers);
    return *out < 0 ? error_set_errno(err, errno, "mount the layers") : 0;
}

/* In a mount namespace of its own, where the host does not see what is mounted. */
static int make_apart(const struct overlay *overlay, int userns, int *out, struct error *err)
{
    AUTO_LAYERS struct layers layers = { .upper = -1, .work = -1 };

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_set_errno(err, errno, "separate the mounts from the host's");
    if (open_layers(overlay, &layers, err) < 0 || shift_layers(&layers, userns, true, err) < 0)
        return -1;
    if (adds_layers()) {
        *out = mount_new_way(&layers);
        return *out < 0 ? error_set_errno(err, errno, "mount the layers") : 0;
    }
    if (mount_old_way(&layers, overlay->upper, err) < 0)
        return -1;
    return mount_clone(AT_FDCWD, overlay->upper, false, out, err);
}

/* By a process that lives as long as that namespace is needed. */
static int make_by_helper(const struct overlay *overlay, int userns, int *out, struct error *err)
{
    AUTO_CHANNEL struct channel channel = CHANNEL_NONE;
    enum channel_word word = CHANNEL_END;
    AUTO_CLOSE int pidfd = -1;
    int result = 0, made = -1;
    pid_t pid = -1;

    if (channel_open(true, &channel, err) < 0)
        return -1;
    pid = process_fork(CLONE_NEWNS, -1, false, &pidfd, err);
    if (pid < 0)
        return -1;
    if (pid == 0) {
        if (make_apart(overlay, userns, &made, err) < 0 ||
            channel_say(channel.child, CHANNEL_READY, made, err) < 0)
            channel_send_error(channel.child, err);
        _exit(0);
    }
    channel_drop_child(&channel);
    result = channel_hear(channel.parent, &word, &made, err);
    process_end(pidfd, true);
    if (result == 0 && made < 0)
        return error_set(err, ERROR_SYSTEM, "the process that mounts the layers has ended");
    if (result == 0)
        *out = made;
    return result;
}

int overlay_make(const struct overlay *overlay, int userns, int *out, struct error *err)
{
    if (adds_layers() && make_directly(overlay, userns, out, err) == 0)
        return 0;
    error_clear(err);
    return make_by_helper(overlay, userns, out, err);
}

int overlay_mount(const struct overlay *overlay, int *out, struct error *err)
{
    AUTO_LAYERS struct layers layers = { .upper = -1, .work = -1 };
    AUTO_CLOSE int fd = -1;

    if (open_layers(overlay, &layers, err) < 0)
        return -1;
    if (adds_layers()) {
        fd = mount_new_way(&layers);
        if (fd < 0)
            return error_set_errno(err, errno, "mount the layers");
        if (mount_attach(fd, layers.upper, err) < 0)
            return -1;
    } else {
        if (mount_old_way(&layers, overlay->upper, err) < 0)
            return -1;
        fd = open(overlay->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return error_set_errno(err, errno, "open the root file system");
    }
    *out = STEAL_FD(fd);
    return 0;
}
