/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are the header WWW-Authenticate: a challenge is found whose words hold no control
 * character, or the header is refused with a reason.
 */

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/registry_challenge.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *word)
{
    for (const char *p = word; p && *p; p++) {
        if (iscntrl((unsigned char)*p) && *p != '\t')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *header = alloc_text_part((const char *)data, size);
    AUTO_REGISTRY_CHALLENGE struct registry_challenge challenge = { 0 };
    struct error err = { 0 };

    if (registry_challenge_parse(header, &challenge, &err) < 0) {
        if (err.code == ERROR_NONE || challenge.realm || challenge.service || challenge.scope)
            abort();
        return 0;
    }
    if (challenge.kind == REGISTRY_CHALLENGE_NONE ||
        (challenge.kind == REGISTRY_CHALLENGE_BEARER && !challenge.realm))
        abort();
    check(challenge.realm);
    check(challenge.service);
    check(challenge.scope);
    return 0;
}
