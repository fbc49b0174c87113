/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are an archive, compressed or not: it is unpacked or refused, and what was unpacked is
 * packed again. Meanwhile nothing may change beside the folder it goes to.
 *
 * As root, the work is done by a thread with a root of its own: an empty file system with the
 * folder, a decoy and /proc in it. A path that leads out of the folder ends there and is seen.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/pack.h"
#include "image/stream_reader.h"
#include "image/stream_writer.h"
#include "image/unpack.h"
#include "util/error.h"
#include "util/file.h"
#include "util/strings.h"

#define BLOCK 512U
#define BED "/mnt" /* covered by our own file system, in our own mount namespace */

struct input {
    const uint8_t *data;
    size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);

static void must(int status, const char *what)
{
    if (status < 0) {
        perror(what);
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct error err = { 0 };

    (void)argc;
    (void)argv;
    if (geteuid() != 0) {
        fprintf(stderr, "fuzz_archive needs root\n");
        exit(1);
    }
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    must(mount("tmpfs", BED, "tmpfs", 0, "size=64m"), "mount");
    must(mkdir(BED "/proc", 0755), "mkdir");
    must(mount("/proc", BED "/proc", NULL, MS_BIND, NULL), "bind /proc");
    must(file_replace(AT_FDCWD, BED "/decoy", "kept", 4, FILE_VOLATILE(0600), &err), err.text);
    return 0;
}

static void pack(int tree)
{
    int fd = memfd_create("layer", MFD_CLOEXEC);
    char hex[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    struct stream_writer *writer = stream_writer_new(fd, STREAM_WRITER_PLAIN, &err);

    if (!writer || pack_tree(tree, 0, writer, hex, &err) < 0)
        error_clear(&err);
    stream_writer_free(writer);
    close(fd);
}

static void unpack(const struct input *input, int tree)
{
    const struct unpack_options options = {
        .is_layer = true,
        .entries_max = 2000,
        .bytes_max = 1 << 24,
    };
    int fd = memfd_create("archive", MFD_CLOEXEC);
    char hex[HASH_SHA256_HEX_SIZE];
    struct error err = { 0 };
    struct stream_reader *reader = NULL;

    must(file_write_all(fd, input->data, input->size, &err), err.text);
    must((int)lseek(fd, 0, SEEK_SET), "seek");
    reader = stream_reader_new(fd, 1 << 24, &err);
    if (reader && unpack_archive(reader, tree, &options, hex, &err) == 0)
        pack(tree);
    stream_reader_free(reader);
    close(fd);
}

static void check_decoy(int bed)
{
    AUTO_STRINGS struct strings names = { 0 };
    AUTO_TEXT struct text content = { 0 };
    struct error err = { 0 };
    struct stat status;

    must(file_list(bed, &names, &err), err.text);
    must(file_read(bed, "decoy", 16, &content, &err), err.text);
    must(fstatat(bed, "decoy", &status, AT_SYMLINK_NOFOLLOW), "the decoy");
    if (names.count != 3 || strcmp(text_get(&content), "kept") != 0 || status.st_nlink != 1 ||
        (status.st_mode & 07777) != 0600 || status.st_uid != 0)
        abort();
}

static void *run(void *context)
{
    struct error err = { 0 };
    int bed = -1;
    int tree = -1;

    must(unshare(CLONE_FS), "unshare");
    must(chroot(BED), "chroot");
    bed = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(mkdir("/tree", 0755), "mkdir");
    tree = open("/tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unpack(context, tree);
    check_decoy(bed);
    close(tree);
    must(file_remove_tree(bed, "tree", &err), err.text);
    close(bed);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    pthread_t thread;

    must(-pthread_create(&thread, NULL, run, &input), "make a thread");
    must(-pthread_join(thread, NULL), "wait for a thread");
    return 0;
}

/* A header with a wrong sum is the end of an archive, so mutations would not come far. */
static void mend_sum(uint8_t *block)
{
    unsigned sum = 0;
    char digits[8];

    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += block[i];
    snprintf(digits, sizeof(digits), "%06o", sum & 0777777);
    memcpy(block + 148, digits, 7);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    static const uint8_t zeros[BLOCK];
    size_t result = LLVMFuzzerMutate(data, size, size_max);

    if (seed % 8 == 0)
        return result;
    for (size_t at = 0; at + BLOCK <= result;) {
        char digits[13] = { 0 };

        if (memcmp(data + at, zeros, BLOCK) != 0) {
            mend_sum(data + at);
            memcpy(digits, data + at + 124, 12);
        }
        at += BLOCK + (strtoul(digits, NULL, 8) % (1U << 20) + BLOCK - 1) / BLOCK * BLOCK;
    }
    return result;
}
