/* SPDX-License-Identifier: MIT */

/*
 * Sources of ADD that lie elsewhere: files behind a URL, and git repositories
 *
 * Both are fetched into a folder of the session, in the network of the build itself, and are a
 * source like any other then.
 */

#pragma once

#include "build/source.h"
#include "build/stage.h"

struct add_remote {
    enum { ADD_REMOTE_NONE, ADD_REMOTE_FILE, ADD_REMOTE_GIT } kind;
    char *url;
    char *ref, *subfolder; /* of git; NULL: the default branch, all of it */
    char *checksum;        /* lower-case digits: SHA-256 of a file, or a commit; or NULL */
    char *commit;          /* that it is, once it is known; or NULL */
    char *name;            /* of a file, from the URL; "": it has none */
    bool keeps_git;        /* the folder .git is copied, too */
};

void add_remote_done(struct add_remote *remote);

/* Understand a source; what is no URL has the kind NONE. ERROR_INVALID: the checksum is none. */
int add_remote_parse(const char *word, const char *checksum, bool keeps_git, struct add_remote *out,
                     struct error *err) MUST_CHECK;

/* Does it say by itself what its content is, so that a step need not fetch it to know its key? */
bool add_remote_is_fixed(const struct add_remote *remote);
/* What the content is known by: the checksum, or the commit. */
void add_remote_hash(const struct add_remote *remote, struct hash_sha256 *hash);

/*
 * Fetch it. Nothing is in *source_out before its checksum is right; *path_out is what to copy
 * from there, which the caller frees.
 */
int add_remote_fetch(const struct stage *stage, struct add_remote *remote,
                     struct source *source_out, char **path_out, struct error *err) MUST_CHECK;
