/* SPDX-License-Identifier: MIT */

/*
 * RUN --mount: what one flag says
 *
 * A key is a row that says which types know it and where its value goes.
 */

#include "build/run_mount.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/parse.h"
#include "util/strings.h"
#include "util/text.h"

#define ID_MAX INT64_C(4294967294)

#define BIT(kind) (1U << RUN_MOUNT_##kind)
#define ANY ((1U << RUN_MOUNT_KIND_COUNT) - 1)

static const struct kind {
    const char *name;
    mode_t mode;
    bool read_only;
} kinds[RUN_MOUNT_KIND_COUNT] = {
    [RUN_MOUNT_BIND] = { "bind", 0, true },        [RUN_MOUNT_CACHE] = { "cache", 0755, false },
    [RUN_MOUNT_TMPFS] = { "tmpfs", 01777, false }, [RUN_MOUNT_SECRET] = { "secret", 0400, true },
    [RUN_MOUNT_SSH] = { "ssh", 0600, false },
};

enum form { TEXT, FLAG, NOT_FLAG, BYTES, OCTAL, ID };

#define PLACE(member) offsetof(struct run_mount, member)

static const struct key {
    const char *name;
    unsigned kinds;
    enum form form;
    size_t place;
} keys[] = {
    { "id", BIT(CACHE) | BIT(SECRET) | BIT(SSH), TEXT, PLACE(id) },
    { "target", ANY, TEXT, PLACE(target) },
    { "dst", ANY, TEXT, PLACE(target) },
    { "destination", ANY, TEXT, PLACE(target) },
    { "source", BIT(BIND) | BIT(CACHE), TEXT, PLACE(source) },
    { "src", BIT(BIND) | BIT(CACHE), TEXT, PLACE(source) },
    { "from", BIT(BIND) | BIT(CACHE), TEXT, PLACE(from) },
    { "ro", BIT(BIND) | BIT(CACHE), FLAG, PLACE(read_only) },
    { "readonly", BIT(BIND) | BIT(CACHE), FLAG, PLACE(read_only) },
    { "rw", BIT(BIND) | BIT(CACHE), NOT_FLAG, PLACE(read_only) },
    { "readwrite", BIT(BIND) | BIT(CACHE), NOT_FLAG, PLACE(read_only) },
    { "sharing", BIT(CACHE), TEXT, PLACE(sharing) },
    { "size", BIT(TMPFS), BYTES, PLACE(size_bytes) },
    { "mode", BIT(CACHE) | BIT(SECRET), OCTAL, PLACE(mode) },
    { "uid", BIT(CACHE) | BIT(SECRET), ID, PLACE(uid) },
    { "gid", BIT(CACHE) | BIT(SECRET), ID, PLACE(gid) },
    { "required", BIT(SECRET) | BIT(SSH), FLAG, PLACE(required) },
    { "env", BIT(SECRET), TEXT, PLACE(variable) },
};

void run_mount_done(struct run_mount *mount)
{
    free(mount->id);
    free(mount->from);
    free(mount->source);
    free(mount->target);
    free(mount->variable);
    free(mount->sharing);
    *mount = (struct run_mount){ 0 };
}

/* The next "key=value" or "key" of *p; one in double quotes may hold commas. */
static char *take_field(const char **p)
{
    AUTO_TEXT struct text field = { 0 };
    bool quoted = false;

    text_add(&field, "");
    for (; **p && (quoted || **p != ','); (*p)++) {
        if (**p == '"')
            quoted = !quoted;
        else
            text_add_char(&field, **p);
    }
    *p += **p == ',';
    return text_steal(&field);
}

/* The value of the field `name`, or NULL. */
static char *find_value(const char *text, const char *name)
{
    size_t length = strlen(name);

    while (*text) {
        AUTO_FREE char *field = take_field(&text);

        if (strncmp(field, name, length) == 0 && field[length] == '=')
            return alloc_text(field + length + 1);
    }
    return NULL;
}

char *run_mount_find_from(const char *text)
{
    return find_value(text, "from");
}

static int find_kind(const char *text, enum run_mount_kind *out, struct error *err)
{
    AUTO_FREE char *type = find_value(text, "type");

    *out = RUN_MOUNT_BIND;
    for (size_t i = 0; type && i < ARRAY_SIZE(kinds); i++) {
        *out = (enum run_mount_kind)i;
        if (strcmp(kinds[i].name, type) == 0)
            return 0;
    }
    if (!type)
        return 0;
    return error_set(err, ERROR_INVALID,
                     "unknown type '%.40s': expected bind, cache, tmpfs, secret or ssh", type);
}

