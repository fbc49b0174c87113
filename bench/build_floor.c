/* SPDX-License-Identifier: MIT */

/*
 * The floor of a build: reading the context once
 *
 * What no builder can leave out: a cold build packs the files as a tar stream, digests it and
 * compresses it (zstd -1) into a file; a build with nothing to do looks at each file's status.
 * Nothing is synced and no tree is written, so a builder that keeps its promises does more.
 *
 *     build_floor make files|big FOLDER   the context: 1,000 files of 4 KiB, or one of 200 MiB
 *     build_floor pack FOLDER OUTPUT
 *     build_floor stat FOLDER
 *     build_floor time COMMAND...         run it, print milliseconds
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "util/hash.h"

#define CHUNK 131072U
#define FILE_COUNT 1000U
#define FILE_SIZE 4096U
#define BIG_SIZE (200U << 20)

static char chunk[CHUNK];
static char packed[CHUNK * 2];

/* Any failure ends the measurement. */
static int must(int result, const char *what)
{
    if (result >= 0)
        return result;
    perror(what);
    exit(1);
}

static void write_whole(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, data, length);

        must((int)done, "write");
        data += done;
        length -= (size_t)done;
    }
}

/* Half of each 4 KiB does not compress at all, the other half does very well. */
static void fill(uint64_t *state, size_t length)
{
    memset(chunk, 'x', length);
    for (size_t i = 0; i < length; i += FILE_SIZE) {
        for (size_t k = 0; k < FILE_SIZE / 2; k += sizeof(*state)) {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            memcpy(chunk + i + k, state, sizeof(*state));
        }
    }
}

static void make_file(const char *path, size_t size, uint64_t *state)
{
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);

    for (size_t done = 0; done < size;) {
        size_t length = size - done < CHUNK ? size - done : CHUNK;

        fill(state, length);
        write_whole(fd, chunk, length);
        done += length;
    }
    close(fd);
}

static int make(const char *kind, const char *folder)
{
    uint64_t state = 88172645463325252U;
    char path[4096];

    must(chdir(folder), folder);
    if (strcmp(kind, "big") == 0)
        make_file("big", BIG_SIZE, &state);
    for (unsigned i = 0; strcmp(kind, "files") == 0 && i < FILE_COUNT; i++) {
        snprintf(path, sizeof(path), "folder%02u", i % 20);
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            must(-1, path);
        snprintf(path, sizeof(path), "folder%02u/file%03u", i % 20, i);
        make_file(path, FILE_SIZE, &state);
    }
    return 0;
}

struct floor {
    bool packs;
    struct hash_sha256 hash;
    ZSTD_CCtx *zstd;
    int out;
};

static void add(struct floor *floor, const char *data, size_t length, bool last)
{
    ZSTD_inBuffer in = { data, length, 0 };
    size_t left = 1;

    hash_sha256_update(&floor->hash, data, length);
    while (last ? left != 0 : in.pos < in.size) {
        ZSTD_outBuffer out = { packed, sizeof(packed), 0 };

        left = ZSTD_compressStream2(floor->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        write_whole(floor->out, packed, out.pos);
    }
}

static void pack_file(struct floor *floor, int folder, const char *name, const struct stat *status)
{
    int fd = must(openat(folder, name, O_RDONLY | O_CLOEXEC), name);
    char header[512] = { 0 };
    ssize_t got = 0;

    snprintf(header, 100, "%.99s", name);
    snprintf(header + 124, 12, "%011llo", (unsigned long long)status->st_size);
    add(floor, header, sizeof(header), false);
    while ((got = read(fd, chunk, sizeof(chunk))) > 0)
        add(floor, chunk, (size_t)got, false);
    must((int)got, "read");
    close(fd);
}

static void walk(struct floor *floor, int fd)
{
    DIR *stream = fdopendir(fd);
    const struct dirent *entry = NULL;
    struct stat status;

    must(stream ? 0 : -1, "fdopendir");
    while ((entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        must(fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW), entry->d_name);
        if (S_ISDIR(status.st_mode))
            walk(floor, must(openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                             entry->d_name));
        else if (floor->packs && S_ISREG(status.st_mode))
            pack_file(floor, fd, entry->d_name, &status);
    }
    closedir(stream);
}

static int pack(const char *folder, const char *output)
{
    struct floor floor = { .packs = true, .zstd = ZSTD_createCCtx() };

    ZSTD_CCtx_setParameter(floor.zstd, ZSTD_c_compressionLevel, 1);
    hash_sha256_init(&floor.hash);
    floor.out = must(open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), output);
    walk(&floor, must(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder));
    add(&floor, NULL, 0, true);
    close(floor.out);
    ZSTD_freeCCtx(floor.zstd);
    return 0;
}

static int measure(char **command)
{
    struct timespec from, to;
    int status = 0;
    pid_t pid = 0;

    clock_gettime(CLOCK_MONOTONIC, &from);
    if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) != 0)
        must(-1, command[0]);
    must(waitpid(pid, &status, 0), "waitpid");
    clock_gettime(CLOCK_MONOTONIC, &to);
    fprintf(stderr, "%.2f\n",
            (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct floor floor = { 0 };

    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "pack") == 0)
        return pack(argv[2], argv[3]);
    if (argc > 2 && strcmp(argv[1], "time") == 0)
        return measure(argv + 2);
    if (argc != 3 || strcmp(argv[1], "stat") != 0)
        return 2;
    walk(&floor, must(open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC), argv[2]));
    return 0;
}
