/* SPDX-License-Identifier: MIT */

/*
 * What the tests of bare containers share
 */

#include "bare_bed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/mount_option.h"
#include "util/alloc.h"
#include "util/cleanup.h"

struct container_mount *bare_mount(struct bare *bare, struct bed *bed, const char *type,
                                   const char *source, const char *target, const char *options)
{
    struct container_mount *mount = &bare->mounts[bed->spec.mount_count];
    AUTO_FREE char *copy = alloc_text(options);
    AUTO_STRINGS struct strings words = { 0 };
    struct error err = { 0 };
    char *rest = copy;

    assert_true(bed->spec.mount_count < BARE_MOUNTS_MAX);
    for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ","))
        strings_add(&words, word);
    *mount = (struct container_mount){ .type = type, .source = source, .target = target };
    bed_must(mount_option_parse(&words, &bare->data[bed->spec.mount_count], mount, &err), &err);
    bed->spec.mounts = bare->mounts;
    bed->spec.mount_count++;
    return mount;
}

void bare_init(struct bare *bare, struct bed *bed)
{
    memset(bare, 0, sizeof(*bare));
    bare->root = bed_below(bed, "layer");
    bed->spec.root = bare->root;
    bed->spec.program.bare = true;
    bare_mount(bare, bed, "proc", "proc", "/proc", "nosuid,noexec,nodev");
    bare_mount(bare, bed, "tmpfs", "tmpfs", "/dev", "nosuid,strictatime,mode=755,size=65536k");
    bare_mount(bare, bed, "devpts", "devpts", "/dev/pts",
               "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
    bare_mount(bare, bed, "sysfs", "sysfs", "/sys", "nosuid,noexec,nodev,ro");
}

void bare_done(struct bare *bare, struct bed *bed)
{
    for (size_t i = 0; i < BARE_MOUNTS_MAX; i++)
        text_done(&bare->data[i]);
    free(bare->root);
    bed->spec.root = NULL;
    bed->spec.mounts = NULL;
    bed->spec.mount_count = 0;
}
