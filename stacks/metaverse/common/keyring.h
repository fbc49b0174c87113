/* SPDX-License-Identifier: MIT */

/*
 * The key pair of the session tokens
 *
 * The secret key lies on login's own volume, the public key on a volume that all servers
 * share and the others mount read-only. Whichever replica of login comes first makes the
 * pair: a whole file is written under a name of its own and linked to the final one, which
 * only one replica can do.
 */

#pragma once

#include "common/token.h"
#include "util/macro.h"

struct error;

/*
 * Read the secret key from `folder`, after making it if there is none, and publish the
 * public key that belongs to it in `public_folder`.
 */
int keyring_open_secret(const char *folder, const char *public_folder,
                        unsigned char secret_out[TOKEN_SECRET_SIZE], struct error *err) MUST_CHECK;

/* ERROR_NOT_FOUND: login has not published it yet. */
int keyring_load_public(const char *public_folder, unsigned char public_out[TOKEN_PUBLIC_SIZE],
                        struct error *err) MUST_CHECK;
