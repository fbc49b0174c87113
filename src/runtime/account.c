/* SPDX-License-Identifier: MIT */

/*
 * Users and groups of an image
 */

#include "runtime/account.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/confined.h"
#include "runtime/program.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/strings.h"
#include "util/text.h"

#define FILE_LIMIT (1 << 20)
#define ID_MAX (UINT32_MAX - 1) /* the last one means "unchanged" to the kernel */

/* A part of a text, not ended by a NUL. */
struct part {
    const char *start;
    size_t length;
};

static bool part_is(struct part part, const char *string)
{
    return strlen(string) == part.length && memcmp(part.start, string, part.length) == 0;
}

/* All digits and within range; false leaves `out` alone. */
static bool part_number(struct part part, uint32_t *out)
{
    uint64_t number = 0;

    if (part.length == 0 || part.length > 10)
        return false;
    for (size_t i = 0; i < part.length; i++) {
        if (part.start[i] < '0' || part.start[i] > '9')
            return false;
        number = 10 * number + (uint64_t)(part.start[i] - '0');
    }
    if (number > ID_MAX)
        return false;
    *out = (uint32_t)number;
    return true;
}

/* Split the line at `text` at its colons into `count` parts; returns the next line. */
static const char *split_line(const char *text, struct part *parts, size_t count, bool *whole)
{
    const char *end = text + strcspn(text, "\n");
    size_t i = 0;

    for (i = 0; i < count && text <= end; i++) {
        const char *colon = memchr(text, ':', (size_t)(end - text));
        const char *stop = colon && i + 1 < count ? colon : end;

        parts[i] = (struct part){ text, (size_t)(stop - text) };
        text = stop + 1;
    }
    *whole = i == count;
    return *end ? end + 1 : end;
}

struct passwd_line {
    struct part name;
    uint32_t uid, gid;
    struct part home;
};

/* Find the user of that name, or without a name of that number. */
static bool find_user(const char *passwd, const char *name, uint32_t uid, struct passwd_line *out)
{
    for (const char *p = passwd; *p;) {
        struct part parts[7];
        struct passwd_line line;
        bool whole = false;

        p = split_line(p, parts, ARRAY_SIZE(parts), &whole);
        if (!whole || !part_number(parts[2], &line.uid) || !part_number(parts[3], &line.gid))
            continue;
        line.name = parts[0];
        line.home = parts[5];
        if (name ? part_is(parts[0], name) : line.uid == uid) {
            *out = line;
            return true;
        }
    }
    return false;
}

static bool find_group(const char *group, const char *name, uint32_t *out)
{
    for (const char *p = group; *p;) {
        struct part parts[4];
        bool whole = false;

        p = split_line(p, parts, ARRAY_SIZE(parts), &whole);
        if (whole && part_is(parts[0], name) && part_number(parts[2], out))
            return true;
    }
    return false;
}

static bool lists_member(struct part members, struct part name)
{
    const char *end = members.start + members.length;

    for (const char *p = members.start; p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t length = (size_t)((comma ? comma : end) - p);

        if (length == name.length && memcmp(p, name.start, length) == 0)
            return true;
        p += length + 1;
    }
    return false;
}

static void add_group(struct account *account, gid_t gid)
{
    for (size_t i = 0; i < account->group_count; i++) {
        if (account->groups[i] == gid)
            return;
    }
    if (account->group_count < ACCOUNT_GROUPS_MAX)
        account->groups[account->group_count++] = gid;
}

static void add_memberships(struct account *account, const char *group, struct part name)
{
    for (const char *p = group; *p;) {
        struct part parts[4];
        uint32_t gid = 0;
        bool whole = false;

        p = split_line(p, parts, ARRAY_SIZE(parts), &whole);
        if (whole && lists_member(parts[3], name) && part_number(parts[2], &gid))
            add_group(account, gid);
    }
}

