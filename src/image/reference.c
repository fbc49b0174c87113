/* SPDX-License-Identifier: MIT */

/*
 * Names of images
 */

#include "image/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

#define NAME_MAX_LENGTH 255
#define TAG_MAX_LENGTH 128
#define DEFAULT_HOST "docker.io"
#define HEX "0123456789abcdef"

static bool is_tag(const char *tag, size_t length)
{
    if (length == 0 || length > TAG_MAX_LENGTH || tag[0] == '.' || tag[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)tag[i]) && !strchr("_.-", tag[i]))
            return false;
    }
    return true;
}

/* A part between slashes: lower case and digits, with single separators between them. */
static bool is_path_part(const char *part, size_t length)
{
    if (length == 0 || !isalnum((unsigned char)part[0]) ||
        !isalnum((unsigned char)part[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!islower((unsigned char)part[i]) && !isdigit((unsigned char)part[i]) &&
            !strchr("_.-", part[i]))
            return false;
    }
    return true;
}

/* The first part is a host when it has a dot or a port, or is "localhost". */
static size_t host_length(const char *name, size_t length)
{
    const char *slash = memchr(name, '/', length);
    size_t first = slash ? (size_t)(slash - name) : 0;

    if (first == 0)
        return 0;
    if (memchr(name, '.', first) || memchr(name, ':', first))
        return first;
    return first == strlen("localhost") && strncmp(name, "localhost", first) == 0 ? first : 0;
}

static bool is_host(const char *host, size_t length)
{
    if (length > 0 && !isalnum((unsigned char)host[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)host[i]) && !strchr(".-:", host[i]))
            return false;
    }
    return true;
}

static bool is_name(const char *name, size_t length)
{
    size_t host = host_length(name, length);
    size_t start = host > 0 ? host + 1 : 0;

    if (length > NAME_MAX_LENGTH || !is_host(name, host))
        return false;
    for (size_t i = start; i <= length; i++) {
        if (i < length && name[i] != '/')
            continue;
        if (!is_path_part(name + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

static bool is_digest(const char *text)
{
    return text_starts_with(text, "sha256:") && strlen(text) == 7 + 64 &&
           strspn(text + 7, HEX) == 64;
}

static const char *without_default_host(const char *text)
{
    static const char *const prefixes[] = { "docker.io/", "index.docker.io/", "library/" };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (text_starts_with(text, prefixes[i]))
            text += strlen(prefixes[i]);
    }
    return text;
}

int reference_parse(const char *text, char **name_out, struct error *err)
{
    const char *start = without_default_host(text);
    const char *at = strchr(start, '@');
    size_t end = at ? (size_t)(at - start) : strlen(start);
    size_t name = end;
    AUTO_FREE char *tag = NULL;

    for (size_t i = end; i > 0 && start[i - 1] != '/'; i--) {
        if (start[i - 1] == ':')
            name = i - 1;
    }
    if (!is_name(start, name))
        return error_set(err, ERROR_INVALID,
                         "'%s' is no name of an image: use lower case letters, digits, '.', '_', "
                         "'-' and '/'",
                         text);
    if (name < end && !is_tag(start + name + 1, end - name - 1))
        return error_set(err, ERROR_INVALID,
                         "'%s' is no name of an image: a tag has letters, digits, '.', '_', '-'",
                         text);
    if (at && !is_digest(at + 1))
        return error_set(err, ERROR_INVALID,
                         "'%s' is no name of an image: after '@' comes sha256: and 64 digits",
                         text);
    tag = name < end ? alloc_text_part(start + name, end - name) : alloc_text(at ? "" : ":latest");
    *name_out = alloc_format("%.*s%s%s", (int)name, start, tag, at ? at : "");
    return 0;
}

void reference_done(struct reference *reference)
{
    free(reference->host);
    free(reference->repository);
    free(reference->tag);
    free(reference->digest);
    *reference = (struct reference){ 0 };
}

int reference_split(const char *text, struct reference *out, struct error *err)
{
    AUTO_FREE char *name = NULL;
    const char *path = NULL;
    const char *at = NULL;
    const char *colon = NULL;
    size_t host = 0;
    size_t length = 0;

    if (reference_parse(text, &name, err) < 0)
        return -1;
    host = host_length(name, strlen(name));
    path = host > 0 ? name + host + 1 : name;
    at = strchr(path, '@');
    colon = strchr(path, ':');
    length = strcspn(path, ":@");
    out->host = host > 0 ? alloc_text_part(name, host) : alloc_text(DEFAULT_HOST);
    if (host > 0 || memchr(path, '/', length))
        out->repository = alloc_text_part(path, length);
    else
        out->repository = alloc_format("library/%.*s", (int)length, path);
    if (at)
        out->digest = alloc_text(at + 1);
    else
        out->tag = alloc_text(colon + 1);
    return 0;
}

bool reference_is_id(const char *text)
{
    size_t length = 0;

    if (text_starts_with(text, "sha256:"))
        text += 7;
    length = strlen(text);
    return length >= 4 && length <= 64 && strspn(text, HEX) == length;
}

char *reference_full_name(const char *name)
{
    if (host_length(name, strlen(name)) > 0)
        return alloc_text(name);
    return alloc_format("docker.io/%s%s", strchr(name, '/') ? "" : "library/", name);
}
