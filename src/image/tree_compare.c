/* SPDX-License-Identifier: MIT */

/*
 * Whether two folders hold the same
 */

#include "image/tree_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"
#include "util/text.h"

#define CHUNK_SIZE 65536U
#define LIST_MAX 65536U

/* Where the comparison is: `path` below both folders. */
struct pair {
    int one, two;
    const char *path;
    struct text *difference;
};

static int differ(const struct pair *pair, const char *how)
{
    text_add_format(pair->difference, "%s: %s", *pair->path ? pair->path : ".", how);
    return 0;
}

/* What pack.c writes into a layer, and the mark of an opaque folder. */
static bool is_of_layers(const char *name)
{
    return text_starts_with(name, "user.") || strcmp(name, "security.capability") == 0 ||
           strcmp(name, "trusted.overlay.opaque") == 0;
}

/* "name=value" in hex, sorted. */
static int list_xattrs(int fd, struct strings *out, struct error *err)
{
    AUTO_FREE char *list = alloc_zeroed(1, LIST_MAX);
    AUTO_FREE unsigned char *value = alloc_zeroed(1, LIST_MAX);
    ssize_t length = flistxattr(fd, list, LIST_MAX);

    if (length < 0)
        return errno == ENOTSUP ? 0 : error_set_errno(err, errno, "list attributes");
    for (const char *name = list; name < list + length; name += strlen(name) + 1) {
        AUTO_TEXT struct text item = { 0 };
        ssize_t size = is_of_layers(name) ? fgetxattr(fd, name, value, LIST_MAX) : -1;

        if (size < 0)
            continue;
        text_add_format(&item, "%s=", name);
        for (ssize_t i = 0; i < size; i++)
            text_add_format(&item, "%02x", value[i]);
        strings_take(out, text_steal(&item));
    }
    strings_sort(out);
    return 0;
}

static bool is_same_list(const struct strings *one, const struct strings *two)
{
    if (one->count != two->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (strcmp(one->items[i], two->items[i]) != 0)
            return false;
    }
    return true;
}

static int compare_xattrs(const struct pair *pair, struct error *err)
{
    AUTO_STRINGS struct strings one = { 0 };
    AUTO_STRINGS struct strings two = { 0 };

    if (list_xattrs(pair->one, &one, err) < 0 || list_xattrs(pair->two, &two, err) < 0)
        return -1;
    return is_same_list(&one, &two) ? 0 : differ(pair, "other attributes");
}

static int compare_content(const struct pair *pair, struct error *err)
{
    char one[CHUNK_SIZE];
    char two[CHUNK_SIZE];
    off_t at = 0;

    for (;;) {
        ssize_t got = pread(pair->one, one, sizeof(one), at);
        ssize_t other = pread(pair->two, two, sizeof(two), at);

        if (got < 0 || other < 0)
            return error_set_errno(err, errno, "read '%s'", pair->path);
        if (got != other || memcmp(one, two, (size_t)got) != 0)
            return differ(pair, "other content");
        if (got == 0)
            return 0;
        at += got;
    }
}

static int compare_links(const struct pair *pair, const char *name, struct error *err)
{
    char one[PATH_MAX] = "";
    char two[PATH_MAX] = "";

    if (readlinkat(pair->one, name, one, sizeof(one) - 1) < 0 ||
        readlinkat(pair->two, name, two, sizeof(two) - 1) < 0)
        return error_set_errno(err, errno, "read link '%s'", pair->path);
    return strcmp(one, two) == 0 ? 0 : differ(pair, "another link");
}

static int compare_folders(const struct pair *pair, struct error *err);

static int compare_open(const struct pair *above, const char *name, mode_t mode, struct error *err)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    AUTO_CLOSE int one = openat(above->one, name, flags);
    AUTO_CLOSE int two = openat(above->two, name, flags);
    const struct pair pair = { one, two, above->path, above->difference };

    if (one < 0 || two < 0)
        return error_set_errno(err, errno, "open '%s'", above->path);
    if (S_ISDIR(mode))
        return compare_folders(&pair, err);
    if (compare_xattrs(&pair, err) < 0)
        return -1;
    return pair.difference->length > 0 ? 0 : compare_content(&pair, err);
}

static int compare_child(const struct pair *pair, const char *name, struct error *err)
{
    struct stat one;
    struct stat two;

    if (fstatat(pair->one, name, &one, AT_SYMLINK_NOFOLLOW) < 0 ||
        fstatat(pair->two, name, &two, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "look at '%s'", pair->path);
    if (one.st_mode != two.st_mode || one.st_rdev != two.st_rdev)
        return differ(pair, "another kind or mode");
    if (one.st_uid != two.st_uid || one.st_gid != two.st_gid)
        return differ(pair, "another owner");
    if (S_ISREG(one.st_mode) && one.st_size != two.st_size)
        return differ(pair, "another size");
    if (S_ISLNK(one.st_mode))
        return compare_links(pair, name, err);
    return S_ISREG(one.st_mode) || S_ISDIR(one.st_mode) ? compare_open(pair, name, one.st_mode, err)
                                                        : 0;
}

/* The depth is that of layers, which is limited. */
static int compare_folders(const struct pair *pair, struct error *err)
{
    AUTO_STRINGS struct strings one = { 0 };
    AUTO_STRINGS struct strings two = { 0 };

    if (compare_xattrs(pair, err) < 0 || file_list(pair->one, &one, err) < 0 ||
        file_list(pair->two, &two, err) < 0)
        return -1;
    strings_sort(&one);
    strings_sort(&two);
    if (!is_same_list(&one, &two))
        return differ(pair, "other names");
    for (size_t i = 0; i < one.count && pair->difference->length == 0; i++) {
        AUTO_FREE char *path =
            alloc_format("%s%s%s", pair->path, *pair->path ? "/" : "", one.items[i]);
        const struct pair child = { pair->one, pair->two, path, pair->difference };

        if (compare_child(&child, one.items[i], err) < 0)
            return -1;
    }
    return 0;
}

int tree_compare(int one, int two, struct text *difference, struct error *err)
{
    const struct pair pair = { one, two, "", difference };

    return compare_folders(&pair, err);
}
