/* SPDX-License-Identifier: MIT */

/*
 * Sources of ADD that lie elsewhere
 *
 * git is a program that need not be installed. It is given no way to ask, no settings of the
 * system, and no protocols but those that a source may name.
 */

#include "build/add_remote.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/external.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/http.h"
#include "util/http_retry.h"
#include "util/text.h"

#define FILE_SIZE_MAX (UINT64_C(16) << 30)
#define OUTPUT_MAX 4096U
#define COMMIT_LENGTH 40U

void add_remote_done(struct add_remote *remote)
{
    free(remote->url);
    free(remote->ref);
    free(remote->subfolder);
    free(remote->checksum);
    free(remote->name);
    free(remote->commit);
    *remote = (struct add_remote){ 0 };
}

static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* Over HTTP, what ends in ".git" is a repository. */
static bool is_git(const char *url)
{
    static const char *const schemes[] = { "git://", "git@", "ssh://" };
    size_t length = strcspn(url, "#?");

    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        if (text_starts_with(url, schemes[i]))
            return true;
    }
    return length > 4 && strncmp(url + length - 4, ".git", 4) == 0;
}

static bool is_file(const char *url)
{
    return text_starts_with(url, "http://") || text_starts_with(url, "https://");
}

/* "URL#REF:FOLDER" */
static void split_git(const char *word, struct add_remote *out)
{
    const char *fragment = strchr(word, '#');
    const char *colon = fragment ? strchr(fragment, ':') : NULL;

    out->kind = ADD_REMOTE_GIT;
    out->url = alloc_text_part(word, fragment ? (size_t)(fragment - word) : strlen(word));
    if (!fragment)
        return;
    fragment++;
    if (colon && colon[1])
        out->subfolder = alloc_text(colon + 1);
    if (*fragment && *fragment != ':')
        out->ref = alloc_text_part(fragment, colon ? (size_t)(colon - fragment) : strlen(fragment));
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The last part of the path, with %20 and the like as what they stand for. */
static char *name_of(const char *url)
{
    const char *path = strstr(url, "://") + 3;
    AUTO_TEXT struct text name = { 0 };

    path += strcspn(path, "/?#");
    text_add(&name, "");
    for (const char *p = path; *p && *p != '?' && *p != '#'; p++) {
        char c = *p;

        if (c == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
            c = (char)(hex_value(p[1]) * 16 + hex_value(p[2]));
            p += 2;
        }
        if (c == '/' || c == '\0')
            text_clear(&name);
        else
            text_add_char(&name, c);
    }
    if (strcmp(text_get(&name), ".") == 0 || strcmp(text_get(&name), "..") == 0)
        text_clear(&name);
    return text_steal(&name);
}

static int set_checksum(const char *checksum, struct add_remote *out, struct error *err)
{
    bool is_commit = out->kind == ADD_REMOTE_GIT;
    const char *digits = checksum;

    if (!is_commit && !text_starts_with(checksum, "sha256:"))
        return error_set(err, ERROR_INVALID, "checksum '%.40s': write sha256: and 64 digits",
                         checksum);
    if (!is_commit)
        digits += strlen("sha256:");
    out->checksum = alloc_text(digits);
    for (char *p = out->checksum; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (is_hex(out->checksum, is_commit ? COMMIT_LENGTH : HASH_SHA256_HEX_SIZE - 1))
        return 0;
    return error_set(err, ERROR_INVALID, "checksum '%.80s': write %s", checksum,
                     is_commit ? "the 40 digits of a commit" : "sha256: and 64 digits");
}

int add_remote_parse(const char *word, const char *checksum, bool keeps_git, struct add_remote *out,
                     struct error *err)
{
    *out = (struct add_remote){ .keeps_git = keeps_git };
    if (strstr(word, "://") || text_starts_with(word, "git@")) {
        if (is_git(word)) {
            split_git(word, out);
        } else if (is_file(word)) {
            out->kind = ADD_REMOTE_FILE;
            out->url = alloc_text(word);
            out->name = name_of(word);
        } else {
            return error_set(err, ERROR_INVALID,
                             "'%s' cannot be fetched, only http, https and git repositories: put "
                             "it into the build context",
                             word);
        }
    }
    if (checksum && out->kind == ADD_REMOTE_NONE)
        return error_set(err, ERROR_INVALID,
                         "--checksum is for a URL: '%s' lies in the build context", word);
    if (out->ref && *out->ref == '-')
        return error_set(err, ERROR_INVALID, "'%.80s' is no name of a branch, tag or commit",
                         out->ref);
    return checksum ? set_checksum(checksum, out, err) : 0;
}

bool add_remote_is_fixed(const struct add_remote *remote)
{
    return remote->checksum || remote->commit;
}

void add_remote_hash(const struct add_remote *remote, struct hash_sha256 *hash)
{
    const char *const texts[] = { remote->commit ? remote->commit : remote->checksum, remote->name,
                                  remote->subfolder };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        hash_sha256_update_text(hash, texts[i] ? texts[i] : "");
    hash_sha256_update(hash, &remote->keeps_git, sizeof(remote->keeps_git));
}

/* A new folder in the session; its path on the host. */
static char *make_folder(const struct stage *stage, struct error *err)
{
    const struct builder *builder = stage->builder;
    AUTO_FREE char *name = session_new_name(builder->session, "source");

    if (mkdirat(builder->session->fd, name, 0755) < 0) {
        error_set_errno(err, errno, "make folder '%s'", name);
        return NULL;
    }
    return store_session_path(builder->store, builder->session, name);
}

/* A file on its way. */
struct download {
    struct http *http;
    const char *url;
    int fd;
    struct hash_sha256 hash;
};

static int take_bytes(void *context, const void *data, size_t length, struct error *err)
{
    struct download *download = context;

    hash_sha256_update(&download->hash, data, length);
    return file_write_all(download->fd, data, length, err);
}

static int try_download(void *context, struct http_answer *answer, struct error *err)
{
    struct download *download = context;
    const struct http_request request = {
        .method = "GET",
        .url = download->url,
        .sink = take_bytes,
        .sink_context = download,
        .limit_bytes = FILE_SIZE_MAX,
    };

    if (ftruncate(download->fd, 0) < 0 || lseek(download->fd, 0, SEEK_SET) < 0)
        return error_set_errno(err, errno, "empty a file");
    hash_sha256_init(&download->hash);
    http_answer_done(answer);
    if (http_perform(download->http, &request, answer, err) < 0)
        return -1;
    return answer->status == 200 ? 0 : http_refuse(&request, answer, err);
}

static int download_file(const struct add_remote *remote, int fd, struct error *err)
{
    const struct http_settings settings = { 0 };
    AUTO(http) struct http *http = http_new(&settings, err);
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    struct download download = { .http = http, .url = remote->url, .fd = fd };
    char hex[HASH_SHA256_HEX_SIZE];

    if (!http || http_retry(try_download, &download, &answer, err) < 0)
        return -1;
    hash_sha256_hex(&download.hash, hex);
    if (remote->checksum && strcmp(hex, remote->checksum) != 0)
        return error_set(err, ERROR_INVALID,
                         "'%s' has the checksum sha256:%s, and sha256:%s was expected", remote->url,
                         hex, remote->checksum);
    return 0;
}

static int fetch_file(const struct add_remote *remote, const char *folder, char **path_out,
                      struct error *err)
{
    AUTO_FREE char *name = alloc_text(*remote->name ? remote->name : "file");
    AUTO_FREE char *path = alloc_format("%s/%s", folder, name);
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set_errno(err, errno, "make file '%s'", name);
    if (download_file(remote, fd, err) < 0)
        return -1;
    *path_out = STEAL_PTR(name);
    return 0;
}

static void take_line(void *context, const char *line)
{
    struct text *output = context;

    if (output->length < OUTPUT_MAX)
        text_add_format(output, "%s\n", line);
}

/* Run git in the folder; `output` (or NULL) gets what it prints. */
static int git(const char *folder, const char *const *words, struct text *output, struct error *err)
{
    static const char *const settings[] = {
        "GIT_TERMINAL_PROMPT=0",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_ALLOW_PROTOCOL=http:https:git:ssh",
        "LC_ALL=C",
    };
    AUTO_EXTERNAL struct external program = {
        .package = "git",
        .output = output ? take_line : NULL,
        .context = output,
    };

    strings_add(&program.args, "git");
    strings_add(&program.args, "-C");
    strings_add(&program.args, folder);
    for (; *words; words++)
        strings_add(&program.args, *words);
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        strings_add(&program.env, settings[i]);
    return external_run(&program, err);
}

#define GIT(folder, output, err, ...) \
    git((folder), (const char *const[]){ __VA_ARGS__, NULL }, (output), (err))

/*
 * One commit alone, where the server can give it; else the branch or tag with its history; else,
 * for a commit that no name leads to, all of it.
 */
static int fetch_commit(const struct add_remote *remote, const char *folder, struct error *err)
{
    const char *ref = remote->ref ? remote->ref : "HEAD";
    struct error first = { 0 };
    struct error second = { 0 };

    if (GIT(folder, NULL, err, "init", "-q", ".") < 0 ||
        GIT(folder, NULL, err, "remote", "add", "--", "origin", remote->url) < 0)
        return -1;
    if (GIT(folder, NULL, &first, "fetch", "-q", "--depth", "1", "--", "origin", ref) == 0 ||
        GIT(folder, NULL, &second, "fetch", "-q", "--", "origin", ref) == 0)
        return GIT(folder, NULL, err, "checkout", "-q", "--detach", "FETCH_HEAD");
    if (!is_hex(ref, COMMIT_LENGTH)) {
        *err = second;
        return -1;
    }
    if (GIT(folder, NULL, err, "fetch", "-q", "--tags", "--", "origin",
            "+refs/heads/*:refs/remotes/origin/*") < 0)
        return -1;
    return GIT(folder, NULL, err, "checkout", "-q", "--detach", ref);
}

/* Which commit it is, and whether it is the right one. */
static int read_commit(struct add_remote *remote, const char *folder, struct error *err)
{
    AUTO_TEXT struct text output = { 0 };

    if (GIT(folder, &output, err, "rev-parse", "HEAD") < 0)
        return -1;
    free(remote->commit);
    remote->commit = alloc_text_part(text_get(&output), strcspn(text_get(&output), "\n"));
    if (!remote->checksum || strcmp(remote->commit, remote->checksum) == 0)
        return 0;
    return error_set(err, ERROR_INVALID, "'%s' is at commit %.40s, and %s was expected",
                     remote->url, remote->commit, remote->checksum);
}

static int fetch_git(struct add_remote *remote, const char *folder, char **path_out,
                     struct error *err)
{
    if (fetch_commit(remote, folder, err) < 0 || read_commit(remote, folder, err) < 0 ||
        GIT(folder, NULL, err, "submodule", "update", "-q", "--init", "--recursive", "--depth",
            "1") < 0)
        return -1;
    *path_out = alloc_text(remote->subfolder ? remote->subfolder : "");
    return 0;
}

int add_remote_fetch(const struct stage *stage, struct add_remote *remote,
                     struct source *source_out, char **path_out, struct error *err)
{
    AUTO_FREE char *folder = make_folder(stage, err);
    AUTO_FREE char *path = NULL;

    if (!folder)
        return -1;
    if (remote->kind == ADD_REMOTE_GIT ? fetch_git(remote, folder, &path, err) < 0
                                       : fetch_file(remote, folder, &path, err) < 0)
        return -1;
    if (source_open_folder(folder, source_out, err) < 0)
        return -1;
    *path_out = STEAL_PTR(path);
    return 0;
}
