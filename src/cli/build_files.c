/* SPDX-License-Identifier: MIT */

/*
 * /etc/hosts and /etc/resolv.conf of a RUN step
 */

#include "cli/build_files.h"

#include <fcntl.h>
#include <stdlib.h>

#include "cli/name_servers.h"
#include "net/addrpool.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define BYTES_MAX (64U << 10)
#define NAME_SERVERS "/etc/resolv.conf"
/* Where systemd-resolved writes the servers behind its own at 127.0.0.53. */
#define NAME_SERVERS_BEHIND "/run/systemd/resolve/resolv.conf"

void build_files_init(struct build_files *files, const char *folder)
{
    *files = (struct build_files){
        .hosts = alloc_format("%s/hosts", folder),
        .resolver = alloc_format("%s/resolv.conf", folder),
    };
    files->mounts[0] = (struct container_mount){ .source = files->hosts, .target = "/etc/hosts" };
    files->mounts[1] =
        (struct container_mount){ .source = files->resolver, .target = "/etc/resolv.conf" };
}

void build_files_done(struct build_files *files)
{
    free(files->hosts);
    free(files->resolver);
    *files = (struct build_files){ 0 };
}

/* A file of the host that may be missing. */
static int read_host(const char *path, struct text *out, struct error *err)
{
    if (file_read(AT_FDCWD, path, BYTES_MAX, out, err) == 0)
        return 0;
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

static int find_servers(struct text *out, bool *lacks_names, struct error *err)
{
    AUTO_TEXT struct text host = { 0 };

    if (read_host(NAME_SERVERS, &host, err) < 0)
        return -1;
    if (name_servers_filter(text_get(&host), out) != NAME_SERVERS_LOCAL)
        return 0;
    text_clear(&host);
    text_clear(out);
    if (read_host(NAME_SERVERS_BEHIND, &host, err) < 0)
        return -1;
    *lacks_names = name_servers_filter(text_get(&host), out) != NAME_SERVERS_REACHED;
    return 0;
}

static int write_file(const char *path, const struct text *text, struct error *err)
{
    return file_replace(AT_FDCWD, path, text_get(text), text->length, FILE_VOLATILE(0644), err);
}

int build_files_write(struct build_files *files, uint32_t address, struct error *err)
{
    AUTO_TEXT struct text hosts = { 0 };
    AUTO_TEXT struct text resolver = { 0 };

    if (address == 0) {
        if (read_host("/etc/hosts", &hosts, err) < 0 || read_host(NAME_SERVERS, &resolver, err) < 0)
            return -1;
    } else {
        char own[16];

        addrpool_format_address(address, own);
        text_add_format(&hosts, "127.0.0.1\tlocalhost\n%s\tbuild\n", own);
        if (find_servers(&resolver, &files->lacks_names, err) < 0)
            return -1;
    }
    if (write_file(files->hosts, &hosts, err) < 0)
        return -1;
    return write_file(files->resolver, &resolver, err);
}