static int resolve_group(const char *group, const char *name, uint32_t *out, struct error *err)
{
    struct part part = { name, strlen(name) };

    if (part_number(part, out) || find_group(group, name, out))
        return 0;
    return error_set(err, ERROR_NOT_FOUND,
                     "group '%.64s' is not in the image: use a name of its /etc/group or a "
                     "number up to %u",
                     name, ID_MAX);
}

/* The part of `user` before the colon; the line found for it, if there is one. */
static int resolve_user(const char *passwd, const char *user, struct account *out,
                        struct passwd_line *line, struct error *err)
{
    struct part part = { user, strlen(user) };
    uint32_t uid = 0;
    bool is_number = part_number(part, &uid);

    *line = (struct passwd_line){ 0 };
    if (find_user(passwd, is_number ? NULL : user, uid, line)) {
        out->uid = line->uid;
        out->gid = line->gid;
        snprintf(out->home, sizeof(out->home), "%.*s", (int)MIN(line->home.length, 255),
                 line->home.start);
        return 0;
    }
    if (!is_number)
        return error_set(err, ERROR_NOT_FOUND,
                         "user '%.64s' is not in the image: use a name of its /etc/passwd or a "
                         "number up to %u",
                         user, ID_MAX);
    out->uid = uid;
    out->gid = 0;
    return 0;
}

int account_resolve(const char *passwd, const char *group, const char *user,
                    const struct strings *more, struct account *out, struct error *err)
{
    AUTO_FREE char *name = alloc_text(user && *user ? user : "0");
    char *colon = strchr(name, ':');
    struct account account = { .home = "/" };
    struct passwd_line line;
    uint32_t gid = 0;

    if (colon)
        *colon = '\0';
    if (resolve_user(passwd, *name ? name : "0", &account, &line, err) < 0)
        return -1;
    if (colon && colon[1]) {
        if (resolve_group(group, colon + 1, &gid, err) < 0)
            return -1;
        account.gid = gid;
    }
    add_group(&account, account.gid);
    if (!colon && line.name.length > 0)
        add_memberships(&account, group, line.name);
    for (size_t i = 0; more && i < more->count; i++) {
        if (resolve_group(group, more->items[i], &gid, err) < 0)
            return -1;
        add_group(&account, gid);
    }
    if (account.home[0] == '\0')
        snprintf(account.home, sizeof(account.home), "/");
    *out = account;
    return 0;
}

static int read_file(int rootfd, const char *path, struct text *out, struct error *err)
{
    if (confined_read(rootfd, path, FILE_LIMIT, out, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

int account_find(int rootfd, const char *user, const struct strings *more, struct account *out,
                 struct error *err)
{
    AUTO_TEXT struct text passwd = { 0 };
    AUTO_TEXT struct text group = { 0 };

    if (read_file(rootfd, "etc/passwd", &passwd, err) < 0 ||
        read_file(rootfd, "etc/group", &group, err) < 0)
        return -1;
    return account_resolve(text_get(&passwd), text_get(&group), user, more, out, err);
}

int account_take(int rootfd, const struct container_ids *ids, struct account *out,
                 struct error *err)
{
    struct account account = { .uid = ids->uid, .gid = ids->gid, .home = "/" };
    AUTO_TEXT struct text passwd = { 0 };
    struct passwd_line line;

    if (ids->group_count > ACCOUNT_GROUPS_MAX)
        return error_set(err, ERROR_INVALID, "%zu supplementary groups are too many: at most %d",
                         ids->group_count, ACCOUNT_GROUPS_MAX);
    for (size_t i = 0; i < ids->group_count; i++)
        account.groups[account.group_count++] = ids->groups[i];
    if (read_file(rootfd, "etc/passwd", &passwd, err) < 0)
        return -1;
    if (find_user(text_get(&passwd), NULL, ids->uid, &line) && line.home.length > 0)
        snprintf(account.home, sizeof(account.home), "%.*s", (int)MIN(line.home.length, 255),
                 line.home.start);
    *out = account;
    return 0;
}