static int set_octal(const char *value, mode_t *place, struct error *err)
{
    if (!*value || strlen(value) > 5 || strspn(value, "01234567") != strlen(value))
        return error_set(err, ERROR_INVALID, "'%.40s' is no mode: use one like 0755", value);
    *place = (mode_t)strtoul(value, NULL, 8) & 07777;
    return 0;
}

static int set_flag(const char *value, bool is, bool *place, struct error *err)
{
    bool given = true;

    if (value && strcmp(value, "0") != 0 && strcmp(value, "1") != 0 &&
        parse_bool(value, false, &given, err) < 0)
        return -1;
    if (value && strcmp(value, "0") == 0)
        given = false;
    *place = given == is;
    return 0;
}

static int set_value(const struct key *key, const char *value, struct run_mount *out,
                     struct error *err)
{
    void *place = (char *)out + key->place;
    int64_t id = 0;

    if (key->form == FLAG || key->form == NOT_FLAG)
        return set_flag(value, key->form == FLAG, place, err);
    if (text_is_empty(value))
        return error_set(err, ERROR_INVALID, "has no value: write %s=...", key->name);
    if (key->form == BYTES)
        return parse_bytes(value, place, err);
    if (key->form == OCTAL)
        return set_octal(value, place, err);
    if (key->form == ID) {
        if (parse_int(value, 0, ID_MAX, &id, err) < 0)
            return -1;
        *(uid_t *)place = (uid_t)id;
        return 0;
    }
    free(*(char **)place);
    *(char **)place = alloc_text(value);
    return 0;
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static int refuse_key(enum run_mount_kind kind, const char *name, struct error *err)
{
    const char *names[ARRAY_SIZE(keys) + 1] = { 0 };
    const char *nearest = NULL;
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].kinds & (1U << kind))
            names[count++] = keys[i].name;
    }
    nearest = text_nearest(name, names);
    return error_set(err, ERROR_INVALID, "a %s has no '%.40s'%s%s%s", kinds[kind].name, name,
                     nearest ? ": did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

static int read_field(const char *field, run_mount_expand_fn expand, void *context,
                      struct run_mount *out, struct error *err)
{
    const char *equals = strchr(field, '=');
    AUTO_FREE char *name =
        alloc_text_part(field, equals ? (size_t)(equals - field) : strlen(field));
    const struct key *key = find_key(name);
    AUTO_FREE char *value = NULL;

    if (strcmp(name, "type") == 0)
        return 0;
    if (out->kind == RUN_MOUNT_SSH &&
        (strcmp(name, "mode") == 0 || strcmp(name, "uid") == 0 || strcmp(name, "gid") == 0))
        return error_set(err, ERROR_INVALID,
                         "the socket of an ssh agent keeps its owner and mode: leave '%s' out",
                         name);
    if (!key || !(key->kinds & (1U << out->kind)))
        return refuse_key(out->kind, name, err);
    if (strcmp(name, "from") == 0 && equals && strchr(equals, '$'))
        return error_set(err, ERROR_INVALID,
                         "from= takes no variables: write FROM %s AS NAME, and from=NAME",
                         equals + 1);
    if (equals && expand(context, equals + 1, &value, err) < 0)
        return -1;
    return set_value(key, value, out, err) < 0 ? error_wrap(err, "'%s'", name) : 0;
}

static int check(const struct run_mount *mount, struct error *err)
{
    static const char *const sharings[] = { "shared", "private", "locked", NULL };
    bool needs_target = mount->kind != RUN_MOUNT_SECRET && mount->kind != RUN_MOUNT_SSH;
    bool known = !mount->sharing;

    for (size_t i = 0; !known && sharings[i]; i++)
        known = strcmp(sharings[i], mount->sharing) == 0;
    if (!known)
        return error_set(err, ERROR_INVALID,
                         "sharing is '%.40s': expected shared, private or locked", mount->sharing);
    if (needs_target && !mount->target)
        return error_set(err, ERROR_INVALID, "a %s needs a target: target=/folder",
                         kinds[mount->kind].name);
    if (mount->kind == RUN_MOUNT_CACHE && mount->source && !mount->from)
        return error_set(err, ERROR_INVALID,
                         "the source of a cache is what it begins with and needs from=...");
    if (mount->kind == RUN_MOUNT_SECRET && !mount->id && !mount->target)
        return error_set(err, ERROR_INVALID, "a secret needs an id: id=NAME");
    return 0;
}

int run_mount_parse(const char *text, run_mount_expand_fn expand, void *context,
                    struct run_mount *out, struct error *err)
{
    if (find_kind(text, &out->kind, err) < 0)
        return -1;
    out->mode = kinds[out->kind].mode;
    out->read_only = kinds[out->kind].read_only;
    for (const char *p = text; *p;) {
        AUTO_FREE char *field = take_field(&p);

        if (read_field(field, expand, context, out, err) < 0)
            return -1;
    }
    return check(out, err);
}
