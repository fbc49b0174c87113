/* SPDX-License-Identifier: MIT */

/*
 * nftables scripts, given to the kernel through libnftables
 */

#include "net/rules_nft.h"

#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"

int rules_nft_run(const char *script, struct text *out, struct error *err)
{
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    int result;

    if (!nft)
        return error_set(err, ERROR_SYSTEM, "nftables cannot be used");
    if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
        abort();
    nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_NUMERIC_ALL);
    result = nft_run_cmd_from_buffer(nft, script);
    if (result == 0) {
        text_add(out, nft_ctx_get_output_buffer(nft));
    } else {
        const char *reason = nft_ctx_get_error_buffer(nft);
        enum error_code code = strstr(reason, "No such file") ? ERROR_NOT_FOUND : ERROR_SYSTEM;

        error_set(err, code, "nftables: %.*s", (int)strcspn(reason, "\n"), reason);
    }
    nft_ctx_free(nft);
    return result == 0 ? 0 : -1;
}
