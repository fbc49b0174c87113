/* SPDX-License-Identifier: MIT */

/*
 * --volume and --mount of `carte run` become mounts of a stack file
 */

#include "cli/single_mount.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/error.h"
#include "util/text.h"

/* What the keys of --mount fill; those without a target have no effect here. */
static const struct key {
    const char *name, *part, *target; /* of the mount's `part` ("bind", ...) or of itself */
    bool is_flag;
} keys[] = {
    { "type", NULL, "type", false },
    { "source", NULL, "source", false },
    { "src", NULL, "source", false },
    { "target", NULL, "target", false },
    { "dst", NULL, "target", false },
    { "destination", NULL, "target", false },
    { "readonly", NULL, "read_only", true },
    { "ro", NULL, "read_only", true },
    { "volume-nocopy", "volume", "nocopy", true },
    { "volume-subpath", "volume", "subpath", false },
    { "tmpfs-size", "tmpfs", "size", false },
    { "tmpfs-mode", "tmpfs", "mode", false },
    { "consistency", NULL, NULL, false },
};

/* Values that say what is so anyhow. */
static const char *const usual[] = {
    "bind-propagation=rprivate", "bind-propagation=private", "bind-recursive=enabled",
    "bind-nonrecursive=false",   "volume-driver=local",
};

static void declare_volume(const char *name, struct json *volumes)
{
    struct json *volume = NULL;

    if (json_find(volumes, name))
        return;
    volume = json_new_object();
    json_set_text(volume, "name", name);
    json_set(volumes, name, volume);
}

static bool is_path(const char *source)
{
    return strchr(source, '/') || source[0] == '.';
}

/* A source with a slash is a path of this machine, else the name of a volume. */
static void add_volume(const char *item, struct json *array, struct json *volumes)
{
    size_t length = strcspn(item, ":");
    AUTO_FREE char *source = alloc_text_part(item, length);
    AUTO_FREE char *folder = item[0] == '.' ? realpath(".", NULL) : NULL;
    AUTO_FREE char *absolute = folder ? alloc_format("%s/%s", folder, item) : NULL;

    if (item[length] == ':' && length > 0 && !is_path(source))
        declare_volume(source, volumes);
    json_append_text(array, absolute ? absolute : item);
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static struct json *get_part(struct json *mount, const char *part)
{
    struct json *object = NULL;

    if (!part)
        return mount;
    if (!json_find(mount, part))
        json_set(mount, part, json_new_object());
    object = (struct json *)(uintptr_t)json_find(mount, part);
    return object;
}

static int read_flag(const char *name, const char *value, bool *out, struct error *err)
{
    bool is_true = !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;

    if (!is_true && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        return error_set(err, ERROR_INVALID, "'%s=%s' is neither true nor false", name, value);
    *out = is_true;
    return 0;
}

static int refuse(const char *word, struct error *err)
{
    AUTO_FREE char *name = alloc_text_part(word, strcspn(word, "="));
    const char *names[ARRAY_SIZE(keys) + 1] = { NULL };
    const char *nearest = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
        size_t length = strcspn(usual[i], "=");

        if (strncmp(usual[i], name, length) == 0 && name[length] == '\0')
            return error_set(err, ERROR_UNSUPPORTED, "'%s' is not built: only '%s' is", word,
                             usual[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        names[i] = keys[i].name;
    nearest = text_nearest(name, names);
    return error_set(err, ERROR_INVALID, "there is no '%s'; %s%s", name,
                     nearest ? "did you mean " : "write type, source, target, readonly, ...",
                     nearest ? nearest : "");
}

static int set_word(const char *word, struct json *mount, struct error *err)
{
    AUTO_FREE char *name = alloc_text_part(word, strcspn(word, "="));
    const char *value = strchr(word, '=') ? strchr(word, '=') + 1 : NULL;
    const struct key *key = find_key(name);
    bool flag = false;

    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        if (strcmp(usual[i], word) == 0)
            return 0;
    if (!key)
        return refuse(word, err);
    if (!value && !key->is_flag)
        return error_set(err, ERROR_INVALID, "'%s' needs a value: write %s=...", name, name);
    if (!key->target)
        return 0;
    if (!key->is_flag)
        json_set_text(get_part(mount, key->part), key->target, value);
    else if (read_flag(name, value, &flag, err) < 0)
        return -1;
    else
        json_set_bool(get_part(mount, key->part), key->target, flag);
    return 0;
}

/* Words are parted by commas, but not in double quotes; `text` is written to. */
static char *next_word(char **text)
{
    char *from = *text;
    char *to = from;
    char *word = from;
    bool quoted = false;

    if (!from)
        return NULL;
    for (; *from && (quoted || *from != ','); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *text = *from ? from + 1 : NULL;
    *to = '\0';
    return word;
}

static int complete(struct json *mount, struct json *volumes, struct error *err)
{
    const char *source = json_find_text(mount, "source", NULL);

    if (!json_find(mount, "type"))
        json_set_text(mount, "type", "volume");
    if (!json_find(mount, "target"))
        return error_set(err, ERROR_INVALID, "the target is missing: write target=/PATH");
    if (strcmp(json_find_text(mount, "type", ""), "bind") == 0) {
        if (!source || *source != '/')
            return error_set(err, ERROR_INVALID, "the source '%s' of a bind is no absolute path",
                             source ? source : "");
        json_set_bool(get_part(mount, "bind"), "create_host_path", false);
    } else if (source && strcmp(json_find_text(mount, "type", ""), "volume") == 0) {
        declare_volume(source, volumes);
    }
    return 0;
}

static int add_mount(const char *item, struct json *array, struct json *volumes, struct error *err)
{
    AUTO_FREE char *text = alloc_text(item);
    AUTO(json) struct json *mount = json_new_object();
    char *rest = text;

    for (char *word = next_word(&rest); word; word = next_word(&rest))
        if (set_word(word, mount, err) < 0)
            return -1;
    if (complete(mount, volumes, err) < 0)
        return -1;
    json_append(array, STEAL_PTR(mount));
    return 0;
}

int single_mount_add(const struct single_options *options, struct json *service,
                     struct json *volumes, struct error *err)
{
    struct json *array = json_new_array();

    json_set(service, "volumes", array);
    for (size_t i = 0; i < options->volumes.count; i++)
        add_volume(options->volumes.items[i], array, volumes);
    for (size_t i = 0; i < options->mounts.count; i++)
        if (add_mount(options->mounts.items[i], array, volumes, err) < 0)
            return error_wrap(err, "option '--mount': '%s'", options->mounts.items[i]);
    return 0;
}
