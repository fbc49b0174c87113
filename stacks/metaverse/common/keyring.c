/* SPDX-License-Identifier: MIT */

/*
 * The key pair of the session tokens
 *
 * Both files hold the bare bytes of libsodium's keys.
 */

#include "common/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/error.h"

#define SECRET_NAME "token.secret"
#define PUBLIC_NAME "token.public"

static int open_folder(const char *folder, struct error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "open folder '%s'", folder);
    return fd;
}

static int read_key(int folder, const char *name, unsigned char *key, size_t size,
                    struct error *err)
{
    AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "there is no %s yet", name);
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", name);
    if (read(fd, key, size) != (ssize_t)size)
        return error_set(err, ERROR_INVALID, "%s is not a whole key", name);
    return 0;
}

/* Write a whole file under a name nobody else uses; the caller gives it its final name. */
static int write_key(int folder, const char *name, const unsigned char *key, size_t size,
                     mode_t mode, struct error *err)
{
    AUTO_CLOSE int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return error_set_errno(err, errno, "create %s", name);
    if (write(fd, key, size) != (ssize_t)size || fchmod(fd, mode) < 0 || fsync(fd) < 0) {
        error_set_errno(err, errno, "write %s", name);
        unlinkat(folder, name, 0);
        return -1;
    }
    return 0;
}

static void temporary_name(char name[64])
{
    snprintf(name, 64, ".new-%08x%08x", randombytes_random(), randombytes_random());
}

/* Losing the race is no failure: the winner's key is read afterwards. */
static int make_secret(int folder, struct error *err)
{
    unsigned char public_key[TOKEN_PUBLIC_SIZE];
    unsigned char secret[TOKEN_SECRET_SIZE];
    char name[64];
    int result = 0;

    temporary_name(name);
    crypto_sign_keypair(public_key, secret);
    result = write_key(folder, name, secret, sizeof(secret), 0600, err);
    sodium_memzero(secret, sizeof(secret));
    if (result < 0)
        return -1;
    if (linkat(folder, name, folder, SECRET_NAME, 0) < 0 && errno != EEXIST)
        result = error_set_errno(err, errno, "link %s", SECRET_NAME);
    unlinkat(folder, name, 0);
    if (result == 0 && fsync(folder) < 0)
        result = error_set_errno(err, errno, "sync the folder of %s", SECRET_NAME);
    return result;
}

/* Every replica publishes the same bytes, so the last rename is as good as the first. */
static int publish(const char *public_folder, const unsigned char public_key[TOKEN_PUBLIC_SIZE],
                   struct error *err)
{
    AUTO_CLOSE int folder = open_folder(public_folder, err);
    unsigned char published[TOKEN_PUBLIC_SIZE];
    struct error absent = { 0 };
    char name[64];

    if (folder < 0)
        return -1;
    if (read_key(folder, PUBLIC_NAME, published, sizeof(published), &absent) == 0 &&
        sodium_memcmp(published, public_key, sizeof(published)) == 0)
        return 0;
    temporary_name(name);
    if (write_key(folder, name, public_key, TOKEN_PUBLIC_SIZE, 0644, err) < 0)
        return -1;
    if (renameat(folder, name, folder, PUBLIC_NAME) < 0 || fsync(folder) < 0) {
        error_set_errno(err, errno, "publish %s", PUBLIC_NAME);
        unlinkat(folder, name, 0);
        return -1;
    }
    return 0;
}

int keyring_open_secret(const char *folder, const char *public_folder,
                        unsigned char secret_out[TOKEN_SECRET_SIZE], struct error *err)
{
    AUTO_CLOSE int fd = open_folder(folder, err);
    unsigned char public_key[TOKEN_PUBLIC_SIZE];

    if (fd < 0)
        return -1;
    if (faccessat(fd, SECRET_NAME, F_OK, 0) < 0 && make_secret(fd, err) < 0)
        return -1;
    if (read_key(fd, SECRET_NAME, secret_out, TOKEN_SECRET_SIZE, err) < 0)
        return -1;
    crypto_sign_ed25519_sk_to_pk(public_key, secret_out);
    return publish(public_folder, public_key, err);
}

int keyring_load_public(const char *public_folder, unsigned char public_out[TOKEN_PUBLIC_SIZE],
                        struct error *err)
{
    AUTO_CLOSE int fd = open_folder(public_folder, err);

    if (fd < 0)
        return -1;
    return read_key(fd, PUBLIC_NAME, public_out, TOKEN_PUBLIC_SIZE, err);
}
